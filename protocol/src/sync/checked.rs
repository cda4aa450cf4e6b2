//! From messages to what a replica is told: one reading of every answer and every gossip message, whoever does the
//! costly checks and however: on all cores, or each object once.

use crate::documents::DocumentBatch;
use crate::entry::{EntryFault, VerifiedEntry};
use crate::fork::{ForkProof, VerifiedForkProof};
use crate::hash::NetworkId;
use crate::replica::{AskFault, Checked, Heard, PayloadAbsent};
use crate::sync::check::SignedHeader;
use crate::sync::message::{
    Answer, Gossip, Reply, TravellingDocument, TravellingEntry, TravellingHeader, TravellingPayload,
};

/// Why an entry is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// It is only not understood here: nobody is to blame.
    NotUnderstood,
    /// No honest peer passes it on: what is wrong with it.
    Wrong(String),
}

impl From<EntryFault> for NotTaken {
    fn from(fault: EntryFault) -> Self {
        if fault.blames_sender() { Self::Wrong(fault.to_string()) } else { Self::NotUnderstood }
    }
}

/// The checks that cost a signature. Each is a pure function of the bytes.
pub trait Checks {
    /// The alliance whose objects these are.
    fn network(&self) -> NetworkId;
    /// Checks documents, each with its signatures.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn documents(&mut self, documents: &[TravellingDocument]) -> Result<DocumentBatch, String>;
    /// Checks the entries of a page, in order, as many as the caller likes beyond the first that is not taken.
    ///
    /// # Errors
    /// For each entry [`NotTaken`].
    fn entries(&mut self, entries: Vec<TravellingEntry>) -> Vec<Result<VerifiedEntry, NotTaken>>;
    /// Checks a header.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn header(&mut self, header: &TravellingHeader) -> Result<SignedHeader, String>;
    /// Checks a proof that a log forks.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn proof(&mut self, proof: ForkProof) -> Result<VerifiedForkProof, String>;
}

/// Checks an answer. A page ends before the first entry that is only not understood here, and is bad as a whole if one
/// before that is wrong.
///
/// # Errors
/// [`AskFault::Bad`] for what no honest peer sends.
pub fn answer(checks: &mut impl Checks, answer: Answer) -> Result<Checked, AskFault> {
    let reply = match answer {
        Answer::Ok(reply) => reply,
        Answer::Refused { code, detail } => {
            return Ok(Checked::Refused { code, detail: detail.as_str().to_owned() });
        }
    };
    checked(checks, reply).map_err(AskFault::Bad)
}

fn checked(checks: &mut impl Checks, reply: Reply) -> Result<Checked, String> {
    Ok(match reply {
        Reply::Hello { hello, you } => Checked::Hello { hello, you },
        Reply::Digest { hashes } => Checked::Digest(hashes.into_inner()),
        Reply::DocsItems { items, more } => Checked::DocsItems(items.into_inner(), more),
        Reply::FrontierItems { items, more } => Checked::FrontierItems(items.into_inner(), more),
        Reply::Docs { documents, more } => Checked::Docs(checks.documents(&documents)?, more),
        Reply::Entries { entries } => Checked::Entries(page(checks.entries(entries.into_inner()))?),
        Reply::Headers { headers } => {
            Checked::Headers(headers.iter().map(|header| checks.header(header)).collect::<Result<_, _>>()?)
        }
        Reply::Payloads { payloads } => {
            let payload = |travelling| match travelling {
                TravellingPayload::Present(bytes) => Ok(bytes.into_inner()),
                TravellingPayload::Erased => Err(PayloadAbsent::Erased),
                TravellingPayload::NotHeld => Err(PayloadAbsent::NotHeld),
            };
            Checked::Payloads(payloads.into_inner().into_iter().map(payload).collect())
        }
        Reply::Receipt { receipt } => {
            receipt.verify(checks.network()).map_err(|fault| fault.to_string())?;
            Checked::Receipt(receipt)
        }
        Reply::Proofs { proofs } => {
            let proofs = proofs.into_inner().into_iter().map(|proof| checks.proof(proof));
            Checked::Proofs(proofs.collect::<Result<_, _>>()?)
        }
        Reply::Changed => Checked::Changed,
    })
}

fn page(entries: Vec<Result<VerifiedEntry, NotTaken>>) -> Result<Vec<VerifiedEntry>, String> {
    let mut page = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Ok(entry) => page.push(entry),
            // What comes before it is good; of the rest nothing is known.
            Err(NotTaken::NotUnderstood) => break,
            Err(NotTaken::Wrong(words)) => return Err(words),
        }
    }
    Ok(page)
}

/// Checks a gossip message.
pub fn gossip(checks: &mut impl Checks, message: Gossip) -> Heard {
    match message {
        Gossip::Entry(TravellingEntry { payload: TravellingPayload::Erased | TravellingPayload::NotHeld, .. }) => {
            Heard::Bad("an entry is gossiped with its payload".to_owned())
        }
        Gossip::Entry(entry) => match checks.entries(vec![entry]).pop() {
            Some(Ok(entry)) => Heard::Entry(entry),
            Some(Err(NotTaken::Wrong(words))) => Heard::Bad(words),
            Some(Err(NotTaken::NotUnderstood)) | None => Heard::Unknown,
        },
        Gossip::Documents(documents) => checks.documents(&documents).map_or_else(Heard::Bad, Heard::Documents),
        Gossip::DocumentId(id) => Heard::DocumentId(id),
        Gossip::Proof(proof) => checks.proof(proof).map_or_else(Heard::Bad, Heard::Proof),
    }
}
