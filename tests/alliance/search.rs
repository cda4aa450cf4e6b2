//! Search, as people and scripts use it: on every node the same, in every language, whatever happened to the index.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{Node, three, until, until_agreed};

/// Six texts of our own: a language, a title, a body, a query with another form of a word.
const TEXTS: [(&str, &str, &str, &str); 6] = [
    ("en", "Longer prompts", "Quantised models forget more when the evaluations use longer prompts.", "evaluation"),
    (
        "fr",
        "Invites longues",
        "Les modèles quantifiés oublient davantage quand les invites sont longues.",
        "MODELE longue",
    ),
    (
        "de",
        "Längere Eingaben",
        "Quantisierte Modelle vergessen mehr, wenn die Eingaben länger werden.",
        "Modell LANGER",
    ),
    (
        "es",
        "Entradas largas",
        "Los modelos cuantizados olvidan más cuando las entradas son largas.",
        "\"modelo cuantizado\"",
    ),
    (
        "ja",
        "長い入力",
        "量子化された大規模言語モデルは、入力が長いほど多くを忘れる。GPT-4でも同じ。",
        "言語モデル 忘れる",
    ),
    ("zh-Hans", "较长的输入", "量化后的语言模型在输入较长时会遗忘更多内容。", "语言模型 遗忘"),
];
/// A moment from which all count.
const NOW: &str = "2026-11-25T00:00:00Z";

fn publish(node: &Node, publication: &Value) -> String {
    let ended = node.run_with(&["publish", "-", "--json"], publication.to_string().as_bytes()).well();
    ended.objects()[0]["id"].as_str().unwrap().to_owned()
}

fn search(node: &Node, args: &[&str]) -> Vec<Value> {
    node.run(&[&["search", "--json", "--now", NOW], args].concat()).well().objects()
}

fn ids(hits: &[Value]) -> Vec<String> {
    hits.iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the index of each holds so many publications and lacks nothing.
#[track_caller]
fn until_indexed(nodes: &[&Node], publications: u64) {
    until("the index is complete", || {
        nodes.iter().all(|node| {
            let index = node.status()["index"].clone();
            index["publications"] == publications && index["behind_entries"] == 0
        })
    });
}

/// Asks all of them everything; they have to answer alike.
#[track_caller]
fn assert_equal_answers(nodes: &[&Node], queries: &[&str]) {
    for query in queries {
        let answers: Vec<Vec<Value>> = nodes.iter().map(|node| search(node, &[query, "-n", "100"])).collect();
        assert!(!answers[0].is_empty(), "{query}");
        for answer in &answers[1..] {
            assert_eq!(ids(answer), ids(&answers[0]), "{query}");
            let scores = |hits: &[Value]| hits.iter().map(|hit| hit["score"].clone()).collect::<Vec<_>>();
            assert_eq!(scores(answer), scores(&answers[0]), "{query}");
        }
    }
}

#[test]
fn every_language_is_found_on_every_node_and_what_was_taken_back_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path());
    let text = |(language, title, body, _): &(&str, &str, &str, &str)| json!({ "type": "note", "title": title, "body": body, "language": language, "tags": ["Gedächtnis"] });
    let published: Vec<String> =
        TEXTS.iter().zip([0, 1, 2, 0, 1, 2]).map(|(row, n)| publish(&nodes[n], &text(row))).collect();
    let all: Vec<&Node> = nodes.iter().collect();
    until_agreed(&all, 6);
    until_indexed(&all, 6);
    for ((language, _, _, query), id) in TEXTS.iter().zip(&published) {
        for node in &nodes {
            assert_eq!(ids(&search(node, &[query])), [id.as_str()], "{query}");
            assert_eq!(ids(&search(node, &["tag:gedachtnis", "--language", language])), [id.as_str()], "{language}");
        }
    }
    let hit = search(&nodes[2], &["modell länger"]).remove(0);
    assert_eq!(hit["type"], "note");
    assert_eq!(hit["title"], "Längere Eingaben");
    assert!(hit["snippet"].as_str().unwrap().contains("Modelle vergessen mehr"), "{hit}");
    assert_eq!(hit["org"], nodes[2].status()["org"]);
    assert_eq!(search(&nodes[0], &["tag:gedächtnis", "--org", "Carded"]).len(), 2);
    assert_eq!(search(&nodes[0], &["tag:gedächtnis", "until:2020-01-01"]).len(), 0);
    assert_equal_answers(&all, &["tag:gedächtnis", "type:note", "type:note -vergessen", "tag:gedächtnis -evaluation"]);

    let bad = nodes[0].run(&["search", "prompts author:me"]).badly(2, "at character 9: there is no filter \"author\"");
    assert!(bad.stderr.contains("org: type: nature:"), "{}", bad.stderr);
    nodes[0].run(&["search"]).badly(2, "nothing to look for");
    nodes[0].run(&["search", "\"open"]).badly(2, "not closed");

    let reason = "The split was wrong.";
    let target = |n: usize| json!([{ "rel": "retracts", "target": published[n] }]);
    let notice = |n: usize| json!({ "type": "notice", "title": format!("Taken back {n}"), "reason": reason, "body": reason, "links": target(n) });
    // By its own organisation; another one may not.
    publish(&nodes[0], &notice(0));
    nodes[0].run_with(&["publish", "-", "--json"], notice(1).to_string().as_bytes()).badly(4, "would have no effect");
    until_agreed(&all, 7);
    until_indexed(&all, 7);
    for node in &nodes {
        let ended = node.run(&["search", "evaluation"]).well();
        assert!(!ended.stdout.contains("Longer prompts"), "{}", ended.stdout);
        assert!(ended.stderr.contains("1 retracted"), "{}", ended.stderr);
        assert!(node.run(&["search", "evaluation", "--all"]).well().stdout.contains("[RETRACTED]"));
        assert_eq!(ids(&search(node, &["longue"])), [published[1].clone()]);
        let log = node.run(&["log"]).well();
        assert!(
            !log.stdout.contains("Longer prompts") && log.stderr.contains("1 retracted"),
            "{}{}",
            log.stdout,
            log.stderr
        );
        assert!(node.run(&["log", "--all"]).well().stdout.contains("[RETRACTED]"));
        let shown = node.run(&["show", &published[0]]).well().stdout;
        assert!(shown.contains("RETRACTED") && shown.contains(reason), "{shown}");
        assert!(!node.run(&["show", &published[1]]).well().stdout.contains("RETRACTED"));
    }
}

#[test]
fn an_index_that_is_killed_or_lost_answers_as_the_others_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut nodes = three(folder.path());
    let words = ["drift", "bias", "leak", "model", "prompt", "benchmark", "refusal"];
    let files: Vec<String> = (0..240_usize)
        .map(|n| {
            let body: Vec<&str> = (0..5).map(|at| words[(n * 7 + at * (n % 5 + 1)) % words.len()]).collect();
            let path = folder.path().join(format!("{n}.md"));
            let front = format!("---\ntitle: Note {n} on {}\nlanguage: en\n---\n", body[0]);
            std::fs::write(&path, format!("{front}{}\n", body.join(" "))).unwrap();
            path.display().to_string()
        })
        .collect();
    for (node, files) in nodes.iter().zip(files.chunks(80)) {
        let args: Vec<&str> = ["publish"].into_iter().chain(files.iter().map(String::as_str)).collect();
        node.run(&args).well();
    }
    let queries = ["drift", "bias model", "\"leak model\"", "benchmark -refusal", "type:note", "note"];
    let all: Vec<&Node> = nodes.iter().collect();
    until_agreed(&all, 240);
    until_indexed(&all, 240);
    assert_equal_answers(&all, &queries);

    // Killed while its index is built anew from the log, at one moment after another.
    for pause in [0, 20, 60, 150, 400] {
        nodes[1].kill();
        if pause == 0 {
            std::fs::remove_dir_all(nodes[1].home.join("index")).unwrap();
        }
        nodes[1].start();
        std::thread::sleep(Duration::from_millis(pause));
    }
    // Damaged while nobody looked.
    nodes[2].stop();
    std::fs::write(nodes[2].home.join("index/meta.json"), "{").unwrap();
    nodes[2].start();
    let all: Vec<&Node> = nodes.iter().collect();
    until_indexed(&all, 240);
    assert_equal_answers(&all, &queries);
    let log = std::fs::read_to_string(nodes[2].home.join("daemon.log")).unwrap();
    assert!(log.contains("the search index is thrown away and built anew"), "{log}");
}
