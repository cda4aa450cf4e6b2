//! Two sets compared with little traffic: items sorted by id, hashed in buckets by the leading bits of the id
//! (PROTOCOL 4.1). One mechanism for logs and for documents.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::hash::sha256;
use crate::limits::DIGEST_BITS_MAX;

/// One item of a set: its id leads its bytes.
pub trait Item: Copy + Eq {
    /// What the item is about.
    fn id(&self) -> [u8; 32];
    /// The bytes that are hashed, the id first.
    fn bytes(&self) -> Vec<u8>;
}

/// Buckets of the root: those of 8 bits.
const ROOT_BITS: u8 = 8;
const ROOT_BUCKETS: usize = 256;

/// A set of items with the hashes of its 256 buckets kept up to date lazily.
#[derive(Debug, Clone)]
pub struct Buckets<T> {
    items: BTreeMap<[u8; 32], T>,
    hashes: Vec<[u8; 32]>,
    stale: BTreeSet<u8>,
    /// The root, if nothing is stale.
    root: Option<[u8; 32]>,
}

impl<T: Item> Default for Buckets<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), hashes: vec![sha256(&[]); ROOT_BUCKETS], stale: BTreeSet::new(), root: None }
    }
}

impl<T: Item> Buckets<T> {
    /// Puts an item in the place of the one with its id; whether anything changed.
    pub fn put(&mut self, item: T) -> bool {
        let changed = self.items.insert(item.id(), item) != Some(item);
        if changed {
            self.stale.insert(item.id()[0]);
        }
        changed
    }

    /// Takes the item of an id out; whether there was one.
    pub fn take(&mut self, id: &[u8; 32]) -> bool {
        let changed = self.items.remove(id).is_some();
        if changed {
            self.stale.insert(id[0]);
        }
        changed
    }

    /// The item of an id.
    pub fn get(&self, id: &[u8; 32]) -> Option<&T> {
        self.items.get(id)
    }

    /// All items, by id.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.values()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// SHA-256 over the hashes of the 256 buckets of 8 bits.
    pub fn root(&self) -> [u8; 32] {
        if let Some(root) = self.root.filter(|_| self.stale.is_empty()) {
            return root;
        }
        let mut hashes = self.hashes.clone();
        self.hash_stale(&mut hashes);
        sha256(&[hashes.as_flattened()])
    }

    /// Hashes the buckets that changed, so that the next root costs nothing.
    pub fn refresh(&mut self) {
        if self.root.is_some() && self.stale.is_empty() {
            return;
        }
        let mut hashes = std::mem::take(&mut self.hashes);
        self.hash_stale(&mut hashes);
        self.root = Some(sha256(&[hashes.as_flattened()]));
        self.hashes = hashes;
        self.stale.clear();
    }

    fn hash_stale(&self, hashes: &mut [[u8; 32]]) {
        for bucket in &self.stale {
            if let Some(slot) = hashes.get_mut(usize::from(*bucket)) {
                *slot = self.bucket_hash(ROOT_BITS, u32::from(*bucket));
            }
        }
    }

    /// The hashes of all `2^bits` buckets. `bits` is at most [`DIGEST_BITS_MAX`]; more are taken as that many.
    pub fn digest(&self, bits: u8) -> Vec<[u8; 32]> {
        let bits = bits.min(DIGEST_BITS_MAX);
        (0..1_u32 << bits).map(|bucket| self.bucket_hash(bits, bucket)).collect()
    }

    fn bucket_hash(&self, bits: u8, bucket: u32) -> [u8; 32] {
        let items: Vec<u8> = self.bucket(bits, bucket).flat_map(Item::bytes).collect();
        sha256(&[&items])
    }

    /// The items whose id begins with the `bits` bits of `bucket`, by id.
    pub fn bucket(&self, bits: u8, bucket: u32) -> impl Iterator<Item = &T> {
        self.bucket_after(bits, bucket, None)
    }

    /// The same, above an id.
    pub fn bucket_after(&self, bits: u8, bucket: u32, after: Option<[u8; 32]>) -> impl Iterator<Item = &T> {
        let first = first_id(bits, bucket);
        let from = match after {
            Some(after) if after >= first => Bound::Excluded(after),
            Some(_) | None => Bound::Included(first),
        };
        let in_bucket = move |id: &[u8; 32]| bucket_of(bits, id) == bucket;
        self.items.range((from, Bound::Unbounded)).take_while(move |(id, _)| in_bucket(id)).map(|(_, item)| item)
    }
}

/// The bucket that an id falls into.
pub fn bucket_of(bits: u8, id: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *id;
    let leading = u32::from_be_bytes([a, b, c, d]);
    leading.checked_shr(32_u32.saturating_sub(u32::from(bits))).unwrap_or(0)
}

/// The smallest id of a bucket.
fn first_id(bits: u8, bucket: u32) -> [u8; 32] {
    let leading = bucket.checked_shl(32_u32.saturating_sub(u32::from(bits))).unwrap_or(0);
    let mut id = [0; 32];
    for (slot, byte) in id.iter_mut().zip(leading.to_be_bytes()) {
        *slot = byte;
    }
    id
}

/// How many leading bits to compare by, for `items` on the larger side: none below 64 items (the whole list at once),
/// else `2^round(log2 sqrt(30 * items))`, 16 to 4096 buckets.
pub fn bits_for(items: usize) -> u8 {
    if items < 64 {
        return 0;
    }
    // round(log2 sqrt(30 n)) is the b with 2^(2b-1) <= 30 n < 2^(2b+1).
    let product = u64::try_from(items).unwrap_or(u64::MAX).saturating_mul(30);
    let log2 = product.checked_ilog2().unwrap_or(0);
    let bits = log2.saturating_add(1) / 2;
    u8::try_from(bits.clamp(4, u32::from(DIGEST_BITS_MAX))).unwrap_or(DIGEST_BITS_MAX)
}
