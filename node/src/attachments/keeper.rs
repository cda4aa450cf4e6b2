//! Keeps house: files that no entry names any more go, and where the settings say so, what others name is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lyceum_protocol::hash::{FileHash, OrgId};
use tokio_util::sync::CancellationToken;

use super::access::{Access, AccessFault, Fate};
use super::table::{Reason, Want};
use super::{Attachments, Whereabouts};
use crate::config::FetchPolicy;
use crate::index::faceted::Faceted;

/// Between two looks at whether something changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Between two rounds although nothing did: entries change their standing.
const ROUND_EVERY: Duration = Duration::from_secs(120);
/// How long a file is kept that was put here and that no entry names, in milliseconds.
const UNNAMED_FOR: u64 = 24 * 60 * 60 * 1_000;
/// Files that one round begins to want.
const WANTED_AT_ONCE: usize = 200;
/// Files that the settings want at once: what people ask for has room beside them.
const WANTED_MAX: usize = 2_000;

/// Keeps house until told to stop.
pub(super) async fn run(attachments: Attachments, access: Access, stop: CancellationToken) {
    let keeper = Keeper { attachments, access };
    let (mut seen, mut rounds): (Option<usize>, Option<Instant>) = (None, None);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        keeper.save().await;
        // A snapshot that is another one has another address while this one is held.
        let now = keeper.access.index().snapshot();
        let address = now.as_ref().map(|snapshot| std::sync::Arc::as_ptr(snapshot).addr());
        let due = rounds.is_none_or(|at| at.elapsed() >= ROUND_EVERY);
        if now.is_none() || (address == seen && !due) {
            continue;
        }
        match keeper.round().await {
            Ok(()) => (seen, rounds) = (address, Some(Instant::now())),
            Err(fault) => tracing::debug!(%fault, "attachments are not looked through"),
        }
    }
    keeper.save().await;
}

struct Keeper {
    attachments: Attachments,
    access: Access,
}

/// What one look through the index found.
#[derive(Default)]
struct Found {
    /// Files that are here or wanted and that the index knows.
    named: BTreeSet<FileHash>,
    /// Their bytes, by the organisation of an entry that names them.
    by_org: BTreeMap<OrgId, u64>,
    /// Files that are neither.
    absent: Vec<(FileHash, Faceted)>,
}

impl Keeper {
    async fn save(&self) {
        let attachments = self.attachments.clone();
        let saved = tokio::task::spawn_blocking(move || attachments.save()).await;
        if let Ok(Err(fault)) = saved {
            tracing::warn!(%fault, "the lists of attachments are not saved");
        }
    }

    async fn round(&self) -> Result<(), AccessFault> {
        // An index that is being made knows little: nothing goes because of that.
        let complete = self.access.index().status().behind_entries == 0;
        let found = self.look().await?;
        if complete {
            self.sweep(&found.named).await?;
        }
        if self.attachments.settings().fetch == FetchPolicy::All {
            self.want(found).await?;
        }
        if complete {
            for hash in self.attachments.strays() {
                self.remove(hash).await;
            }
        }
        Ok(())
    }

    async fn look(&self) -> Result<Found, AccessFault> {
        let all = self.attachments.settings().fetch == FetchPolicy::All;
        let wanted = self.attachments.all_wanted().len();
        let most = WANTED_MAX.saturating_sub(wanted).min(WANTED_AT_ONCE);
        let (mut found, mut after) = (Found::default(), None);
        loop {
            let page = self.access.page(after, None).await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = Some(*last);
            let mut names = Vec::new();
            for (hash, naming) in &page {
                let Some(first) = naming.first() else { continue };
                let size = match self.attachments.whereabouts(*hash) {
                    Whereabouts::Here(held) => held.size,
                    Whereabouts::Wanted(want, _) => want.size,
                    Whereabouts::Absent => {
                        if all && found.absent.len() < most && !self.attachments.is_passed(*hash) {
                            found.absent.push((*hash, *first));
                        }
                        continue;
                    }
                };
                found.named.insert(*hash);
                let sum = found.by_org.entry(first.org).or_default();
                *sum = sum.saturating_add(size);
                names.extend(naming.iter().map(|one| (*hash, one.id)));
            }
            self.attachments.remember(&names);
        }
    }

    async fn sweep(&self, named: &BTreeSet<FileHash>) -> Result<(), AccessFault> {
        let held: BTreeMap<FileHash, u64> =
            self.attachments.all_held().into_iter().map(|(hash, held)| (hash, held.placed)).collect();
        let wanted = self.attachments.all_wanted().into_iter().map(|(hash, _)| hash);
        let unnamed = held.keys().copied().chain(wanted).filter(|hash| !named.contains(hash));
        let asked = unnamed.map(|hash| (hash, self.attachments.remembered(hash))).collect();
        let now = crate::clock::wall();
        for (hash, fate) in self.access.fates(asked).await? {
            let young = held.get(&hash).is_some_and(|placed| now.saturating_sub(*placed) < UNNAMED_FOR);
            let goes = match fate {
                Fate::Named => false,
                Fate::Gone => true,
                Fate::NeverNamed => !young,
            };
            if goes {
                tracing::info!(%hash, "an attached file goes: no entry names it any more");
                self.remove(hash).await;
            }
        }
        Ok(())
    }

    async fn remove(&self, hash: FileHash) {
        let attachments = self.attachments.clone();
        let removed = tokio::task::spawn_blocking(move || attachments.remove(hash)).await;
        if let Ok(Err(fault)) = removed {
            tracing::warn!(%hash, %fault, "an attached file cannot be removed");
        }
    }

    /// Wants what others name, as far as their quota and this node's settings have room.
    async fn want(&self, mut found: Found) -> Result<(), AccessFault> {
        let granted = self.access.granted().await?.unwrap_or(u64::MAX);
        let places = found.absent.iter().map(|(_, one)| (one.log, one.seq)).collect();
        let sizes = self.access.sizes(places).await?;
        let mut wanted = Vec::new();
        for ((hash, one), sizes) in found.absent.into_iter().zip(sizes) {
            let size = sizes.iter().find(|(of, _)| *of == hash).map(|(_, size)| *size);
            let sum = found.by_org.entry(one.org).or_default();
            let Some(size) = size.filter(|size| sum.saturating_add(*size) <= granted) else {
                self.attachments.pass(hash);
                continue;
            };
            *sum = sum.saturating_add(size);
            let want = Want { size, entry: one.id, org: one.org, reason: Reason::Policy, waiting: String::new() };
            wanted.push((hash, want));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let attachments = self.attachments.clone();
        let refused = tokio::task::spawn_blocking(move || attachments.want(wanted)).await;
        if let Ok(Err(refused)) = refused {
            for (hash, fault) in refused {
                tracing::debug!(%hash, %fault, "an attached file is not fetched");
                self.attachments.pass(hash);
            }
        }
        Ok(())
    }
}
