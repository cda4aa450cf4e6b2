//! Generated universes: all the objects that a small alliance might ever make, honest or not.
//!
//! A seed gives a printed configuration (which faults are met at all) and then, step by step, the objects. Nothing
//! here knows the rules of standing: objects are made at random, and the evaluators say what follows from them.

mod alliance;
mod motions;
mod organisation;

use lyceum_protocol::hash::{CharterId, EntryId, NetworkId, OrgId};
use lyceum_protocol::key::SecretKey;

use crate::naive::ObjectSet;
use crate::random::Random;
use alliance::Epoch;
use organisation::Organisation;

/// What a universe may contain: a random subset of everything that can go wrong, drawn from its seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Seed of everything below and of the objects.
    pub seed: u64,
    /// Organisations, 3 to 8.
    pub organisations: u64,
    /// Epochs after the founding.
    pub epochs: u64,
    /// Most versions of one certificate after number 0.
    pub versions: u64,
    /// Logs fork.
    pub log_forks: bool,
    /// Certificates pin logs.
    pub pins: bool,
    /// Certificates have several successors.
    pub certificate_forks: bool,
    /// Versions without their predecessor's signatures, or their own.
    pub unlinked: bool,
    /// Root keys change.
    pub root_changes: bool,
    /// Signatures of possession or on number 0 lack.
    pub missing_signatures: bool,
    /// Objects lack altogether.
    pub missing_objects: bool,
    /// Motions remove organisations.
    pub removals: bool,
    /// Motions settle certificates.
    pub settlements: bool,
    /// Motions and entries erase.
    pub erasures: bool,
    /// Several charters for one place.
    pub competing_charters: bool,
    /// Charters that are not well-formed.
    pub broken_charters: bool,
    /// More motions, rounds, versions than the bounds of PROTOCOL 3.3.
    pub crowded: bool,
    /// What no honest tool makes: roles that change, motions that name others' certificates, rows that say something
    /// else than their motions, keys of two organisations, incarnations used twice, charters with unknown rules.
    pub odd: bool,
}

impl Configuration {
    /// The configuration of a seed.
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            seed,
            organisations: random.between(3, 8),
            epochs: random.between(0, 3),
            versions: random.between(1, 4),
            log_forks: random.chance(60),
            pins: random.chance(60),
            certificate_forks: random.chance(50),
            unlinked: random.chance(25),
            root_changes: random.chance(40),
            missing_signatures: random.chance(20),
            missing_objects: random.chance(15),
            removals: random.chance(60),
            settlements: random.chance(50),
            erasures: random.chance(50),
            competing_charters: random.chance(60),
            broken_charters: random.chance(20),
            crowded: random.chance(15),
            odd: random.chance(30),
        }
    }
}

/// A configuration and the objects that it led to.
#[derive(Debug, Clone)]
pub struct Universe {
    /// What may be in it.
    pub configuration: Configuration,
    /// Id of charter 0.
    pub network: NetworkId,
    /// Everything.
    pub objects: ObjectSet,
}

impl Universe {
    /// Charter 0, the checkpoint that every node starts with.
    pub fn founding(&self) -> CharterId {
        self.network.into()
    }

    /// Makes the universe of a seed.
    pub fn generate(seed: u64) -> Self {
        let configuration = Configuration::of(seed);
        let mut maker = Maker {
            random: Random::new(seed ^ 0x5eed_0fa1_1a1c_e5ed),
            configuration,
            network: NetworkId::ZERO,
            keys: Vec::new(),
            organisations: Vec::new(),
            epochs: Vec::new(),
            written: Vec::new(),
            objects: ObjectSet::default(),
        };
        for _ in 0..maker.configuration.organisations {
            maker.found_organisation();
        }
        maker.found_alliance();
        maker.write_first_logs();
        maker.grow_organisations();
        maker.govern();
        maker.lose_objects();
        Self { configuration: maker.configuration, network: maker.network, objects: maker.objects }
    }
}

/// Place of a secret key in the maker's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct KeyIndex(usize);

struct Maker {
    random: Random,
    configuration: Configuration,
    network: NetworkId,
    keys: Vec<SecretKey>,
    organisations: Vec<Organisation>,
    epochs: Vec<Epoch>,
    /// Every entry written so far, as a target.
    written: Vec<(OrgId, EntryId)>,
    objects: ObjectSet,
}

impl Maker {
    fn new_key(&mut self) -> KeyIndex {
        let seed = self.random.bytes();
        self.keys.push(SecretKey::from_seed(&seed));
        KeyIndex(self.keys.len() - 1)
    }

    /// Whether something happens that no honest tool does.
    fn oddly(&mut self, percent: u64) -> bool {
        self.configuration.odd && self.random.chance(percent)
    }

    fn key(&self, index: KeyIndex) -> &SecretKey {
        &self.keys[index.0]
    }

    /// Takes a few objects out, so that others wait for them. Charter 0 stays: everybody begins with it.
    fn lose_objects(&mut self) {
        if !self.configuration.missing_objects {
            return;
        }
        for _ in 0..self.random.between(1, 3) {
            let objects = &mut self.objects;
            match self.random.below(6) {
                0 | 1 => take_one(&mut objects.certificates, &mut self.random),
                2 => take_one(&mut objects.motions, &mut self.random),
                3 => take_one(&mut objects.signatures, &mut self.random),
                4 => take_one(&mut objects.entries, &mut self.random),
                _ => {
                    let at = self.random.index(objects.charters.len());
                    if objects.charters[at].epoch > 0 {
                        objects.charters.remove(at);
                    }
                }
            }
        }
    }
}

fn take_one<T>(list: &mut Vec<T>, random: &mut Random) {
    if !list.is_empty() {
        list.swap_remove(random.index(list.len()));
    }
}
