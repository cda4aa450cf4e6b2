//! Where an export goes: standard output, or a file that is there only when it is complete.

use std::io::{self, Write as _};
use std::path::Path;

use super::super::{Context, safe_text};
use super::shown;
use crate::durable::{Pending, READABLE};
use crate::failure::Failure;

/// Where it goes.
pub(super) enum Target {
    /// Standard output.
    Stdout,
    /// A file, and whether it may take the place of another one.
    File { pending: Pending, over: bool, shown: String },
}

/// A file is there already.
pub(super) fn there_already(shown: &str) -> Failure {
    Failure::usage(format!("{shown} is there already")).next("name another one with --to, or write over it: --force")
}

impl Target {
    /// Begins.
    ///
    /// # Errors
    /// [`Failure`] if the file is there or cannot be made.
    pub(super) fn open(to: Option<&Path>, over: bool) -> Result<Self, Failure> {
        let Some(path) = to else { return Ok(Self::Stdout) };
        let shown = shown(path);
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        if path.is_dir() {
            return Err(Failure::usage(format!("{shown} is a folder")).next("name a file: --to FILE"));
        }
        if !over && path.symlink_metadata().is_ok() {
            return Err(there_already(&shown));
        }
        let pending = Pending::begin(&path, READABLE);
        let pending = pending.map_err(|fault| Failure::new(format!("cannot write {shown}")).because(&fault))?;
        Ok(Self::File { pending, over, shown })
    }

    /// Takes bytes. What others wrote does no harm to a terminal.
    ///
    /// # Errors
    /// [`Failure`] if they cannot be written.
    pub(super) fn write(&mut self, bytes: &[u8], context: &mut Context) -> Result<(), Failure> {
        match self {
            Self::Stdout if context.out.is_terminal() => {
                context.out.bytes(safe_text::block(&String::from_utf8_lossy(bytes)).as_bytes())
            }
            Self::Stdout => context.out.bytes(bytes),
            Self::File { pending, shown, .. } => {
                pending.write_all(bytes).map_err(|fault| Failure::new(format!("cannot write {shown}")).because(&fault))
            }
        }
    }

    /// Everything is written.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot get its name.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stdout => Ok(()),
            Self::File { pending, over, shown } => pending.finish(over).map_err(|fault| match fault.kind() {
                io::ErrorKind::AlreadyExists => there_already(&shown),
                _ => Failure::new(format!("cannot write {shown}")).because(&fault),
            }),
        }
    }
}
