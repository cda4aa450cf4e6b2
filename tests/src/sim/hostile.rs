//! What dishonest nodes make of what their honest core wants to send.

use std::sync::Arc;

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::entry::{Draft, Place, VerifiedEntry};
use lyceum_protocol::frontier::FrontierItem;
use lyceum_protocol::hash::EntryId;
use lyceum_protocol::key::SignatureBytes;
use lyceum_protocol::replica::Heard;
use lyceum_protocol::sync::message::{Answer, Gossip, RefusalCode, Reply, Request, TravellingEntry, TravellingPayload};

use super::faults::Character;
use super::oracle::Equivocation;
use super::world::{Sent, World};

impl World {
    /// The half of the peers that an equivocator shows its other entry.
    const fn sees_the_twin(at: usize, peer: usize) -> bool {
        (at + peer) % 2 == 1
    }

    /// Bends a message on its way out; whether it has been dealt with.
    pub(super) fn bend_gossip(&mut self, at: usize, gossip: &Gossip) -> bool {
        match (self.nodes[at].character, gossip) {
            (Character::Equivocates, Gossip::Entry(travelling)) => self.equivocate(at, travelling),
            (Character::Equivocates, Gossip::Proof(_)) => true,
            (Character::SendsGarbage, Gossip::Entry(travelling)) => {
                let mut broken = travelling.clone();
                broken.sig = SignatureBytes([7; 64]);
                let message = self.message(&Gossip::Entry(broken));
                if matches!(message.heard, Heard::Bad(_)) {
                    self.ledger.met("garbage in gossip");
                }
                for peer in self.mesh(at) {
                    if self.random.chance(20) {
                        self.pass(at, peer, &message);
                    }
                }
                false
            }
            _ => false,
        }
    }

    /// Signs another entry for the same place and shows each to one half; seldom, and once a log.
    fn equivocate(&mut self, at: usize, travelling: &TravellingEntry) -> bool {
        let Ok(entry) = self.checker.entry(travelling) else { return false };
        let replica = self.nodes[at].replica.as_ref();
        let Some((log, seq)) = replica.and_then(|replica| replica.state().place(&entry.id())) else { return false };
        if self.twins.contains_key(&(at, log)) || seq == 0 && self.random.chance(80) || self.random.chance(60) {
            return false;
        }
        let header = entry.header();
        let mut payload = self.random.bytes().to_vec();
        payload.extend(b"the other story");
        let draft = Draft {
            kind: lyceum_protocol::entry::Kind::PUBLICATION,
            marking: 1,
            flags: 0,
            time: header.time,
            payload: Arc::from(payload),
        };
        let place = Place { incarnation: header.incarnation, seq, history: header.history };
        let Ok(twin) = draft.sign(self.alliance.network, &self.people[at].node, place) else { return false };
        self.note(at, "equivocate", at, seq);
        self.ledger.met("equivocations");
        self.ledger.equivocations.push(Equivocation { node: at, log, seq, one: entry.id(), other: twin.id() });
        let (one, other) =
            (self.message(&Gossip::Entry(travelling.clone())), self.message(&Gossip::Entry((&twin).into())));
        self.twins.insert((at, log), twin);
        for peer in self.mesh(at) {
            let message = if Self::sees_the_twin(at, peer) { &other } else { &one };
            self.pass(at, peer, message);
        }
        true
    }

    /// Bends an answer.
    pub(super) fn bend_answer(&mut self, at: usize, to: usize, request: &Request, answer: Answer) -> Sent {
        match self.nodes[at].character {
            Character::Honest | Character::Floods => Sent::Answer(answer),
            Character::Equivocates => Sent::Answer(self.tell_the_other_story(at, to, answer)),
            Character::Withholds => Sent::Answer(self.withhold(answer)),
            Character::AnswersOld => Sent::Answer(self.answer_old(at, to, request, answer)),
            Character::SendsGarbage => {
                if matches!(request, Request::Hello(_)) || self.random.chance(50) {
                    return Sent::Answer(answer);
                }
                self.ledger.met("garbage in answers");
                match answer {
                    Answer::Ok(Reply::Entries { entries }) if self.random.chance(50) => {
                        let mut entries = entries.into_inner();
                        if let Some(entry) = entries.last_mut() {
                            entry.sig = SignatureBytes([9; 64]);
                        }
                        Sent::Answer(Answer::Ok(Reply::Entries {
                            entries: BoundedVec::new(entries).unwrap_or_default(),
                        }))
                    }
                    _ => Sent::Garbage,
                }
            }
            Character::Lies => Sent::Answer(self.lie(answer)),
        }
    }

    /// To one half the log ends with the other entry.
    fn tell_the_other_story(&mut self, at: usize, to: usize, answer: Answer) -> Answer {
        if !Self::sees_the_twin(at, to) {
            return answer;
        }
        let twin_of = |world: &Self, entry: &VerifiedEntry| {
            let place = (entry.header().key, entry.header().incarnation, entry.header().seq);
            let twins = world.twins.iter().filter(|((node, _), _)| *node == at).map(|(_, twin)| twin);
            twins
                .into_iter()
                .find(|twin| (twin.header().key, twin.header().incarnation, twin.header().seq) == place)
                .cloned()
        };
        match answer {
            Answer::Ok(Reply::FrontierItems { items, more }) => {
                let mut items = items.into_inner();
                for item in &mut items {
                    if let Some(twin) = self.twins.get(&(at, item.log)) {
                        let good_len = twin.header().seq + 1;
                        *item = FrontierItem { good_len, head: twin.id(), ..*item };
                    }
                }
                Answer::Ok(Reply::FrontierItems { items: BoundedVec::new(items).unwrap_or_default(), more })
            }
            Answer::Ok(Reply::Entries { entries }) => {
                let mut told = Vec::new();
                for travelling in entries.into_inner() {
                    let twin = self.checker.entry(&travelling).ok().and_then(|entry| twin_of(self, &entry));
                    match twin {
                        Some(twin) => {
                            self.ledger.met("other stories in pages");
                            told.push((&twin).into());
                            break;
                        }
                        None => told.push(travelling),
                    }
                }
                Answer::Ok(Reply::Entries { entries: BoundedVec::new(told).unwrap_or_default() })
            }
            Answer::Ok(Reply::Proofs { .. }) => Answer::Ok(Reply::Proofs { proofs: BoundedVec::empty() }),
            answer => answer,
        }
    }

    fn withhold(&mut self, answer: Answer) -> Answer {
        let withheld = match &answer {
            Answer::Ok(Reply::Entries { .. }) if self.random.chance(50) => {
                Answer::Ok(Reply::Entries { entries: BoundedVec::empty() })
            }
            Answer::Ok(Reply::Entries { entries }) if self.random.chance(15) => {
                let mut entries = entries.clone().into_inner();
                for entry in &mut entries {
                    entry.payload =
                        if self.random.chance(50) { TravellingPayload::Erased } else { TravellingPayload::NotHeld };
                }
                self.ledger.met("payloads withheld");
                Answer::Ok(Reply::Entries { entries: BoundedVec::new(entries).unwrap_or_default() })
            }
            Answer::Ok(Reply::Payloads { payloads }) => {
                let none = payloads.iter().map(|_| TravellingPayload::NotHeld).collect();
                Answer::Ok(Reply::Payloads { payloads: BoundedVec::new(none).unwrap_or_default() })
            }
            Answer::Ok(Reply::Entries { .. } | Reply::Headers { .. }) => Answer::refused(RefusalCode::NotHeld, "no"),
            Answer::Ok(Reply::Docs { .. }) => Answer::Ok(Reply::Docs { documents: BoundedVec::empty(), more: false }),
            Answer::Ok(Reply::Proofs { .. }) => Answer::Ok(Reply::Proofs { proofs: BoundedVec::empty() }),
            _ => return answer,
        };
        self.ledger.met("answers withheld");
        withheld
    }

    fn answer_old(&mut self, at: usize, to: usize, request: &Request, answer: Answer) -> Answer {
        let comparable = matches!(request, Request::Hello(_) | Request::Digest { .. } | Request::Items { .. });
        if !comparable {
            return answer;
        }
        let name = match request {
            Request::Items { set: lyceum_protocol::sync::message::Set::Docs, .. } => "docs items",
            Request::Digest { set: lyceum_protocol::sync::message::Set::Docs, .. } => "docs digest",
            request => request.name(),
        };
        let old = self.nodes[at].old.entry((name, to)).or_insert_with(|| answer.clone()).clone();
        // What it took the peer for may have changed: that much it says honestly, or it is no peer at all.
        match (old, answer) {
            (Answer::Ok(Reply::Hello { hello, .. }), Answer::Ok(Reply::Hello { you, .. })) => {
                self.ledger.met("old answers");
                Answer::Ok(Reply::Hello { hello, you })
            }
            (Answer::Ok(old), Answer::Ok(_)) => {
                self.ledger.met("old answers");
                Answer::Ok(old)
            }
            (_, answer) => answer,
        }
    }

    fn lie(&mut self, answer: Answer) -> Answer {
        match answer {
            Answer::Ok(Reply::Hello { mut hello, you }) => {
                self.ledger.met("lies");
                hello.digest = self.random.bytes();
                Answer::Ok(Reply::Hello { hello, you })
            }
            Answer::Ok(Reply::Digest { hashes }) => {
                self.ledger.met("lies");
                let hashes = hashes.iter().map(|_| self.random.bytes()).collect();
                Answer::Ok(Reply::Digest { hashes: BoundedVec::new(hashes).unwrap_or_default() })
            }
            Answer::Ok(Reply::FrontierItems { items, more }) => {
                self.ledger.met("lies");
                let mut items = items.into_inner();
                for item in &mut items {
                    match self.random.below(4) {
                        0 => item.good_len += self.random.between(1, 1_000_000),
                        1 => item.head = EntryId(self.random.bytes()),
                        2 => item.fork = self.random.below(item.good_len + 1),
                        _ => {}
                    }
                }
                Answer::Ok(Reply::FrontierItems { items: BoundedVec::new(items).unwrap_or_default(), more })
            }
            answer => answer,
        }
    }
}
