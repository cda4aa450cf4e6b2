//! The keys of payloads: one file of 32-byte slots beside the database.
//!
//! The database keeps old versions of its rows for an unknown time, so a payload lies in it as ciphertext only.
//! Overwriting the slot of its key erases every copy at once. A slot is never used twice: the nonce is zero.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use zeroize::Zeroizing;

use super::durable;
use super::folder::Folder;

const SLOT_LEN: u64 = 32;

/// Keys that are made ahead at first, and twice as many each time up to the most. As many may be wasted by a stop, so
/// a node that writes little wastes little.
const AHEAD_FIRST: u64 = 64;
const AHEAD_MOST: u64 = 4_096;

/// Keys that are read at once.
const READ_MOST: u64 = 64;

/// A slot that held a key once.
const ERASED: [u8; 32] = [0; 32];

/// Number of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(pub(super) u64);

/// The file of slots, for reading.
#[derive(Debug)]
pub(super) struct Slots {
    file: File,
}

impl Slots {
    /// Opens the file, and makes it where there is none.
    pub(super) fn open(folder: &Folder) -> io::Result<Self> {
        let path = folder.keys();
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
        file.sync_all()?;
        durable::sync_folder_of(&path)?;
        Ok(Self { file })
    }

    /// Destroys the keys of slots. Durable when it returns.
    pub(super) fn erase(&self, slots: &[Slot]) -> io::Result<()> {
        if slots.is_empty() {
            return Ok(());
        }
        for slot in slots {
            self.file.write_all_at(&ERASED, slot.0.saturating_mul(SLOT_LEN))?;
        }
        self.file.sync_all()
    }
}

/// Keys that are read for a run of entries. Neighbours mostly have neighbouring slots, so one read gets several.
pub(super) struct ReadKeys<'a> {
    slots: &'a Slots,
    /// Bytes that are read at once.
    ahead: usize,
    first: u64,
    keys: Zeroizing<Vec<u8>>,
}

impl<'a> ReadKeys<'a> {
    /// For about `entries` entries.
    pub(super) fn new(slots: &'a Slots, entries: u64) -> Self {
        let ahead = usize::try_from(entries.clamp(1, READ_MOST).saturating_mul(SLOT_LEN)).unwrap_or(usize::MAX);
        Self { slots, ahead, first: 0, keys: Zeroizing::new(Vec::new()) }
    }

    fn held(&self, slot: Slot) -> Option<&[u8; 32]> {
        let (keys, _) = self.keys.as_chunks::<32>();
        keys.get(usize::try_from(slot.0.checked_sub(self.first)?).ok()?)
    }

    /// Puts the payload of a slot from cipher to plain text. False if its key is gone.
    pub(super) fn decrypt(&mut self, slot: Slot, bytes: &mut [u8]) -> io::Result<bool> {
        if self.held(slot).is_none() {
            self.keys.resize(self.ahead, 0);
            let at = slot.0.saturating_mul(SLOT_LEN);
            let read = self.slots.file.read_at(&mut self.keys, at)?;
            self.keys.truncate(read);
            self.first = slot.0;
        }
        let key = self.held(slot).ok_or(io::ErrorKind::UnexpectedEof)?;
        if *key == ERASED {
            return Ok(false);
        }
        encrypt(key, bytes);
        Ok(true)
    }
}

fn encrypt(key: &[u8; 32], bytes: &mut [u8]) {
    ChaCha20::new(key.into(), &[0; 12].into()).apply_keystream(bytes);
}

/// A slot with a key that has encrypted nothing yet.
pub(super) struct FreshSlot {
    pub(super) number: Slot,
    key: Zeroizing<[u8; 32]>,
}

impl FreshSlot {
    /// Encrypts its payload; once, since the nonce is zero.
    pub(super) fn encrypt(self, bytes: &mut [u8]) -> Slot {
        encrypt(&self.key, bytes);
        self.number
    }
}

/// Fresh slots with random keys, for the writer alone.
///
/// Keys are made and synced ahead of their use, because a payload whose key was lost is lost: so a commit that takes
/// some waits for no further sync.
#[derive(Debug)]
pub(super) struct FreshSlots {
    next: u64,
    end: u64,
    /// Keys that will be made in one go.
    ahead: u64,
    /// Keys of `end - keys.len() / 32 .. end`.
    keys: Zeroizing<Vec<u8>>,
}

impl FreshSlots {
    /// Begins behind everything that the file holds.
    pub(super) fn after(slots: &Slots) -> io::Result<Self> {
        // A slot that was torn by a stop is skipped as well.
        let end = slots.file.metadata()?.len().div_ceil(SLOT_LEN);
        Ok(Self { next: end, end, ahead: AHEAD_FIRST, keys: Zeroizing::new(Vec::new()) })
    }

    /// A fresh slot, whose key is durable.
    pub(super) fn take(&mut self, slots: &Slots) -> io::Result<FreshSlot> {
        if self.next == self.end {
            self.make(slots)?;
        }
        let (keys, _) = self.keys.as_chunks::<32>();
        let from_end = usize::try_from(self.end.saturating_sub(self.next)).unwrap_or(usize::MAX);
        let key = keys.len().checked_sub(from_end).and_then(|index| keys.get(index));
        let key = key.ok_or_else(|| io::Error::other("no key was made for a fresh slot"))?;
        let slot = FreshSlot { number: Slot(self.next), key: Zeroizing::new(*key) };
        self.next = self.next.saturating_add(1);
        Ok(slot)
    }

    fn make(&mut self, slots: &Slots) -> io::Result<()> {
        let len = usize::try_from(self.ahead.saturating_mul(SLOT_LEN)).unwrap_or(usize::MAX);
        let mut keys = Zeroizing::new(vec![0; len]);
        getrandom::fill(&mut keys).map_err(|fault| io::Error::other(fault.to_string()))?;
        slots.file.write_all_at(&keys, self.end.saturating_mul(SLOT_LEN))?;
        slots.file.sync_all()?;
        self.end = self.end.saturating_add(self.ahead);
        self.ahead = self.ahead.saturating_mul(2).min(AHEAD_MOST);
        self.keys = keys;
        Ok(())
    }
}
