//! Where a passphrase comes from: a prompt without echo, a file, or the service manager; never argv or a variable.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::KeyName;

/// Names a file that holds the passphrase in its first line.
pub const FILE_VARIABLE: &str = "LYCEUM_PASSPHRASE_FILE";
/// Set by systemd for services with credentials.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// The longest passphrase, in bytes.
const PASSPHRASE_MAX: usize = 4096;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseFault {
    /// The named file cannot be read.
    #[error("cannot read the passphrase from {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    Empty,
    /// The two that were typed differ.
    #[error("the two passphrases differ")]
    Differ,
    /// There is nobody to ask.
    #[error("no terminal to ask on, and {FILE_VARIABLE} is not set")]
    NoTerminal,
    /// The terminal failed.
    #[error("cannot ask for the passphrase")]
    Terminal(#[source] io::Error),
}

/// The passphrase of a home, asked for at most once and forgotten with the process.
#[derive(Debug)]
pub struct Passphrase {
    file: Option<PathBuf>,
    may_ask: bool,
    known: Option<SecretString>,
}

impl Passphrase {
    /// From the environment's files, or else from a prompt.
    pub fn from_surroundings() -> Self {
        let named = std::env::var_os(FILE_VARIABLE).map(PathBuf::from);
        let credential = || {
            let path = PathBuf::from(std::env::var_os(CREDENTIALS_VARIABLE)?).join("passphrase");
            path.exists().then_some(path)
        };
        Self { file: named.or_else(credential), may_ask: true, known: None }
    }

    /// None to be had.
    pub const fn none() -> Self {
        Self { file: None, may_ask: false, known: None }
    }

    /// One that is known already.
    pub const fn known(passphrase: SecretString) -> Self {
        Self { file: None, may_ask: false, known: Some(passphrase) }
    }

    /// The passphrase, to open a key.
    ///
    /// # Errors
    /// [`PassphraseFault`].
    pub fn get(&mut self, name: KeyName) -> Result<&SecretString, PassphraseFault> {
        let passphrase = match self.known.take() {
            Some(known) => known,
            None => self.obtain(&format!("Passphrase for the {name} key: "))?,
        };
        Ok(self.known.insert(passphrase))
    }

    /// A passphrase for new keys: typed twice where it is typed.
    ///
    /// # Errors
    /// [`PassphraseFault`].
    pub fn choose(&mut self) -> Result<SecretString, PassphraseFault> {
        let first = self.obtain("Choose a passphrase for the keys: ")?;
        if self.file.is_none() && ask("Again: ")?.expose_secret() != first.expose_secret() {
            return Err(PassphraseFault::Differ);
        }
        Ok(first)
    }

    fn obtain(&self, prompt: &str) -> Result<SecretString, PassphraseFault> {
        let passphrase = match &self.file {
            Some(path) => read(path)?,
            None if self.may_ask => ask(prompt)?,
            None => return Err(PassphraseFault::NoTerminal),
        };
        if passphrase.expose_secret().is_empty() {
            return Err(PassphraseFault::Empty);
        }
        Ok(passphrase)
    }
}

fn ask(prompt: &str) -> Result<SecretString, PassphraseFault> {
    if !io::stdin().is_terminal() {
        return Err(PassphraseFault::NoTerminal);
    }
    rpassword::prompt_password(prompt).map(SecretString::from).map_err(PassphraseFault::Terminal)
}

fn read(path: &Path) -> Result<SecretString, PassphraseFault> {
    let fault = |cause| PassphraseFault::File { path: path.display().to_string(), cause };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(fault)?);
    let first = text.lines().next().unwrap_or_default();
    if first.len() > PASSPHRASE_MAX {
        return Err(fault(io::Error::other("the first line is far too long for a passphrase")));
    }
    Ok(first.to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(content: &str) -> Result<String, PassphraseFault> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        std::fs::write(&path, content).unwrap();
        let mut passphrase = Passphrase { file: Some(path), may_ask: false, known: None };
        passphrase.get(KeyName::Node).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_of_the_file_is_the_passphrase() {
        assert_eq!(from_file("correct horse \nbattery\n").unwrap(), "correct horse ");
        assert_eq!(from_file("no line end").unwrap(), "no line end");
        assert_eq!(from_file("windows\r\n").unwrap(), "windows");
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        assert!(matches!(from_file("\n").unwrap_err(), PassphraseFault::Empty));
        assert!(matches!(from_file("").unwrap_err(), PassphraseFault::Empty));
    }

    #[test]
    fn a_missing_file_is_an_error_and_not_a_prompt() {
        let mut passphrase = Passphrase { file: Some("/nowhere/at/all".into()), may_ask: true, known: None };
        assert!(matches!(passphrase.get(KeyName::Node).unwrap_err(), PassphraseFault::File { .. }));
    }
}
