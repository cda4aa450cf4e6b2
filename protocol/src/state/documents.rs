//! Documents come in: all of an answer first, then the bounds on the whole, then everything that follows.

use std::collections::BTreeSet;

use crate::document::signature::VerifiedSignature;
use crate::documents::{DocumentBatch, DocumentObject, Dropped};
use crate::frontier::DocsItem;
use crate::governance::{self, Governance};
use crate::hash::{CertificateId, CharterId, ObjectId, SignatureId, sha256};
use crate::keep;
use crate::state::State;

/// What adding documents changed.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Objects that are held from now on.
    pub objects: Vec<DocumentObject>,
    /// Signatures that are held from now on.
    pub signatures: Vec<VerifiedSignature>,
    /// What is held no more.
    pub dropped: Dropped,
    /// Whether seats, certificates or standings may have changed.
    pub governance: bool,
    /// The checkpoint moved up to here.
    pub checkpoint: Option<CharterId>,
}

impl Change {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.signatures.is_empty() && self.dropped.is_empty() && !self.governance
    }
}

impl State {
    /// Adds documents that arrived together: all of them first, the bounds on the whole afterwards.
    pub fn add_documents(&mut self, batch: DocumentBatch) -> Change {
        let mut change = Change::default();
        for object in batch.objects {
            if !self.documents.contains(object.id()) {
                self.documents.insert_object(object.clone());
                change.objects.push(object);
            }
        }
        for signature in batch.signatures {
            if !self.documents.is_signed(signature.place()) {
                self.documents.insert_signature(signature);
                change.signatures.push(signature);
            }
        }
        if change.objects.is_empty() && change.signatures.is_empty() {
            return change;
        }
        self.reconsider(&mut change);
        // What was dropped at once never was held: neither news nor a loss.
        let came: BTreeSet<ObjectId> = change.objects.iter().map(DocumentObject::id).collect();
        let signed: BTreeSet<SignatureId> = change.signatures.iter().map(VerifiedSignature::id).collect();
        change.dropped.objects.retain(|id| !came.contains(id));
        change.dropped.signatures.retain(|(_, id)| !signed.contains(id));
        let held = &self.documents;
        change.objects.retain(|object| held.contains(object.id()));
        change.signatures.retain(|signature| held.is_signed(signature.place()));
        change
    }

    /// Takes another checkpoint: by hand, or from an invitation.
    pub fn trust(&mut self, checkpoint: CharterId) -> Change {
        let mut change = Change { checkpoint: Some(checkpoint), ..Change::default() };
        self.checkpoint = checkpoint;
        self.reconsider(&mut change);
        change
    }

    pub(super) fn reconsider(&mut self, change: &mut Change) {
        let mut governance = governance::evaluate(self.network, self.checkpoint, &self.documents);
        if let Some(checkpoint) = self.checkpoint_above(&governance) {
            self.checkpoint = checkpoint;
            change.checkpoint = Some(checkpoint);
        }
        let opened_under: BTreeSet<CertificateId> =
            self.records.values().map(|record| record.log().opening().certificate).collect();
        let kept = keep::kept(&self.documents, &governance, self.own, &opened_under);
        change.dropped = self.documents.retain(
            |id| kept.objects.contains(id),
            |signature| kept.signatures.contains(&(signature.place().target, signature.id())),
        );
        if !change.dropped.is_empty() {
            governance = governance::evaluate(self.network, self.checkpoint, &self.documents);
        }
        self.refresh_docs(&kept);
        change.governance = governance != self.governance;
        self.governance = governance;
        // A log may also have waited for a certificate or a signature of which no verdict speaks.
        self.judge_all();
    }

    /// The checkpoint moves up when a successor of a charter is adopted.
    fn checkpoint_above(&self, governance: &Governance) -> Option<CharterId> {
        let chain = governance.adoption().chain();
        let now = chain.iter().position(|id| *id == self.checkpoint)?;
        let below_newest = chain.len().checked_sub(2)?;
        (below_newest > now).then(|| chain.get(below_newest).copied()).flatten()
    }

    fn refresh_docs(&mut self, kept: &keep::Kept) {
        let offered = &kept.offered;
        let gone: Vec<ObjectId> = self.docs.iter().map(|item| item.id).filter(|id| !offered.contains(id)).collect();
        for id in gone {
            self.docs.take(&id.0);
        }
        for id in offered {
            let on_it = self.documents.signatures_on(*id).map(VerifiedSignature::id);
            let mut ids: Vec<[u8; 32]> =
                on_it.filter(|signature| kept.offered_signatures.contains(&(*id, *signature))).map(|id| id.0).collect();
            ids.sort_unstable();
            self.docs.put(DocsItem { id: *id, signatures: sha256(&[&ids.concat()]) });
        }
    }
}
