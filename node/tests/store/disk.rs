//! The store on a disk that drops what was not synced, cut after every write, sync and rename of a real run.

mod model;
mod trace;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::panic::catch_unwind;
use std::path::Path;
use std::process::{Command, Stdio};

use lyceum_node::store::{HeadCheck, LogStore as _, PayloadHeld, Recovered, Store};
use lyceum_protocol::hash::EntryId;
use lyceum_protocol::replica::{Batch, Change};

use crate::fixture::{Author, append, batch, check_histories, log, open, payload, publish};
use model::{Disk, Image, KEEPS, Keeps};
use trace::Operation;

const FOLDER: &str = "LYCEUM_TEST_TRACED_STORE";

/// Not a test by itself: the run that is traced. It says what it was promised, and what it takes back beforehand.
#[test]
#[expect(clippy::exit, reason = "the process ends without closing its store, as a killed one does")]
fn child_that_is_traced() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (mut own, mut other) = (Author::new(0), Author::new(1));
    let mut seed = 0;
    for start in 0..3 {
        let store = open(folder.as_ref()).store;
        for round in 0..8 {
            for author in [&mut own, &mut other] {
                seed += 1;
                let len = [40, 700, 1_500, 3_600, 9_000, 30_000][usize::try_from(seed).unwrap() % 6];
                let entry = author.write(payload(seed, len));
                let number = entry.header().incarnation;
                store.commit(if number == 0 { publish(&entry) } else { append(&entry) }).unwrap();
                say(&format!("kept {number} {} {}", entry.header().seq, entry.id()));
            }
            if round == 3 {
                erase(&store, &own, start * 4 + 1);
            }
            if round == 6 {
                replace(&store, &mut other, start * 5 + 2);
            }
        }
        // The last one is not closed.
        if start < 2 {
            drop(store);
        } else {
            std::process::exit(0);
        }
    }
}

fn say(line: &str) {
    use std::io::Write as _;
    std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn erase(store: &Store, own: &Author, seq: u64) {
    store.commit(batch(Change::Erase { log: own.log(), seq })).unwrap();
    say(&format!("erased 0 {seq}"));
}

fn replace(store: &Store, other: &mut Author, seq: u64) {
    let log = other.log();
    let held = store.entries(log, 0, seq, usize::MAX).unwrap();
    *other = Author::behind(1, &held.iter().map(|entry| entry.id()).collect::<Vec<_>>());
    let branch = [other.write(payload(seq + 1_000, 2_000)), other.write(payload(seq + 2_000, 6_000))];
    let mut changes = vec![Change::ReplaceFrom { log, seq }];
    changes.extend(branch.iter().map(|entry| Change::Entry { log, entry: entry.clone() }));
    say(&format!("replacing 1 {seq}"));
    store.commit(Batch { changes }).unwrap();
    for entry in branch {
        say(&format!("kept 1 {} {}", entry.header().seq, entry.id()));
    }
}

/// What was promised up to some moment.
#[derive(Debug, Clone, Default)]
struct Promises {
    kept: BTreeMap<(u8, u64), EntryId>,
    erased: Vec<(u8, u64)>,
}

impl Promises {
    fn hear(&mut self, said: &str) {
        // The first line follows what the test program itself says.
        let begins = ["kept ", "erased ", "replacing "].iter().find_map(|word| said.find(word));
        let Some(begins) = begins else { return };
        let words: Vec<&str> = said[begins..].trim_end().split(' ').collect();
        let (number, seq) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        match words[0] {
            "kept" => {
                self.kept.insert((number, seq), words[3].parse().unwrap());
            }
            "erased" => self.erased.push((number, seq)),
            _ => self.kept.retain(|(author, at), _| *author != number || *at < seq),
        }
    }

    fn check(&self, found: &Found) -> Result<(), String> {
        let held = |(number, seq): &(u8, u64)| {
            let log = log(&found.recovered, &Author::new(*number))?;
            log.entries.get(usize::try_from(*seq).unwrap())
        };
        for (place, id) in &self.kept {
            if held(place).map(|held| held.id) != Some(*id) {
                return Err(format!("entry {place:?} was acknowledged and is not held"));
            }
        }
        for place in &self.erased {
            if held(place).map(|held| held.payload) != Some(PayloadHeld::Erased) {
                return Err(format!("the payload of {place:?} was erased and came back"));
            }
        }
        let own = self.kept.keys().filter(|(number, _)| *number == 0).count() as u64;
        match found.head {
            HeadCheck::Nothing if own == 0 => Ok(()),
            HeadCheck::Equal(head) | HeadCheck::Extended(head) if head.len >= own => Ok(()),
            // Before anything was acknowledged the head file need not be there.
            HeadCheck::Differs if own == 0 && found.without_head_file => Ok(()),
            other => Err(format!("head file: {other:?} with {own} own entries acknowledged")),
        }
    }
}

/// What a store holds that was opened after a cut.
struct Found {
    recovered: Recovered,
    head: HeadCheck,
    without_head_file: bool,
}

fn open_image(image: &Image, root: &Path) -> Found {
    // In memory where there is such a disk: some thousand syncs cost minutes elsewhere.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    for (path, content) in image {
        let path = folder.path().join(path.strip_prefix(root).unwrap());
        match content {
            None => fs::create_dir_all(path).unwrap(),
            Some(bytes) => fs::write(path, bytes.as_slice()).unwrap(),
        }
    }
    let store = folder.path().join("store");
    let without_head_file = !store.join("head").exists();
    let opened = open(&store);
    assert!(!store.join("tree.damaged-1").exists(), "no repair was needed");
    let recovered = opened.store.recover().unwrap();
    check_histories(&opened.store, &recovered);
    // It goes on: what is written now is there after the next start, with all that was there before.
    let mut author = Author::new(9);
    opened.store.commit(append(&author.write(payload(1, 5_000)))).unwrap();
    drop(opened.store);
    let again = open(&store).store.recover().unwrap();
    assert_eq!(again.logs[..recovered.logs.len()], recovered.logs);
    assert_eq!(again.logs.len(), recovered.logs.len() + 1);
    Found { recovered, head: opened.head, without_head_file }
}

fn traced_run(above: &Path) -> Vec<Operation> {
    let trace = above.join("trace");
    let root = above.join("disk");
    fs::create_dir(&root).unwrap();
    let status = Command::new("strace")
        .args(["-f", "-xx", "-s", "100000000", "-e", &format!("trace={}", trace::CALLS), "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "disk::child_that_is_traced", "--nocapture"])
        .env(FOLDER, root.join("store"))
        .stdout(Stdio::null())
        .status()
        .expect("strace has to be installed");
    assert!(status.success());
    trace::read(&fs::read_to_string(&trace).unwrap(), &root)
}

#[test]
#[ignore = "needs strace, and a minute or two: run with --ignored"]
fn every_promise_holds_wherever_the_power_is_cut() {
    let above = tempfile::tempdir().unwrap();
    let operations = traced_run(above.path());
    let root = above.path().join("disk");
    let mut disk = Disk::with_folder(&root);
    let mut promises = Promises::default();
    let mut seen: HashMap<u64, Result<Found, String>> = HashMap::new();
    let mut cuts: BTreeMap<Keeps, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for (number, operation) in operations.iter().enumerate() {
        disk.apply(operation);
        if let Operation::Said(text) = operation {
            promises.hear(text);
        }
        for keeps in KEEPS {
            let image = disk.cut(keeps);
            let mut hasher = DefaultHasher::new();
            image.hash(&mut hasher);
            let found = seen.entry(hasher.finish()).or_insert_with(|| {
                *cuts.entry(keeps).or_default() += 1;
                catch_unwind(|| open_image(&image, &root)).map_err(|_| "it does not open".to_owned())
            });
            let checked = found.as_ref().map_err(Clone::clone).and_then(|found| promises.check(found));
            if let Err(why) = checked {
                faults.push(format!("cut after operation {number}, keeping {keeps:?}: {why}"));
            }
        }
    }
    println!("{} operations, distinct states: {cuts:?}", operations.len());
    assert!(faults.is_empty(), "{} broken promises: {:#?}", faults.len(), &faults[..faults.len().min(20)]);
    assert!(promises.kept.len() > 30 && promises.erased.len() == 3, "the run was traced to its end");
    assert!(cuts.values().all(|distinct| *distinct > 10), "every kind of cut gave states of its own: {cuts:?}");
}
