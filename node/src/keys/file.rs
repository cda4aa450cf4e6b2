//! A key at rest: PKCS#8 in PEM (an age identity for the encryption key), in the open or as an age file.

use std::io;

use age::secrecy::SecretString;
use data_encoding::BASE64;
use lyceum_protocol::key::SecretKey;
use zeroize::Zeroizing;

use super::{KeyName, Passphrase, passphrase::PassphraseFault};
use crate::durable;
use crate::home::Home;

/// scrypt's cost as a power of two: about half a second and 128 MiB.
const WORK_FACTOR: u8 = 17;
/// The highest cost that is tried on a file: 1 GiB.
const WORK_FACTOR_MAX: u8 = 20;
/// The longest key file that is read, in bytes.
const FILE_MAX: u64 = 16 * 1024;
const AGE_MAGIC: &[u8] = b"age-encryption.org/v1";
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// RFC 8410: version 0, algorithm Ed25519, an octet string that holds an octet string of 32 bytes.
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Why a key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// There is no such file.
    #[error("the {name} key is not in this home ({path})")]
    Missing {
        /// Which key.
        name: KeyName,
        /// Where it would be.
        path: String,
    },
    /// The file system refused.
    #[error("cannot read or write the {name} key")]
    Io {
        /// Which key.
        name: KeyName,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The file is no key.
    #[error("the file of the {name} key is damaged: {reason}")]
    Malformed {
        /// Which key.
        name: KeyName,
        /// What is wrong.
        reason: String,
    },
    /// Another passphrase locked it.
    #[error("the passphrase does not open the {0} key")]
    WrongPassphrase(KeyName),
    /// There is no passphrase to be had.
    #[error("the {name} key is locked with a passphrase")]
    NoPassphrase {
        /// Which key.
        name: KeyName,
        /// Why there is none.
        #[source]
        cause: PassphraseFault,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(String),
}

/// Writes the text of a key, encrypted where there is a passphrase.
pub(super) fn write(home: &Home, name: KeyName, text: &str, passphrase: Option<&SecretString>) -> Result<(), KeyFault> {
    let malformed = |fault: age::EncryptError| KeyFault::Malformed { name, reason: fault.to_string() };
    let encrypted = passphrase
        .map(|passphrase| {
            let mut recipient = age::scrypt::Recipient::new(passphrase.clone());
            recipient.set_work_factor(WORK_FACTOR);
            age::encrypt(&recipient, text.as_bytes()).map_err(malformed)
        })
        .transpose()?;
    let bytes = encrypted.as_deref().unwrap_or(text.as_bytes());
    durable::write(&home.key_file(name), bytes, durable::PRIVATE).map_err(|cause| KeyFault::Io { name, cause })
}

/// Reads the text of a key; asks for the passphrase only if it is encrypted.
pub(super) fn read(home: &Home, name: KeyName, passphrase: &mut Passphrase) -> Result<Zeroizing<String>, KeyFault> {
    let path = home.key_file(name);
    let io = |cause: io::Error| match cause.kind() {
        io::ErrorKind::NotFound => KeyFault::Missing { name, path: path.display().to_string() },
        _ => KeyFault::Io { name, cause },
    };
    let malformed = |reason: &str| KeyFault::Malformed { name, reason: reason.to_owned() };
    if std::fs::metadata(&path).map_err(io)?.len() > FILE_MAX {
        return Err(malformed("far too long"));
    }
    let mut bytes = Zeroizing::new(std::fs::read(&path).map_err(io)?);
    if bytes.starts_with(AGE_MAGIC) {
        let secret = passphrase.get(name).map_err(|cause| KeyFault::NoPassphrase { name, cause })?;
        let mut identity = age::scrypt::Identity::new(secret.clone());
        identity.set_max_work_factor(WORK_FACTOR_MAX);
        bytes = Zeroizing::new(age::decrypt(&identity, &bytes).map_err(|fault| match fault {
            age::DecryptError::DecryptionFailed | age::DecryptError::NoMatchingKeys => KeyFault::WrongPassphrase(name),
            other => malformed(&other.to_string()),
        })?);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed("not text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A signing key as PKCS#8 in PEM, which OpenSSL reads.
pub(super) fn to_pem(key: &SecretKey) -> Zeroizing<String> {
    let der = Zeroizing::new([PKCS8_PREFIX.as_slice(), key.to_seed().as_slice()].concat());
    let base64 = Zeroizing::new(BASE64.encode(&der));
    Zeroizing::new(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", base64.as_str()))
}

/// A signing key from PKCS#8 in PEM.
pub(super) fn from_pem(name: KeyName, text: &str) -> Result<SecretKey, KeyFault> {
    let malformed = |reason: &str| KeyFault::Malformed { name, reason: reason.to_owned() };
    let body = text.trim().strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END));
    let body = body.ok_or_else(|| malformed("no PEM block \"PRIVATE KEY\""))?;
    let base64: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    let der = Zeroizing::new(BASE64.decode(base64.as_bytes()).map_err(|_| malformed("not base64"))?);
    let seed = der.strip_prefix(PKCS8_PREFIX.as_slice()).ok_or_else(|| malformed("not an Ed25519 key in PKCS#8"))?;
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.try_into().map_err(|_| malformed("not 32 bytes"))?);
    Ok(SecretKey::from_seed(&seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8410, section 10.3.
    #[test]
    fn the_pem_is_that_of_rfc_8410() {
        let text = "-----BEGIN PRIVATE KEY-----\n\
                    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                    -----END PRIVATE KEY-----\n";
        let key = from_pem(KeyName::Node, text).unwrap();
        assert_eq!(key.to_seed()[..4], [0xd4, 0xee, 0x72, 0xdb]);
        assert_eq!(to_pem(&key).as_str(), text);
    }
}
