//! Makes a failing universe small: objects are dropped one by one while it still fails.

use std::fmt::Write as _;

use crate::naive::ObjectSet;
use crate::permutation::{Failure, check};
use crate::universe::Universe;

/// Orders that a smaller universe is tried with beside the one that failed.
const ORDERS: u64 = 40;

/// The smallest universe found that still fails, and how.
pub fn shrink(universe: &Universe, failure: &Failure) -> (Universe, Failure) {
    let (mut small, mut how) = (universe.clone(), failure.clone());
    loop {
        let mut progress = false;
        for kind in 0..6 {
            let mut at = 0;
            while at < len(&small.objects, kind) {
                let mut less = small.clone();
                take(&mut less.objects, kind, at);
                // Charter 0 is what every node begins with.
                let founded = less.objects.charters.iter().any(|charter| charter.id() == less.founding());
                let orders = std::iter::once(how.order).chain(0..ORDERS);
                match check(&less, orders) {
                    Err(still) if founded && still.promise == how.promise => {
                        (small, how, progress) = (less, still, true);
                    }
                    _ => at += 1,
                }
            }
        }
        if !progress {
            return (small, how);
        }
    }
}

fn len(objects: &ObjectSet, kind: usize) -> usize {
    match kind {
        0 => objects.entries.len(),
        1 => objects.motions.len(),
        2 => objects.charters.len(),
        3 => objects.certificates.len(),
        4 => objects.proofs.len(),
        _ => objects.signatures.len(),
    }
}

fn take(objects: &mut ObjectSet, kind: usize, at: usize) {
    match kind {
        0 => drop(objects.entries.remove(at)),
        1 => drop(objects.motions.remove(at)),
        2 => drop(objects.charters.remove(at)),
        3 => drop(objects.certificates.remove(at)),
        4 => drop(objects.proofs.remove(at)),
        _ => drop(objects.signatures.remove(at)),
    }
}

impl Universe {
    /// All objects in words, for a small universe.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        let objects = &self.objects;
        for object in &objects.certificates {
            let keys: Vec<_> = object.keys.iter().map(|listed| (listed.key, listed.roles.0)).collect();
            let (roots, closed) = (&*object.root_keys, &*object.closed);
            let _ = writeln!(
                text,
                "{:?} number {} after {:?} roots {roots:?} k {} keys {keys:?} closed {closed:?}",
                object.id(),
                object.number,
                object.prev,
                object.root_k
            );
        }
        for object in &objects.charters {
            let _ = writeln!(
                text,
                "{:?} epoch {} after {:?} k {} voters {:?} lists {:?}",
                object.id(),
                object.epoch,
                object.prev,
                object.k,
                &*object.voters,
                object.lists
            );
        }
        for object in &objects.motions {
            let _ = writeln!(text, "{:?} of {:?}: {:?}", object.id(), object.epoch, object.op);
        }
        for signature in &objects.signatures {
            let _ = writeln!(text, "{:?}", signature.place());
        }
        for entry in &objects.entries {
            let header = entry.header();
            let _ = writeln!(
                text,
                "{entry:?} kind {} history {:?} incarnation {}",
                header.kind.0, header.history, header.incarnation
            );
        }
        for proof in &objects.proofs {
            let _ = writeln!(text, "proof {:?} at {} of {:?}", proof.key(), proof.seq(), proof.ids());
        }
        text
    }
}
