//! From a publication to what a log signs.

use lyceum_protocol::entry::{Draft, Kind};
use lyceum_protocol::limits;

use super::Prepared;

/// Salt and publication, as a draft. `time` is the claim in the header, Unix milliseconds.
///
/// The salt comes from the caller: fresh random bytes each time, or the hash of an erased payload could be guessed.
pub fn draft(prepared: &Prepared, salt: [u8; limits::SALT_LEN], time: u64) -> Draft {
    let payload = [&salt[..], &prepared.publication.to_bytes()].concat();
    Draft { kind: Kind::PUBLICATION, marking: prepared.marking.code(), flags: 0, time, payload: payload.into() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lyceum_protocol::entry::Place;
    use lyceum_protocol::hash::{NetworkId, TreeHead};
    use lyceum_protocol::key::SecretKey;
    use lyceum_protocol::publication::Publication;

    use super::*;
    use crate::publish::{Wishes, prepare};

    #[test]
    fn a_draft_is_signed_and_its_payload_is_salt_and_publication() {
        let prepared = prepare(Path::new("a.md"), b"# Title\n", &Wishes::default()).unwrap();
        let place = Place { incarnation: 1, seq: 0, history: TreeHead([1; 32]) };
        let entry =
            draft(&prepared, [9; 16], 5).sign(NetworkId([2; 32]), &SecretKey::from_seed(&[3; 32]), place).unwrap();
        assert_eq!((entry.header().marking, entry.header().time), (1, 5));
        assert_eq!(Publication::read(entry.payload().content().unwrap()).unwrap(), prepared.publication);
    }
}
