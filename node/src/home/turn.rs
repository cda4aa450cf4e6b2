//! One command at a time asks what is published already and publishes what is not: of two at once neither would know
//! of the other, and the same thing would be published twice.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;

use super::Home;
use crate::durable;

/// Held while a command publishes; given back when dropped, or by the system when the process ends.
#[derive(Debug)]
pub struct PublishTurn(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl PublishTurn {
    /// Waits for its turn in a home.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn wait(home: &Home) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(durable::PRIVATE);
        let file = options.open(home.publish_lock_file())?;
        file.lock()?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let (first, (said, heard)) = (PublishTurn::wait(&home).unwrap(), std::sync::mpsc::channel());
        let second = std::thread::spawn(move || {
            let _turn = PublishTurn::wait(&home).unwrap();
            said.send(()).unwrap();
        });
        assert!(heard.try_recv().is_err());
        drop(first);
        heard.recv().unwrap();
        second.join().unwrap();
    }
}
