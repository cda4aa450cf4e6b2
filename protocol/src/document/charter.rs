//! Who votes and by which rule: one charter an epoch, one chain a network (PROTOCOL 3.2).

use std::collections::BTreeSet;

use bincode::{Decode, Encode};

use super::{DocumentFault, Object, ascending};
use crate::bounded::{BoundedText, BoundedVec};
use crate::codec;
use crate::hash::{CertificateId, CharterId, MotionId, OrgId, TreeHead};
use crate::history::Tree;
use crate::key::PublicKey;
use crate::limits;

/// The rules of governance that this version knows.
pub const RULES: u16 = 1;

/// An organisation that votes, with the key that it votes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Voter {
    /// The organisation.
    pub org: OrgId,
    /// Its voting key in this epoch.
    pub key: PublicKey,
}

/// Quotas of an alliance; 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Params {
    /// Entries of one organisation a day.
    pub entries_per_day: u32,
    /// Payload bytes of one organisation a day.
    pub bytes_per_day: u64,
    /// Bytes of attachments of one organisation.
    pub attachment_bytes: u64,
}

impl Default for Params {
    /// 2,000 entries and 64 MiB a day, 16 GiB of attachments.
    fn default() -> Self {
        Self { entries_per_day: 2_000, bytes_per_day: 64 << 20, attachment_bytes: 16 << 30 }
    }
}

/// One epoch's charter. Fields in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Charter {
    /// Number of the governance rules: [`RULES`].
    pub rules: u16,
    /// Epoch, from 0.
    pub epoch: u32,
    /// The charter before; at 0 random bytes, so that founding twice makes two networks.
    pub prev: CharterId,
    /// A claim for people, Unix milliseconds.
    pub time: u64,
    /// What the alliance is called.
    pub name: BoundedText<{ limits::NAME_MAX }>,
    /// What it is for.
    pub purpose: BoundedText<{ limits::PURPOSE_MAX }>,
    /// Who votes, ascending by organisation.
    pub voters: BoundedVec<Voter, { limits::VOTERS_MAX }>,
    /// How many of them have to sign.
    pub k: u8,
    /// Rows in the list of members.
    pub members_len: u32,
    /// RFC 9162 head over these rows.
    pub members_head: TreeHead,
    /// Rows in the list of sealed motions.
    pub sealed_len: u32,
    /// RFC 9162 head over these rows.
    pub sealed_head: TreeHead,
    /// Quotas.
    pub params: Params,
}

/// A member and the certificate version that the charter anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct MemberRow {
    /// The organisation.
    pub org: OrgId,
    /// Its newest uncontested version when the charter was drafted.
    pub certificate: CertificateId,
}

/// A motion of the epoch before that the charter makes permanent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct SealedRow {
    /// Whom it is about; zero for Erase.
    pub org: OrgId,
    /// What it does: the code of its operation. A redeemed seat stands as Admit with the id of the Invite.
    pub op: u8,
    /// The motion.
    pub motion: MotionId,
}

/// What lies beside a charter; without it the charter counts as not received.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct Lists {
    /// The members, ascending by organisation.
    pub members: BoundedVec<MemberRow, { limits::LIST_ROWS_MAX }>,
    /// The motions that this charter seals, ascending.
    pub sealed: BoundedVec<SealedRow, { limits::LIST_ROWS_MAX }>,
}

impl Lists {
    /// The head over the rows of members.
    pub fn members_head(&self) -> TreeHead {
        head(&self.members)
    }

    /// The head over the rows of sealed motions.
    pub fn sealed_head(&self) -> TreeHead {
        head(&self.sealed)
    }

    /// The row of an organisation, if it is a member.
    pub fn member(&self, org: OrgId) -> Option<&MemberRow> {
        let at = self.members.binary_search_by(|row| row.org.cmp(&org)).ok()?;
        self.members.get(at)
    }
}

fn head<T: Encode>(rows: &[T]) -> TreeHead {
    let mut tree = Tree::new();
    for row in rows {
        tree.push_leaf(&codec::encode(row));
    }
    tree.head()
}

/// A charter together with its lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCharter {
    /// The charter itself.
    pub charter: Charter,
    /// Its lists, which match its heads.
    pub lists: Lists,
    lists_bytes: Vec<u8>,
}

impl std::ops::Deref for ListedCharter {
    type Target = Charter;
    fn deref(&self) -> &Charter {
        &self.charter
    }
}

/// A charter without its lists: what the file of a proof holds. Its rows are shown one by one, by paths to its heads.
pub type CharterHead = Object<CharterId, Charter>;

/// A charter with its lists, its id and its bytes (those of the charter alone).
pub type CharterObject = Object<CharterId, ListedCharter>;

impl CharterObject {
    /// The bytes of the lists, as received.
    pub fn lists_bytes(&self) -> &[u8] {
        &self.lists_bytes
    }
}

impl Charter {
    /// Reads a charter with its lists and holds both to all that they can be held to alone.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn read(bytes: &[u8], lists_bytes: &[u8]) -> Result<CharterObject, DocumentFault> {
        let charter: Self = codec::decode(bytes, limits::CHARTER_MAX)?;
        let lists: Lists = codec::decode(lists_bytes, limits::LISTS_MAX)?;
        charter.check_alone()?;
        charter.check(&lists)?;
        let listed = ListedCharter { charter, lists, lists_bytes: lists_bytes.to_vec() };
        Ok(Object::new(CharterId::of(bytes), bytes.to_vec(), listed))
    }

    /// Reads a charter without its lists and holds it to what it can be held to without them.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn read_alone(bytes: &[u8]) -> Result<CharterHead, DocumentFault> {
        let charter: Self = codec::decode(bytes, limits::CHARTER_MAX)?;
        charter.check_alone()?;
        Ok(Object::new(CharterId::of(bytes), bytes.to_vec(), charter))
    }

    /// Fills in the heads of `lists`, encodes both and holds the result to the same rules.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn into_object(mut self, lists: &Lists) -> Result<CharterObject, DocumentFault> {
        let count = |rows: usize| u32::try_from(rows).map_err(|_| DocumentFault::Rule("too many rows"));
        self.members_len = count(lists.members.len())?;
        self.sealed_len = count(lists.sealed.len())?;
        self.members_head = lists.members_head();
        self.sealed_head = lists.sealed_head();
        Self::read(&codec::encode(&self), &codec::encode(lists))
    }

    fn check_alone(&self) -> Result<(), DocumentFault> {
        let fault = |reason| Err(DocumentFault::Rule(reason));
        if !ascending(&self.voters, |voter| voter.org) {
            return fault("voters are ascending by organisation and not repeated");
        }
        let keys: BTreeSet<PublicKey> = self.voters.iter().map(|voter| voter.key).collect();
        if keys.len() != self.voters.len() {
            return fault("every voter has a key of its own");
        }
        if !k_in_bounds(usize::from(self.k), self.voters.len()) {
            return fault("k is more than half of the voters and not more than all");
        }
        Ok(())
    }

    fn check(&self, lists: &Lists) -> Result<(), DocumentFault> {
        let fault = |reason| Err(DocumentFault::Rule(reason));
        if usize::try_from(self.members_len) != Ok(lists.members.len())
            || usize::try_from(self.sealed_len) != Ok(lists.sealed.len())
            || self.members_head != lists.members_head()
            || self.sealed_head != lists.sealed_head()
        {
            return fault("the lists are not those of the charter");
        }
        if !ascending(&lists.members, |row| row.org) || !ascending(&lists.sealed, |row| *row) {
            return fault("rows are ascending and not repeated");
        }
        if self.epoch == 0 {
            self.check_founding(lists)?;
        }
        Ok(())
    }

    fn check_founding(&self, lists: &Lists) -> Result<(), DocumentFault> {
        let founder = match (&*self.voters, &*lists.members) {
            ([voter], [member]) => voter.org == member.org,
            _ => false,
        };
        if !founder || !lists.sealed.is_empty() {
            return Err(DocumentFault::Rule("charter 0 has one voter, who is its only member, and seals nothing"));
        }
        Ok(())
    }

    /// The voter with this key, if there is one.
    pub fn voter(&self, key: &PublicKey) -> Option<&Voter> {
        self.voters.iter().find(|voter| voter.key == *key)
    }
}

/// Whether `k` of `n` voters is a majority that exists.
pub const fn k_in_bounds(k: usize, n: usize) -> bool {
    n > 0 && k <= n && k.saturating_mul(2) > n
}

/// The threshold that tools propose: floor(n/2)+1 up to three voters, floor(2n/3)+1 above.
pub const fn default_k(n: usize) -> usize {
    if n <= 3 { n / 2 + 1 } else { 2 * n / 3 + 1 }
}
