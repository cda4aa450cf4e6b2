//! Motions with their approvals, redemptions.

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::hash::{CertificateId, EntryId, OrgId};

use super::Maker;
use super::alliance::Moved;

impl Maker {
    /// A version of an organisation, with the given chance number 0 or the newest.
    pub(super) fn version(&mut self, org: usize, plain: u64) -> CertificateId {
        let org = if self.oddly(5) { self.random.index(self.organisations.len()) } else { org };
        let versions = self.organisations[org].versions.len();
        let at = match self.random.chance(plain) {
            true if self.random.chance(50) => 0,
            true => versions - 1,
            false => self.random.index(versions),
        };
        self.organisations[org].versions[at].object.id()
    }

    pub(super) fn invite(&mut self, epoch: usize, redeemers: &[usize]) {
        let key = self.new_key();
        let public = self.key(key).public();
        let orgs: Vec<OrgId> = redeemers.iter().map(|org| self.organisations[*org].id).collect();
        for org in &orgs {
            let secret = self.key(key);
            let signature = SignaturePlace::redemption(*org, public).sign(self.network, secret).expect("own key");
            self.objects.signatures.push(signature);
        }
        self.propose(epoch, Operation::Invite { key: public }, 85, &orgs);
    }

    /// Makes a motion; with the given chance enough voters approve it, else too few.
    pub(super) fn propose(&mut self, epoch: usize, op: Operation, percent: u64, redeemers: &[OrgId]) {
        let charter = self.epochs[epoch].object.clone();
        let object = Motion {
            epoch: charter.id(),
            proposer: self.organisations[0].id,
            time: self.random.next(),
            reason: BoundedText::new("").expect("short"),
            op,
        }
        .into_object()
        .expect("a motion by the rules");
        let mut voters = self.epochs[epoch].voters.clone();
        self.random.shuffle(&mut voters);
        let passed = self.random.chance(percent);
        let k = u64::from(charter.k);
        let votes = if passed { self.random.between(k, voters.len() as u64) } else { self.random.below(k) };
        for (_, key) in voters.into_iter().take(usize::try_from(votes).unwrap_or(0)) {
            let secret = self.key(key);
            let place = SignaturePlace::approval(object.id(), secret.public());
            let signature = place.sign(self.network, secret).expect("own key");
            self.objects.signatures.push(signature);
        }
        self.objects.motions.push(object.clone());
        self.epochs[epoch].moved.push(Moved { object, passed, redeemers: redeemers.to_vec() });
    }

    pub(super) fn move_at_random(&mut self, epoch: usize) {
        for _ in 0..self.random.between(0, 4) {
            let org = self.random.index(self.organisations.len());
            let id = self.organisations[org].id;
            match self.random.below(10) {
                0 | 1 => {
                    let op = Operation::Admit { org: id, certificate: self.version(org, 60) };
                    self.propose(epoch, op, 75, &[]);
                }
                2 => {
                    let redeemers: Vec<usize> = (0..self.random.below(4))
                        .map(|_| 1 + self.random.index(self.organisations.len() - 1))
                        .collect();
                    self.invite(epoch, &redeemers);
                }
                3 | 4 if self.configuration.removals && org > 0 => self.remove(epoch, org),
                5..=7 if self.configuration.settlements => self.settle(epoch, org),
                8 | 9 if self.configuration.erasures => self.erase(epoch),
                _ => {}
            }
        }
    }

    fn remove(&mut self, epoch: usize, org: usize) {
        let (id, certificate) = (self.organisations[org].id, self.version(org, 40));
        let pins = if self.random.chance(50) { self.removal_pins(org) } else { Vec::new() };
        let pins = BoundedVec::new(pins).expect("few");
        self.propose(epoch, Operation::Remove { org: id, certificate, pins }, 75, &[]);
        if self.random.chance(25) {
            let certificate = self.version(org, 50);
            let pins = BoundedVec::new(self.removal_pins(org)).expect("few");
            self.propose(epoch, Operation::Remove { org: id, certificate, pins }, 75, &[]);
        }
    }

    /// One to three Settles that may well contradict each other.
    fn settle(&mut self, epoch: usize, org: usize) {
        let id = self.organisations[org].id;
        for _ in 0..self.random.between(1, 3) {
            let round = u32::try_from(self.random.below(2)).unwrap_or(0);
            let op = Operation::Settle { org: id, certificate: self.version(org, 20), round };
            self.propose(epoch, op, 85, &[]);
        }
    }

    fn erase(&mut self, epoch: usize) {
        let mut targets: Vec<EntryId> = Vec::new();
        for _ in 0..self.random.between(1, 3) {
            targets.extend(self.random.pick(&self.written).map(|(_, id)| *id));
        }
        targets.sort_unstable();
        targets.dedup();
        if !targets.is_empty() {
            self.propose(epoch, Operation::Erase { targets: BoundedVec::new(targets).expect("few") }, 80, &[]);
        }
    }

    /// A motion that one voter alone approves.
    pub(super) fn erase_unpassed(&mut self, epoch: usize) {
        let Some((_, target)) = self.random.pick(&self.written).copied() else { return };
        let targets = BoundedVec::new(vec![target]).expect("one");
        let object = Motion {
            epoch: self.epochs[epoch].object.id(),
            proposer: self.organisations[0].id,
            time: self.random.next(),
            reason: BoundedText::new("").expect("short"),
            op: Operation::Erase { targets },
        }
        .into_object()
        .expect("a motion by the rules");
        let key = self.epochs[epoch].voters[0].1;
        let secret = self.key(key);
        let place = SignaturePlace::approval(object.id(), secret.public());
        let signature = place.sign(self.network, secret).expect("own key");
        self.objects.signatures.push(signature);
        self.objects.motions.push(object);
    }
}
