//! The secret keys of a home: made, written, unlocked.
//!
//! Node keys sign, root and voting keys govern. The daemon unlocks the node key alone.

pub mod file;
pub mod passphrase;

use std::fmt;

use age::secrecy::{ExposeSecret as _, SecretString};
use lyceum_protocol::key::SecretKey;
use zeroize::Zeroizing;

use crate::home::Home;
pub use file::KeyFault;
pub use passphrase::Passphrase;

/// Which of the four keys of a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyName {
    /// Signs versions of the organisation's certificate, and nothing else.
    Root,
    /// Signs approvals and charters.
    Voting,
    /// What restricted publications are encrypted to: an age identity.
    Encryption,
    /// Signs entries and receipts, and is the node's name in the network.
    Node,
}

impl KeyName {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Root, Self::Voting, Self::Encryption, Self::Node];

    /// The name of its file.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Voting => "voting",
            Self::Encryption => "encryption",
            Self::Node => "node",
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file_name())
    }
}

/// The keys that `init` makes.
pub struct FreshKeys {
    /// Root key.
    pub root: SecretKey,
    /// Voting key.
    pub voting: SecretKey,
    /// Node key.
    pub node: SecretKey,
    encryption: age::x25519::Identity,
}

impl FreshKeys {
    /// Draws all four at random.
    ///
    /// # Errors
    /// [`KeyFault::NoRandomness`].
    pub fn draw() -> Result<Self, KeyFault> {
        let encryption = age::x25519::Identity::generate();
        Ok(Self { root: random_key()?, voting: random_key()?, node: random_key()?, encryption })
    }

    /// The public half of the encryption key: 32 bytes of X25519.
    ///
    /// # Errors
    /// [`KeyFault::Malformed`] if the library names its recipients in another way than it does today.
    pub fn encryption_public(&self) -> Result<[u8; 32], KeyFault> {
        let text = self.encryption.to_public().to_string();
        let malformed = || KeyFault::Malformed { name: KeyName::Encryption, reason: "no age recipient".into() };
        let (_, bytes) = bech32::decode(&text).map_err(|_| malformed())?;
        bytes.try_into().map_err(|_| malformed())
    }

    /// Writes all four into a home, encrypted where there is a passphrase.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn write(&self, home: &Home, passphrase: Option<&SecretString>) -> Result<(), KeyFault> {
        for (name, key) in [(KeyName::Root, &self.root), (KeyName::Voting, &self.voting), (KeyName::Node, &self.node)] {
            file::write(home, name, &file::to_pem(key), passphrase)?;
        }
        let identity = Zeroizing::new(format!("{}\n", self.encryption.to_string().expose_secret()));
        file::write(home, KeyName::Encryption, &identity, passphrase)
    }
}

/// A key drawn at random.
///
/// # Errors
/// [`KeyFault::NoRandomness`].
pub fn random_key() -> Result<SecretKey, KeyFault> {
    let seed = random_seed()?;
    Ok(SecretKey::from_seed(&seed))
}

/// 32 random bytes.
///
/// # Errors
/// [`KeyFault::NoRandomness`].
pub fn random_seed() -> Result<Zeroizing<[u8; 32]>, KeyFault> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    getrandom::fill(seed.as_mut()).map_err(|fault| KeyFault::NoRandomness(fault.to_string()))?;
    Ok(seed)
}

/// Unlocks a signing key of a home. Asks for the passphrase only if the file is encrypted.
///
/// # Errors
/// [`KeyFault`].
pub fn unlock(home: &Home, name: KeyName, passphrase: &mut Passphrase) -> Result<SecretKey, KeyFault> {
    file::from_pem(name, &file::read(home, name, passphrase)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        crate::durable::private_folder(&home.keys_folder()).unwrap();
        (folder, home)
    }

    fn known(text: &str) -> Passphrase {
        Passphrase::known(text.to_owned().into())
    }

    #[test]
    fn keys_without_a_passphrase_come_back_and_are_private_files() {
        let (_folder, home) = home();
        let keys = FreshKeys::draw().unwrap();
        keys.write(&home, None).unwrap();
        let node = unlock(&home, KeyName::Node, &mut Passphrase::none()).unwrap();
        assert_eq!(node.public(), keys.node.public());
        for name in KeyName::ALL {
            let mode = std::fs::metadata(home.key_file(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn keys_with_a_passphrase_open_with_it_and_with_no_other() {
        let (_folder, home) = home();
        let keys = FreshKeys::draw().unwrap();
        keys.write(&home, Some(&"correct horse".to_owned().into())).unwrap();
        let root = unlock(&home, KeyName::Root, &mut known("correct horse")).unwrap();
        assert_eq!(root.public(), keys.root.public());
        let wrong = unlock(&home, KeyName::Root, &mut known("battery staple")).unwrap_err();
        assert!(matches!(wrong, KeyFault::WrongPassphrase(_)), "{wrong}");
    }

    #[test]
    fn an_encrypted_key_is_an_age_file_that_stock_age_reads() {
        let (_folder, home) = home();
        let keys = FreshKeys::draw().unwrap();
        let passphrase: SecretString = "correct horse".to_owned().into();
        keys.write(&home, Some(&passphrase)).unwrap();
        let bytes = std::fs::read(home.key_file(KeyName::Encryption)).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "));
        let text = age::decrypt(&age::scrypt::Identity::new(passphrase), &bytes).unwrap();
        let identity: age::x25519::Identity = std::str::from_utf8(&text).unwrap().trim().parse().unwrap();
        assert_eq!(identity.to_public().to_string(), keys.encryption.to_public().to_string());
        assert_ne!(keys.encryption_public().unwrap(), [0; 32]);
    }

    #[test]
    fn a_missing_and_a_mangled_key_are_told_apart() {
        let (_folder, home) = home();
        let missing = unlock(&home, KeyName::Voting, &mut Passphrase::none()).unwrap_err();
        assert!(matches!(missing, KeyFault::Missing { .. }), "{missing}");
        std::fs::write(home.key_file(KeyName::Voting), "-----BEGIN PRIVATE KEY-----\nAAAA\n").unwrap();
        let mangled = unlock(&home, KeyName::Voting, &mut Passphrase::none()).unwrap_err();
        assert!(matches!(mangled, KeyFault::Malformed { .. }), "{mangled}");
    }
}
