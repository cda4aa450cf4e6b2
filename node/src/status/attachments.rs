//! Attached files in `status`: what is here, what is wanted, what is damaged.

use super::trouble;
use crate::api::shapes::{AttachmentFault, AttachmentStatus, Trouble, Wanted};
use crate::attachments::Usage;

/// Wanted files that are listed.
const LISTED: usize = 50;

/// As the interface says it.
pub(super) fn shape(usage: &Usage) -> AttachmentStatus {
    let wanted = usage.wanted.iter().take(LISTED).map(|(hash, want, held_bytes)| Wanted {
        blake3: hash.to_string(),
        entry: want.entry.to_string(),
        size: want.size,
        held_bytes: *held_bytes,
        waiting: Some(want.waiting.clone()).filter(|words| !words.is_empty()),
    });
    AttachmentStatus {
        files: usage.files,
        held_bytes: usage.held_bytes,
        keep_bytes: usage.keep,
        wanted: wanted.collect(),
        wanted_files: u64::try_from(usage.wanted.len()).unwrap_or(u64::MAX),
        wanted_bytes: usage.wanted.iter().fold(0, |sum, (_, want, _)| sum.saturating_add(want.size)),
        faults: usage
            .faults
            .iter()
            .map(|fault| AttachmentFault { blake3: fault.hash.to_string(), cause: fault.words.clone() })
            .collect(),
    }
}

/// Adds what is wrong with files. That one waits for its holders is no fault of this node.
pub(super) fn problems(usage: &Usage, problems: &mut Vec<Trouble>) {
    for fault in &usage.faults {
        let wanted = usage.wanted.iter().find(|(hash, ..)| *hash == fault.hash);
        let waiting = wanted.map(|(_, want, _)| want.waiting.as_str()).filter(|words| !words.is_empty());
        let advice = match (wanted, waiting) {
            (Some(_), Some(waiting)) => format!("it is fetched again and waits: {waiting}; see that the disk is well"),
            (Some(_), None) => "nothing to do for the file, it is fetched again; see that the disk is well".to_owned(),
            (None, _) => "it was removed, for no entry names it; see that the disk is well".to_owned(),
        };
        problems.push(trouble(format!("the attached file {} is damaged: {}", fault.hash, fault.words), advice));
    }
}
