//! The bytes of digest and state root (PROTOCOL 4.1), written a second time.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, OrgId};
use sha2::{Digest, Sha256};

use super::{Extent, Seated};

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 over the hashes of 256 buckets, each SHA-256 over its sorted items of 80 bytes.
pub(super) fn digest(items: &BTreeMap<LogId, Extent>) -> [u8; 32] {
    let mut all = Vec::new();
    for first in 0..=u8::MAX {
        let mut bucket = Vec::new();
        for (log, extent) in items {
            if log.0[0] == first {
                bucket.extend(log.0);
                bucket.extend(extent.len.to_le_bytes());
                bucket.extend(extent.head.0);
                bucket.extend(extent.fork.unwrap_or(u64::MAX).to_le_bytes());
            }
        }
        all.extend(hash(&bucket));
    }
    hash(&all)
}

/// Adopted charter, counted rows of (organisation, seat, certificate), digest, counted erased ids.
pub(super) fn state_root(
    adopted: CharterId,
    rows: &BTreeMap<OrgId, (Seated, CertificateId)>,
    digest: &[u8; 32],
    erased: &BTreeSet<EntryId>,
) -> [u8; 32] {
    let mut bytes = adopted.0.to_vec();
    bytes.extend((rows.len() as u64).to_le_bytes());
    for (org, (seat, certificate)) in rows {
        bytes.extend(org.0);
        bytes.push(match seat {
            Seated::Firm => 0,
            Seated::Provisional => 1,
            Seated::Removed => 2,
        });
        bytes.extend(certificate.0);
    }
    bytes.extend(digest);
    bytes.extend((erased.len() as u64).to_le_bytes());
    for id in erased {
        bytes.extend(id.0);
    }
    hash(&bytes)
}
