//! Where a command finds the documents of the alliance and hands over what it made: the daemon of the home if one
//! runs, else the store in the folder.

use lyceum_protocol::bundle::Card;
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::hash::{CharterId, NetworkId, OrgId};
use lyceum_protocol::replica::effect::{Batch, Change};
use lyceum_protocol::state::State;

use super::wire::WireBatch;
use crate::client::Client;
use crate::failure::Failure;
use crate::home::{Alliance, Home, HomeLock};
use crate::recover;
use crate::store::{LogStore as _, Store, StoreOptions};

/// Where the documents are.
pub struct Desk {
    state: State,
    place: Place,
}

enum Place {
    Daemon { client: Client, addresses: Vec<String> },
    Folder { store: Store, _lock: HomeLock },
}

impl Desk {
    /// Opens the desk of a home that belongs to an alliance.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn open(home: &Home, org: OrgId) -> Result<Self, Failure> {
        if let Some(client) = Client::find(home).await? {
            return Self::through(client, Some(org)).await;
        }
        let alliance = alliance_of(home)?;
        Self::in_folder(home, &alliance, org)
    }

    /// What a home knows of its alliance, for whoever only looks: nothing is made where nothing is.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn look(home: &Home, alliance: &Alliance) -> Result<State, Failure> {
        if let Some(client) = Client::find(home).await? {
            return Ok(Self::through(client, None).await?.state);
        }
        if !home.store_folder().is_dir() {
            return Ok(State::new(alliance.network, alliance.checkpoint, None));
        }
        Ok(Self::opened(home, alliance, None)?.state)
    }

    async fn through(client: Client, org: Option<OrgId>) -> Result<Self, Failure> {
        let unreadable = |reason: String| Failure::new("the daemon's documents cannot be read").cause(reason);
        let page = client.documents().await?;
        let network: NetworkId = page.alliance.parse().map_err(|_| unreadable("no alliance".into()))?;
        let checkpoint: CharterId = page.checkpoint.parse().map_err(|_| unreadable("no checkpoint".into()))?;
        let batch = page.documents.read(network).map_err(|fault| unreadable(fault.to_string()))?;
        let mut state = State::new(network, checkpoint, org);
        state.add_documents(batch);
        let addresses = client.status().await?.addresses;
        Ok(Self { state, place: Place::Daemon { client, addresses } })
    }

    /// Opens the store of an alliance in the folder, which nobody else may use meanwhile.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn in_folder(home: &Home, alliance: &Alliance, org: OrgId) -> Result<Self, Failure> {
        Self::opened(home, alliance, Some(org))
    }

    fn opened(home: &Home, alliance: &Alliance, org: Option<OrgId>) -> Result<Self, Failure> {
        let lock = lock(home)?;
        let unreadable = |fault: &(dyn std::error::Error + 'static)| {
            Failure::new("the store of this home cannot be opened").because(fault)
        };
        let opened = Store::open(&home.store_folder(), &StoreOptions::new(alliance.network))
            .map_err(|fault| unreadable(&fault))?;
        let (state, _) = recover::state_of(&opened.store, alliance.network, alliance.checkpoint, org)
            .map_err(|fault| unreadable(&fault))?;
        Ok(Self { state, place: Place::Folder { store: opened.store, _lock: lock } })
    }

    /// The documents and what they say.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Where this node is reached, as the daemon knows it; none without one.
    pub fn known_addresses(&self) -> &[String] {
        match &self.place {
            Place::Daemon { addresses, .. } => addresses,
            Place::Folder { .. } => &[],
        }
    }

    /// Hands over what was made; it is durable when this returns.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn submit(&mut self, batch: DocumentBatch) -> Result<(), Failure> {
        if let Place::Daemon { client, .. } = &self.place {
            client.govern(&WireBatch::of(&batch)).await?;
            self.state.add_documents(batch);
            return Ok(());
        }
        let change = self.state.add_documents(batch);
        let Place::Folder { store, .. } = &self.place else { return Ok(()) };
        let mut changes: Vec<Change> = change.objects.into_iter().map(Change::Document).collect();
        changes.extend(change.signatures.into_iter().map(Change::Signature));
        changes.extend(change.dropped.objects.into_iter().map(Change::ForgetDocument));
        let forget = |(target, id)| Change::ForgetSignature { target, id };
        changes.extend(change.dropped.signatures.into_iter().map(forget));
        changes.extend(change.checkpoint.map(Change::Checkpoint));
        store.commit(Batch { changes }).map_err(|fault| {
            Failure::new("nothing was changed: the store refused")
                .because(&fault)
                .next("see that the disk is well and not full")
        })
    }
}

fn lock(home: &Home) -> Result<HomeLock, Failure> {
    HomeLock::take(home).map_err(|fault| {
        Failure::new("this home is in use").because(&fault).next("wait until the other command is done, then try again")
    })
}

/// The alliance of a home.
///
/// # Errors
/// [`Failure`] if it belongs to none.
pub fn alliance_of(home: &Home) -> Result<Alliance, Failure> {
    let alliance =
        Alliance::read(home).map_err(|fault| Failure::new("cannot tell the alliance of this home").because(&fault))?;
    alliance.ok_or_else(|| {
        Failure::refused("this home belongs to no alliance yet").next(
            "found one (lyceum found --name NAME), or join one with the line you were given (lyceum join INVITATION)",
        )
    })
}

/// The organisation of a home: its own certificate chain.
///
/// # Errors
/// [`Failure`] if the home is not made.
pub fn own_card(home: &Home) -> Result<Card, Failure> {
    let path = home.card_file();
    let bytes = std::fs::read(&path).map_err(|fault| {
        if fault.kind() == std::io::ErrorKind::NotFound {
            return Failure::new(format!("there is no node in {}", home.folder().display()))
                .next("make one: lyceum init --org NAME (or name the right folder with --home)");
        }
        Failure::new(format!("cannot read {}", path.display())).because(&fault)
    })?;
    Card::read(&bytes).map_err(|fault| Failure::new(format!("{} is damaged", path.display())).because(&fault))
}
