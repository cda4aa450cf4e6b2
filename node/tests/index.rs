//! The search index on a disk: the same answers however publications came into it, nothing left of what was removed,
//! and a start after every kind of end.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lyceum_node::index::cursor::{At, Cursor};
use lyceum_node::index::engine::{Engine, Opened};
use lyceum_node::index::query::{Key, Query};
use lyceum_node::index::schema::{Indexed, VERSION, blake3_facet, facet, is_about, name_facet};
use lyceum_node::index::search::{Found, Wanted, search};
use lyceum_node::index::snapshot::Snapshot;
use lyceum_node::views::Hidden;
use lyceum_protocol::entry::header::{MARKING_CLEAR, MARKING_GREEN};
use lyceum_protocol::hash::{EntryId, LogId, NetworkId, OrgId, sha256};
use lyceum_protocol::publication::Publication;
use proptest::prelude::*;
use serde_json::{Value, json};
use tantivy::Term;

const NETWORK: NetworkId = NetworkId([7; 32]);
const DAY: u64 = 24 * 60 * 60 * 1_000;
const NOW: u64 = 1_790_000_000_000;

fn id(n: u64) -> EntryId {
    EntryId(sha256(&[b"entry", &n.to_le_bytes()]))
}

fn org(n: u64) -> OrgId {
    OrgId(sha256(&[b"org", &n.to_le_bytes()]))
}

/// Entry `n` of organisation `by`, so many days old.
fn indexed(n: u64, by: u64, days: u64, publication: &Value) -> Indexed {
    Indexed {
        id: id(n),
        log: LogId(org(by).0),
        seq: n,
        org: org(by),
        time: NOW - days * DAY,
        marking: if n.is_multiple_of(2) { MARKING_GREEN } else { MARKING_CLEAR },
        publication: Publication::read(publication.to_string().as_bytes()).unwrap(),
    }
}

fn note(title: &str, body: &str) -> Value {
    json!({ "type": "note", "title": title, "body": body, "language": "en" })
}

/// An index of these, written in one go.
fn build(folder: &Path, all: &[Indexed]) -> Engine {
    let (mut engine, cursor, _) = Engine::open(folder, NETWORK).unwrap();
    all.iter().for_each(|one| engine.add(one).unwrap());
    engine.commit(&cursor).unwrap();
    engine
}

fn ask_at(snapshot: &Snapshot, text: &str, limit: usize, all: bool) -> Found {
    let query = Query::read(text, NOW).unwrap();
    search(snapshot, &Wanted { query, now: Some(NOW), clock: NOW, limit, all }).unwrap()
}

fn ask(snapshot: &Snapshot, text: &str) -> Vec<EntryId> {
    ask_at(snapshot, text, 50, false).hits.into_iter().map(|hit| hit.id).collect()
}

#[test]
fn six_languages_are_found_by_another_form_of_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let text = |language: &str, body: &str| json!({ "type": "note", "title": "-", "body": body, "language": language });
    let all = [
        indexed(1, 1, 1, &text("en", "We repeated the evaluations of quantised models.")),
        indexed(2, 1, 1, &text("fr", "Nous avons répété les évaluations des modèles.")),
        indexed(3, 1, 1, &text("de", "Wir wiederholten die Bewertungen größerer Modelle.")),
        indexed(4, 1, 1, &text("es", "Repetimos las evaluaciones de los modelos.")),
        indexed(5, 1, 1, &text("ja", "量子化された大規模言語モデルの評価を繰り返した。GPT-4でも。")),
        indexed(6, 1, 1, &text("zh-Hans", "我们重复了语言模型的评估。")),
    ];
    let snapshot = build(folder.path(), &all).snapshot(None).unwrap();
    for (query, n) in [
        ("repeats", 1),
        ("répétées", 2),
        ("modele evaluation language:fr", 2),
        ("Bewertung", 3),
        ("grosser", 3),
        ("evaluación", 4),
        ("evaluacion", 4),
        ("言語モデル", 5),
        ("gpt-4 評価", 5),
        ("评估", 6),
    ] {
        assert!(ask(&snapshot, query).contains(&id(n)), "{query}");
    }
    assert_eq!(ask(&snapshot, "語言"), []);
    assert_eq!(ask(&snapshot, "\"models quantised\""), []);
    assert_eq!(ask(&snapshot, "\"quantised model\""), [id(1)]);
}

#[test]
fn filters_narrow_and_words_exclude() {
    let folder = tempfile::tempdir().unwrap();
    let finding = json!({
        "type": "finding", "nature": "risk", "title": "Prompts leak", "language": "pt-BR", "tags": ["Segurança", "leak test"],
        "models": [{ "name": "meta-llama/Llama-3.1-8B-Instruct", "revision": "0e9e39f249a16976918f6564b8830bc894c89659" }],
        "severity": "high", "status": "open",
    });
    let all = [
        indexed(1, 1, 10, &finding),
        indexed(2, 2, 5, &note("Prompts", "They leak nothing.")),
        indexed(3, 2, 1, &note("Other", "-")),
    ];
    let snapshot = build(folder.path(), &all).snapshot(None).unwrap();
    let org_1 = format!("prompts org:{}", org(1));
    for query in [
        "type:finding",
        "nature:risk",
        "severity:HIGH",
        "model:meta-llama/llama-3.1-8b-instruct",
        "model:0e9e39f249a16976918f6564b8830bc894c89659",
        "llama-3.1-8b",
        "tag:seguranca",
        "tag:\"leak test\"",
        "language:pt",
        "language:pt-br",
        "prompts -nothing",
        "prompts -type:note",
        "prompts until:8d",
        "segurança",
        org_1.as_str(),
    ] {
        assert_eq!(ask(&snapshot, query), [id(1)], "{query}");
    }
    assert_eq!(ask(&snapshot, "type:finding type:note since:8d"), [id(3), id(2)], "without words the newest first");
    assert_eq!(ask(&snapshot, "prompts marking:green"), [id(2)]);
    assert_eq!(ask(&snapshot, "model:llama"), [], "a model is named exactly");
    let names = |model: &str| is_about(&all[0].publication, &facet(Key::Model, model));
    assert!(names("Meta-Llama/Llama-3.1-8B-Instruct") && !names("llama"), "as `log --model` has it");
    assert_eq!(ask(&snapshot, "leak prompts").len(), 2, "words may stand anywhere");
}

#[test]
fn releases_same_names_and_files_are_found_by_their_facets() {
    let folder = tempfile::tempdir().unwrap();
    let hex = |byte: &str| byte.repeat(32);
    let release = json!({
        "type": "release", "title": "Weights", "name": "lab/Model-7B", "version": "1.0",
        "files": [
            { "name": "a", "size": 1, "sha256": hex("aa"), "blake3": hex("ab") },
            { "name": "b", "size": 1, "sha256": hex("ac") },
        ],
        "attachments": [{ "name": "card.md", "media_type": "text/markdown", "size": 1, "blake3": hex("ad"), "sha256": hex("ae") }],
    });
    let finding =
        json!({ "type": "finding", "nature": "capability", "title": "Reads", "models": [{ "name": "lab/model-7b" }] });
    let notice = json!({
        "type": "notice", "title": "Two names", "links": [{ "rel": "same-as", "target": "hosted-7b" }],
        "same_as": [{ "name": "lab/Model-7B" }, { "name": "model", "digest": "sha256:00", "revision": "main" }],
    });
    let lone = json!({ "type": "notice", "title": "One name", "links": [{ "rel": "same-as", "target": "hosted-7b" }] });
    let gone = json!({ "type": "notice", "title": "-", "reason": "-", "links": [{ "rel": "retracts", "target": id(1).to_string() }] });
    let all = [
        indexed(1, 1, 9, &release),
        indexed(2, 2, 5, &finding),
        indexed(3, 3, 5, &notice),
        indexed(4, 3, 1, &lone),
        indexed(5, 1, 1, &gone),
    ];
    let snapshot = build(folder.path(), &all).snapshot(None).unwrap();
    let of = |facet: &str| -> Vec<EntryId> {
        snapshot.with_facet(facet, 9).unwrap().found.iter().map(|one| one.id).collect()
    };
    let model = facet(Key::Model, "LAB/Model-7B");
    assert_eq!(of(&model), [id(2), id(1)], "the newest first, the retracted one included");
    let found = snapshot.with_facet(&model, 9).unwrap().found;
    assert_eq!(found.iter().map(|one| one.hidden).collect::<Vec<_>>(), [None, Some(Hidden::Retracted)]);
    assert_eq!((found[1].log, found[1].seq, found[1].org, found[1].time), (all[0].log, 1, org(1), all[0].time));
    let first = snapshot.with_facet(&model, 1).unwrap();
    assert_eq!((first.found.len(), first.total), (1, 2));
    assert_eq!(ask_at(&snapshot, "model:lab/model-7b", 9, true).total, 2);
    assert!(is_about(&all[0].publication, &model));
    for name in ["lab/model-7b", "model", "sha256:00", "hosted-7b"] {
        assert_eq!(of(&name_facet(name)), [id(3)], "{name}: one name alone joins nothing");
    }
    assert_eq!(of(&name_facet("main")), [], "a revision names no model");
    for (byte, found) in [(0xab, vec![id(1)]), (0xad, vec![id(1)]), (0xaa, vec![]), (0xae, vec![])] {
        assert_eq!(of(&blake3_facet(&[byte; 32])), found, "{byte:x}");
    }
}

#[test]
fn the_title_a_rare_word_and_what_is_new_count_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut all: Vec<Indexed> =
        (10..40).map(|n| indexed(n, n % 7, 100, &note("Common", "a common word among others"))).collect();
    all.push(indexed(1, 1, 100, &note("Something", "a common drift among others")));
    all.push(indexed(2, 2, 100, &note("Drift", "a common thing among others")));
    all.push(indexed(3, 3, 1_000, &note("Old", "common")));
    all.push(indexed(4, 4, 1, &note("Old", "common")));
    let snapshot = build(folder.path(), &all).snapshot(None).unwrap();
    assert_eq!(ask(&snapshot, "drift"), [id(2), id(1)]);
    assert_eq!(ask(&snapshot, "old"), [id(4), id(3)]);
    let scores: Vec<f64> = ask_at(&snapshot, "common", 50, false).hits.iter().map(|hit| hit.score).collect();
    assert!(scores.iter().all(|score| *score > 0.0), "{scores:?}");
}

/// Threat 21: poisoned ranking.
#[test]
fn one_organisation_does_not_fill_the_first_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut all: Vec<Indexed> =
        (0..50).map(|n| indexed(n, 1, 1, &note("Bias bias bias", "bias bias bias bias"))).collect();
    all.extend(
        (100..106)
            .map(|n| indexed(n, n, 300, &note("A report", "A long text in which bias occurs once, and no more."))),
    );
    let snapshot = build(folder.path(), &all).snapshot(None).unwrap();
    let first = ask_at(&snapshot, "bias", 10, false);
    assert_eq!(first.total, 56);
    assert_eq!(first.hits.iter().filter(|hit| hit.org == org(1)).count(), 4);
}

#[test]
fn what_is_superseded_or_retracted_is_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let link = |rel: &str, n: u64| json!({ "type": "notice", "title": "Drift again", "reason": "-", "links": [{ "rel": rel, "target": id(n).to_string() }] });
    let all = [
        indexed(1, 1, 9, &note("Drift one", "-")),
        indexed(2, 1, 8, &link("supersedes", 1)),
        indexed(3, 2, 7, &note("Drift three", "-")),
        indexed(4, 2, 6, &link("retracts", 3)),
        indexed(5, 1, 5, &link("retracts", 4)),
    ];
    let mut engine = build(folder.path(), &all);
    let snapshot = engine.snapshot(None).unwrap();
    let found = ask_at(&snapshot, "drift", 50, false);
    assert_eq!((found.total, found.superseded, found.retracted), (3, 1, 1), "only one's own are taken back");
    let found = ask_at(&snapshot, "drift", 50, true);
    let hidden: BTreeMap<EntryId, Option<Hidden>> = found.hits.iter().map(|hit| (hit.id, hit.hidden)).collect();
    assert_eq!(
        (hidden[&id(1)], hidden[&id(3)], hidden[&id(4)]),
        (Some(Hidden::Superseded), Some(Hidden::Retracted), None)
    );
    assert_eq!(snapshot.links_to(&id(3)).unwrap().len(), 1);
    // When the retraction goes, what it took back is there again.
    engine.remove(LogId(org(2).0), 4..5);
    engine.commit(&Cursor::default()).unwrap();
    let found = ask_at(&engine.snapshot(Some(&snapshot)).unwrap(), "drift", 50, false);
    assert_eq!((found.total, found.superseded, found.retracted), (3, 1, 0));
}

const WORDS: [&str; 12] = [
    "drift",
    "bias",
    "model",
    "models",
    "long",
    "context",
    "評価",
    "モデル評価",
    "évaluation",
    "evaluations",
    "7B",
    "leak",
];
const QUERIES: [&str; 9] = [
    "drift",
    "model",
    "bias model",
    "\"long context\"",
    "evaluation -leak",
    "評価",
    "type:note",
    "model tag:bias",
    "drift type:finding",
];

/// A made-up publication: a choice of words, its organisation and its age.
type Row = (Vec<usize>, u64, u64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((prop::collection::vec(0..WORDS.len(), 1..12), 0_u64..4, 0_u64..400), 1..40)
}

fn made_up(n: usize, (words, by, days): &Row) -> Indexed {
    let words: Vec<&str> = words.iter().map(|n| WORDS[*n]).collect();
    let language = ["en", "fr", "ja"][n % 3];
    let mut publication = json!({
        "type": "note", "title": words[0], "body": words.join(" "), "language": language, "tags": [words[words.len() - 1]],
    });
    if n.is_multiple_of(4) {
        publication["type"] = json!("finding");
        publication["nature"] = json!("capability");
        publication["models"] = json!([{ "name": words[0] }]);
    }
    indexed(n as u64, *by, *days, &publication)
}

fn answers(snapshot: &Snapshot) -> Vec<Found> {
    QUERIES.iter().map(|query| ask_at(snapshot, query, 15, false)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Two nodes with the same publications answer alike: in whatever order and in how many commits they came, and
    /// whatever else was there and left.
    #[test]
    fn the_same_publications_give_the_same_answers(
        rows in rows(),
        others in rows(),
        order in any::<u64>(),
        commits in 1_usize..6,
        purge: bool,
    ) {
        let all: Vec<Indexed> = rows.iter().enumerate().map(|(n, row)| made_up(n, row)).collect();
        let straight = tempfile::tempdir().unwrap();
        let expected = answers(&build(straight.path(), &all).snapshot(None).unwrap());

        let folder = tempfile::tempdir().unwrap();
        let mut mixed = all.clone();
        mixed.extend(others.iter().enumerate().map(|(n, row)| made_up(n + 1_000, row)));
        mixed.sort_by_key(|one| sha256(&[&order.to_le_bytes(), &one.id.0]));
        let (mut engine, cursor, _) = Engine::open(folder.path(), NETWORK).unwrap();
        for part in mixed.chunks(mixed.len().div_ceil(commits)) {
            part.iter().for_each(|one| engine.add(one).unwrap());
            engine.commit(&cursor).unwrap();
        }
        let before = engine.snapshot(None).unwrap();
        for one in mixed.iter().filter(|one| one.seq >= 1_000) {
            engine.remove(one.log, one.seq..one.seq + 1);
        }
        engine.commit(&cursor).unwrap();
        if purge {
            engine.purge().unwrap();
        }
        let found = answers(&engine.snapshot(Some(&before)).unwrap());
        prop_assert_eq!(found, expected);
    }
}

/// Whether a term stands in any dictionary, of something that is shown or not.
fn in_dictionaries(snapshot: &Snapshot, term: &str) -> bool {
    let term = Term::from_field_text(snapshot.fields.text, term);
    let mut readers = snapshot.segments.iter().flat_map(|segment| &segment.scored);
    readers.any(|reader| reader.get_term_info(&term).unwrap().is_some())
}

fn files(folder: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.len() > 36).collect()
}

/// PROTOCOL 5: what is erased leaves the index, and its text the files.
#[test]
fn of_what_was_removed_no_word_is_left_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let all = [indexed(1, 1, 1, &note("Kept", "something else")), indexed(2, 1, 1, &note("Gone", "canary"))];
    let mut engine = build(folder.path(), &all);
    let snapshot = engine.snapshot(None).unwrap();
    let with = files(folder.path());
    assert!(in_dictionaries(&snapshot, "en canari") && !with.is_empty());
    assert_eq!(ask(&snapshot, "canary"), [id(2)]);
    engine.remove(LogId(org(1).0), 2..3);
    engine.commit(&Cursor::default()).unwrap();
    let removed = engine.snapshot(Some(&snapshot)).unwrap();
    assert_eq!(ask(&removed, "canary"), []);
    assert!(in_dictionaries(&removed, "en canari"), "until it is cleaned, it is only marked");
    drop((snapshot, removed));
    assert!(engine.purge().unwrap());
    let cleaned = engine.snapshot(None).unwrap();
    assert!(!in_dictionaries(&cleaned, "en canari"));
    assert!(files(folder.path()).is_disjoint(&with), "the files in which it stood are deleted");
    assert_eq!(ask(&cleaned, "something"), [id(1)]);
}

#[test]
fn it_is_kept_where_it_can_be_and_else_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let at = At { len: 3, head: id(2), skipped: [1].into() };
    let cursor = Cursor { logs: [(LogId(org(1).0), at)].into() };
    let open = |network| Engine::open(&path, network).unwrap();
    let (mut engine, empty, opened) = open(NETWORK);
    assert_eq!((opened, empty), (Opened::New, Cursor::default()));
    engine.add(&indexed(2, 1, 1, &note("Kept", "-"))).unwrap();
    engine.commit(&cursor).unwrap();
    // What comes after the last commit is gone, and done again.
    engine.add(&indexed(3, 1, 1, &note("Lost", "-"))).unwrap();
    drop(engine);
    let (engine, kept, opened) = open(NETWORK);
    assert_eq!((opened, kept), (Opened::Kept, cursor.clone()));
    assert_eq!(ask(&engine.snapshot(None).unwrap(), "kept"), [id(2)]);
    assert_eq!(ask(&engine.snapshot(None).unwrap(), "lost"), []);
    drop(engine);

    let (engine, _, opened) = open(NetworkId([8; 32]));
    assert_eq!(opened, Opened::Thrown("it is of another alliance".to_owned()));
    drop(engine);
    let (mut engine, _, _) = open(NETWORK);
    engine.add(&indexed(2, 1, 1, &note("Kept", "-"))).unwrap();
    engine.commit(&cursor).unwrap();
    drop(engine);
    let meta = std::fs::read_to_string(path.join("meta.json")).unwrap();
    let version = format!("\\\"version\\\":{VERSION}");
    assert!(meta.contains(&version), "{meta}");
    std::fs::write(path.join("meta.json"), meta.replace(&version, "\\\"version\\\":0")).unwrap();
    let (mut engine, _, opened) = open(NETWORK);
    assert!(matches!(&opened, Opened::Thrown(reason) if reason.contains("version 0")), "{opened:?}");

    engine.add(&indexed(2, 1, 1, &note("Kept", "-"))).unwrap();
    engine.commit(&cursor).unwrap();
    drop(engine);
    let file = std::fs::read_dir(&path).unwrap().map(|file| file.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|end| end == "idx")).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (engine, fresh, opened) = open(NETWORK);
    assert!(matches!(&opened, Opened::Thrown(reason) if reason.contains("damaged")), "{opened:?}");
    assert_eq!(fresh, Cursor::default());
    assert_eq!(ask(&engine.snapshot(None).unwrap(), "kept"), []);
}

#[test]
fn the_names_of_filters_are_those_of_the_readme() {
    let names: Vec<&str> = Key::ALL.iter().map(|key| key.name()).collect();
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    for name in names {
        assert!(readme.contains(&format!("`{name}:`")), "{name}: is not in the README");
    }
}
