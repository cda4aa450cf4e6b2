//! The search index over made-up publications: how fast it is built, how large it is against its text, how long a
//! search takes, and what is known about a model. `LYCEUM_BENCH_SHORT` leaves out the million.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench prints, and stops at a fault"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lyceum_node::index::cursor::Cursor;
use lyceum_node::index::engine::Engine;
use lyceum_node::index::query::Query;
use lyceum_node::index::schema::Indexed;
use lyceum_node::index::search::{Wanted, search};
use lyceum_node::index::snapshot::Snapshot;
use lyceum_node::index::snippet::snippet;
use lyceum_node::views::about::about;
use lyceum_protocol::entry::header::MARKING_GREEN;
use lyceum_protocol::hash::{EntryId, LogId, NetworkId, OrgId, sha256};
use lyceum_protocol::publication::Publication;

const ORGS: u64 = 50;
const VOCABULARY: u64 = 60_000;
const QUERIES: usize = 1_000;
const NOW: u64 = 1_790_000_000_000;
const LANGUAGES: [&str; 8] = ["en", "en", "en", "en", "fr", "de", "es", "ja"];

/// A small generator: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// The rank of a word as they occur in texts: the tenth a tenth as often as the first.
    fn rank(&mut self) -> u64 {
        let share = self.below(1 << 53) as f64 / (1_u64 << 53) as f64;
        ((VOCABULARY as f64).powf(share) - 1.0) as u64
    }
}

/// A word of a language, made of syllables.
fn word(rank: u64, language: &str) -> String {
    if language == "ja" {
        let kanji = |n: u64| char::from_u32(0x4E00 + (n % 2_000) as u32).unwrap();
        return [kanji(rank), kanji(rank / 7 + 31), kanji(rank / 3 + 11)].iter().collect();
    }
    const HEADS: [&str; 14] = ["b", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "tr", "qu"];
    const TAILS: [&str; 12] = ["a", "e", "i", "o", "u", "an", "er", "is", "ol", "um", "é", "ent"];
    const ENDS: [&str; 6] = ["", "s", "ing", "ation", "ed", "en"];
    let (mut rest, mut word) = (rank + 1, String::new());
    while rest > 0 {
        word.push_str(HEADS[(rest % 14) as usize]);
        word.push_str(TAILS[(rest / 14 % 12) as usize]);
        rest /= 168;
    }
    word + ENDS[(rank % 6) as usize]
}

fn text(numbers: &mut Numbers, language: &str, words: u64) -> String {
    let words: Vec<String> = (0..words).map(|_| word(numbers.rank(), language)).collect();
    words.join(if language == "ja" { "の" } else { " " })
}

/// A record of five of some tasks.
fn record(numbers: &mut Numbers, model: &str) -> serde_json::Value {
    let results: Vec<serde_json::Value> = (0..5)
        .map(|_| {
            let task = format!("task_{}", numbers.below(60));
            let score = numbers.below(1 << 40) as f64 / (1_u64 << 40) as f64;
            serde_json::json!({
                "evaluation_name": task, "source_data": { "dataset_name": task, "source_type": "other" },
                "metric_config": { "metric_id": "acc", "metric_unit": "proportion", "lower_is_better": false },
                "score_details": {
                    "score": score, "details": { "raw": score.to_string() },
                    "uncertainty": { "standard_error": { "value": score / 100.0 }, "num_samples": 1_000 },
                },
                "generation_config": { "additional_details": { "num_fewshot": "5" } },
            })
        })
        .collect();
    serde_json::json!({
        "schema_version": "0.3.0", "evaluation_id": model, "retrieved_timestamp": "1764000000",
        "source_metadata": {
            "source_type": "evaluation_run", "source_organization_name": "unknown", "evaluator_relationship": "other",
        },
        "eval_library": { "name": "lm-eval", "version": "0.4.8" },
        "model_info": {
            "name": model, "id": model,
            "additional_details": { "deployment_type": "unknown", "model_availability": "unknown" },
        },
        "evaluation_results": results,
    })
}

/// Publication `n`, and how many bytes of text it has.
fn made_up(n: u64) -> (Indexed, u64) {
    let mut numbers = Numbers(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    numbers.next();
    let language = LANGUAGES[numbers.below(8) as usize];
    let title = text(&mut numbers, language, 7);
    let (summary, length) = (text(&mut numbers, language, 25), 60 + numbers.below(180));
    let body = text(&mut numbers, language, length);
    // One model is much tested: of a million publications some six thousand are about it.
    let model = if numbers.below(200) == 0 { 0 } else { numbers.below(500) };
    let (tag, model) = (word(numbers.rank() % 300, "en"), format!("example/Model-{model}-7B"));
    let bytes = [&title, &summary, &body, &tag, &model].iter().map(|text| text.len() as u64).sum();
    let finding = numbers.below(2) == 0;
    let mut json = serde_json::json!({
        "type": if finding { "finding" } else { "note" }, "nature": "capability", "title": title, "summary": summary,
        "body": body, "language": language, "tags": [tag], "models": [{ "name": model }],
    });
    if finding && numbers.below(2) == 0 {
        json["nature"] = "evaluation".into();
        json["evaluation"] = record(&mut numbers, &model);
    }
    // Now and then somebody answers to an earlier one.
    if numbers.below(20) == 0 && n > 0 {
        let target = EntryId(sha256(&[b"entry", &numbers.below(n).to_le_bytes()]));
        json["links"] = serde_json::json!([{ "rel": "cites", "target": target.to_string() }]);
    }
    let org = OrgId(sha256(&[&numbers.below(ORGS).to_le_bytes()]));
    let indexed = Indexed {
        id: EntryId(sha256(&[b"entry", &n.to_le_bytes()])),
        log: LogId(org.0),
        seq: n,
        org,
        time: NOW - numbers.below(3 * 365 * 24 * 60 * 60 * 1_000),
        marking: MARKING_GREEN,
        publication: Publication::read(json.to_string().as_bytes()).unwrap(),
    };
    (indexed, bytes)
}

/// What people ask: a few words of any rarity, a phrase that occurs, a filter beside it.
fn query(numbers: &mut Numbers, count: u64) -> String {
    let language = LANGUAGES[numbers.below(8) as usize];
    let kind = numbers.below(10);
    if kind == 0 {
        let (of, _) = made_up(numbers.below(count));
        let body = of.publication.body.clone().unwrap();
        let words: Vec<&str> = body.split([' ', 'の']).skip(5).take(2).collect();
        return format!("\"{}\"", words.join(if body.contains('の') { "の" } else { " " }));
    }
    let words = text(numbers, language, 1 + kind % 3).replace('の', " ");
    match kind {
        1 | 2 => format!("{words} type:finding"),
        3 => format!("{words} language:{language} since:365d"),
        4 => format!("model:example/Model-{}-7B", numbers.below(500)),
        _ => words,
    }
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

fn percentile(times: &[Duration], of: usize) -> f64 {
    times[(times.len() - 1) * of / 1_000].as_secs_f64() * 1e3
}

fn ask(snapshot: &Snapshot, count: u64) {
    let mut numbers = Numbers(0x5eed);
    let mut queries: Vec<String> = (0..QUERIES).map(|_| query(&mut numbers, count)).collect();
    // And the most common word of all, alone.
    queries.push(word(0, "en"));
    let (mut times, mut slowest, mut results) = (Vec::new(), (Duration::ZERO, String::new()), 0);
    for text in &queries {
        let wanted =
            Wanted { query: Query::read(text, NOW).unwrap(), now: Some(NOW), clock: NOW, limit: 20, all: false };
        let began = Instant::now();
        let found = search(snapshot, &wanted).unwrap();
        let took = began.elapsed();
        times.push(took);
        results += found.total;
        if took > slowest.0 {
            slowest = (took, format!("{text:?}, {} results", found.total));
        }
    }
    times.sort();
    println!(
        "search of {count}: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, slowest {:.2} ms ({}); {} results on average",
        percentile(&times, 500),
        percentile(&times, 900),
        percentile(&times, 990),
        percentile(&times, 1_000),
        slowest.1,
        results / queries.len() as u64,
    );
    let wanted =
        Wanted { query: Query::read(&word(40, "en"), NOW).unwrap(), now: Some(NOW), clock: NOW, limit: 20, all: false };
    let found = search(snapshot, &wanted).unwrap();
    let texts: Vec<Publication> = found.hits.iter().map(|hit| made_up(hit.seq).0.publication).collect();
    let began = Instant::now();
    let snippets = texts.iter().filter(|text| !snippet(text, &found.sought).is_empty()).count();
    println!("{snippets} snippets: {:.2} ms", began.elapsed().as_secs_f64() * 1e3);
}

/// What is known about models: gathered, folded and written, as the daemon does it.
fn ask_about(snapshot: &Snapshot, count: u64) {
    let names: BTreeMap<OrgId, String> =
        (0..ORGS).map(|n| (OrgId(sha256(&[&n.to_le_bytes()])), format!("Organisation {n}"))).collect();
    let asked = |model: u64| {
        let name = format!("example/Model-{model}-7B");
        let began = Instant::now();
        let known = snapshot.about(&name).unwrap();
        let gathered = began.elapsed();
        let page = about(&name, &known, &names, false);
        let bytes = serde_json::to_vec(&page).unwrap().len();
        (began.elapsed(), gathered, known.items.len(), bytes)
    };
    let mut times: Vec<Duration> = (1..301).map(|model| asked(model).0).collect();
    times.sort();
    let most: Vec<_> = (0..20).map(|_| asked(0)).collect();
    let (took, gathered, items, bytes) = most.into_iter().min().unwrap();
    println!(
        "about of {count}: p50 {:.2} ms, p99 {:.2} ms, slowest {:.2} ms; {items} publications about one model: \
         {:.2} ms, of these {:.2} ms to gather; {} KiB of JSON",
        percentile(&times, 500),
        percentile(&times, 990),
        percentile(&times, 1_000),
        took.as_secs_f64() * 1e3,
        gathered.as_secs_f64() * 1e3,
        bytes / 1_024,
    );
}

fn measure(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, _, _) = Engine::open(folder.path(), NetworkId([7; 32])).unwrap();
    let (mut bytes, mut writing) = (0, Duration::ZERO);
    for n in 0..count {
        let (indexed, text) = made_up(n);
        bytes += text;
        let began = Instant::now();
        engine.add(&indexed).unwrap();
        if n % 20_000 == 19_999 {
            engine.commit(&Cursor::default()).unwrap();
        }
        writing += began.elapsed();
    }
    let began = Instant::now();
    engine.commit(&Cursor::default()).unwrap();
    engine.close().unwrap();
    writing += began.elapsed();
    let (mut engine, _, _) = Engine::open(folder.path(), NetworkId([7; 32])).unwrap();
    engine.collect().unwrap();
    let began = Instant::now();
    let snapshot = engine.snapshot(None).unwrap();
    let opened = began.elapsed();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    let size: u64 = files.sum();
    println!(
        "index of {count}: {:.0} publications/s, {:.1} MiB of text in {:.1} MiB ({:.2}), {} segments, opened in {:.0} ms, \
         peak memory {} MiB",
        count as f64 / writing.as_secs_f64(),
        bytes as f64 / 1_048_576.0,
        size as f64 / 1_048_576.0,
        size as f64 / bytes as f64,
        snapshot.segments.len(),
        opened.as_secs_f64() * 1e3,
        peak_memory(),
    );
    ask(&snapshot, count);
    ask_about(&snapshot, count);
    let gone = made_up(count / 2).0;
    let began = Instant::now();
    engine.remove(gone.log, gone.seq..gone.seq + 1);
    engine.commit(&Cursor::default()).unwrap();
    let left = began.elapsed();
    let purged = engine.purge().unwrap();
    println!(
        "one removed: out of the answers in {:.0} ms, out of the files in {:.0} ms ({purged})",
        left.as_secs_f64() * 1e3,
        began.elapsed().as_secs_f64() * 1e3,
    );
}

fn main() {
    // Cargo passes arguments for other harnesses.
    measure(100_000);
    if std::env::var_os("LYCEUM_BENCH_SHORT").is_none() {
        measure(1_000_000);
    }
}
