//! Makes the outline of a file while the file is hashed: one pass, little memory.

use blake3::hazmat::HasherExt;

use super::outline::{Outline, Value};
use super::shape::{Shape, TooLarge};
use super::{ATTACHMENT_MAX, PIECE};

/// Hashes a file from its beginning to its end.
#[derive(Debug, Clone)]
pub struct OutlineBuilder {
    hasher: blake3::Hasher,
    /// Bytes of the piece that the hasher holds.
    filled: u32,
    done: Vec<Value>,
    size: u64,
}

impl Default for OutlineBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl OutlineBuilder {
    /// At the beginning of a file.
    pub fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), filled: 0, done: Vec::new(), size: 0 }
    }

    /// Takes the next bytes; fastest with [`PIECE`] bytes at once.
    ///
    /// # Errors
    /// [`TooLarge`]; the builder is of no more use then.
    pub fn update(&mut self, mut bytes: &[u8]) -> Result<(), TooLarge> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let size = self.size.saturating_add(more);
        if size > ATTACHMENT_MAX {
            return Err(TooLarge { size });
        }
        self.size = size;
        while !bytes.is_empty() {
            if self.filled == PIECE {
                // Only now is it certain that the piece is not the whole file.
                let start = size.saturating_sub(u64::try_from(bytes.len()).unwrap_or_default());
                let full = std::mem::take(&mut self.hasher);
                self.hasher.set_input_offset(start);
                self.done.push(full.finalize_non_root());
                self.filled = 0;
            }
            let room = usize::try_from(PIECE.saturating_sub(self.filled)).unwrap_or_default();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.hasher.update(now);
            self.filled = self.filled.saturating_add(u32::try_from(now.len()).unwrap_or(PIECE));
            bytes = later;
        }
        Ok(())
    }

    /// Bytes taken so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// At the end of the file.
    ///
    /// # Errors
    /// [`TooLarge`], which [`Self::update`] has said already.
    pub fn finish(mut self) -> Result<Outline, TooLarge> {
        let shape = Shape::of(self.size)?;
        if self.done.is_empty() {
            return Ok(Outline::of_one_piece(self.hasher.finalize(), shape));
        }
        self.done.push(self.hasher.finalize_non_root());
        Ok(Outline::of_values(self.done, shape))
    }
}
