//! Answers to what was published: replications, disputes, new versions, retractions, and drafts in an editor.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster::{Node, three, until};

/// An evaluation as a leaderboard of some time ago wrote it.
fn record(score: f64) -> Value {
    json!({
        "schema_version": "0.2.0", "evaluation_id": "run", "retrieved_timestamp": "1770682486",
        "model_info": { "id": "EleutherAI/pythia-160m", "name": "pythia-160m", "additional_details": {} },
        "evaluation_results": [
            {
                "evaluation_name": "arc_easy", "source_data": { "dataset_name": "arc_easy" },
                "metric_config": { "metric_name": "acc", "lower_is_better": false },
                "score_details": {
                    "score": score, "uncertainty": { "standard_error": { "value": 0.0102 }, "num_samples": 2376 },
                },
            },
            { "evaluation_name": "lambada", "metric_config": { "lower_is_better": true }, "score_details": { "score": "NaN" } },
        ],
    })
}

fn finding(title: &str, score: f64) -> String {
    let models = json!([{ "name": "EleutherAI/pythia-160m", "revision": "step143000" }]);
    json!({
        "type": "finding", "nature": "evaluation", "title": title, "models": models, "evaluation": record(score),
        "taxonomies": ["owasp-llm-2025:LLM09"],
    })
    .to_string()
}

fn publish(node: &Node, text: &str) -> String {
    let published = node.run_with(&["publish", "-", "--json"], text.as_bytes()).well().objects();
    published[0]["id"].as_str().unwrap().to_owned()
}

fn publication(node: &Node, id: &str) -> Value {
    node.run(&["show", id, "--json"]).well().objects().remove(0)["publication"].clone()
}

#[test]
fn a_finding_is_replicated_disputed_superseded_and_retracted_by_whom_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path());
    let [author, other, _] = &nodes;
    let id = publish(author, &finding("Pythia on ARC", 0.4356));
    until("the other has it", || other.log_ids().contains(&id));
    let short = &id[..10];

    // Its author does not replicate it, and others neither replace it nor take it back.
    author.run(&["replicate", short]).badly(4, "to review one's own finding is no replication");
    other.run(&["retract", short, "--reason", "no"]).badly(4, "only the organisation that published it may retract it");
    let file = folder.path().join("new.json");
    std::fs::write(&file, finding("Pythia on ARC, corrected", 0.4361)).unwrap();
    let file = file.display().to_string();
    other.run(&["supersede", short, &file]).badly(4, "only the organisation that published it may supersede it");
    other.run(&["dispute", "00000000"]).badly(1, "holds no entry");
    other.run(&["dispute", "hello"]).badly(2, "is not the id of an entry");
    let note = other.publish("A note");
    until("the author has the note", || author.log_ids().contains(&note));
    author.run(&["replicate", &note]).badly(4, "only a finding can be replicated");

    author.run(&["endorse", short]).badly(4, "it stands by that anyway");
    other.run(&["comment", short]).badly(2, "a comment says something");
    other.run(&["respond", short, "perhaps"]).badly(2, "investigating");
    author.run(&["respond", &note, "affected"]).badly(4, "only a finding can be responded to");
    author.run(&["same-as", "one", "one"]).badly(2, "at least two different names");

    // The same holds for files that say so themselves.
    let file_of = |rel: &str| {
        format!("{{\"type\":\"note\",\"title\":\"t\",\"links\":[{{\"rel\":\"{rel}\",\"target\":\"{id}\"}}]}}")
    };
    let publish_link = |node: &Node, rel: &str| node.run_with(&["publish", "-"], file_of(rel).as_bytes());
    publish_link(other, "supersedes").badly(4, "only the organisation that published an entry supersedes");
    publish_link(author, "replicates").badly(4, "to review one's own finding is no replication");

    // With an evaluation of its own: what is no score goes along as such.
    let numbers = folder.path().join("record.json");
    std::fs::write(&numbers, record(0.4340).to_string()).unwrap();
    let numbers = numbers.display().to_string();
    let args = ["replicate", short, "--body", "Other machines.", "--file", &numbers, "--json"];
    let made = other.run(&args).well().objects().remove(0);
    assert_eq!(made["title"], "Replicated: Pythia on ARC");
    let review = publication(other, made["id"].as_str().unwrap());
    assert_eq!((review["type"].as_str(), review["verdict"].as_str()), (Some("review"), Some("replicates")));
    assert_eq!(review["links"], json!([{ "rel": "replicates", "target": id }]));
    assert_eq!(review["evaluation"]["schema_version"], "0.3.0");
    assert_eq!(review["unscored"][0]["task"], "lambada");
    let again = other.run(&args).well().objects().remove(0);
    assert_eq!((&again["id"], again["unchanged"].as_bool()), (&made["id"], Some(true)), "not twice");

    other.run(&["dispute", short, "--marking", "CLEAR"]).badly(4, "its title would leave the alliance");
    other.run(&["dispute", short, "--marking", "AMBER"]).badly(4, "AMBER");
    let args = ["dispute", short, "--title", "Another seed, another result", "--marking", "CLEAR", "--json"];
    let dispute = other.run(&args).well().objects().remove(0);
    assert_eq!((dispute["type"].as_str(), dispute["marking"].as_str()), (Some("review"), Some("CLEAR")));

    let new = author.run(&["supersede", short, &file, "--json"]).well().objects().remove(0);
    assert_eq!(new["links"], json!([{ "rel": "supersedes", "target": id }]));
    author.run(&["supersede", short, &file]).badly(4, "was superseded by");
    let new = new["id"].as_str().unwrap();
    author.run(&["retract", new, "--reason", " "]).badly(2, "reason");
    let gone = author.run(&["retract", new, "--reason", "The scorer was wrong", "--json"]).well().objects().remove(0);
    author.run(&["retract", new, "--reason", "once more"]).badly(4, "was retracted already");
    assert_eq!(gone["title"], "Retracted: Pythia on ARC, corrected");
    let notice = publication(author, gone["id"].as_str().unwrap());
    assert_eq!((notice["type"].as_str(), notice["reason"].as_str()), (Some("notice"), Some("The scorer was wrong")));
    // What was superseded and retracted is left out of lists, and is there all the same.
    let whole = |node: &Node| -> BTreeSet<String> {
        let lines = node.run(&["log", "--json", "--all"]).well().objects();
        lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = whole(author);
    until("all have all", || nodes.iter().all(|node| whole(node).is_superset(&all)));
}

#[test]
fn what_a_publication_says_is_shown_in_eighty_columns() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    let id = publish(&node, &finding("Pythia on ARC", 0.4356));
    let shown = node.run(&["show", &id]).well().stdout;
    for words in [
        "nature        evaluation",
        "models        EleutherAI/pythia-160m (revision step143000)",
        "taxonomy      OWASP LLM Top 10 (2025) LLM09 Misinformation",
        "0.4356",
        "± 0.0102",
        "2376",
        "lambada: NaN (the score is no finite number)",
    ] {
        assert!(shown.contains(words), "{words} in\n{shown}");
    }
    let ids = |line: &&str| !line.starts_with("organisation") && !line.starts_with("id") && !line.starts_with("node");
    let widest = shown.lines().filter(ids).max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= 80, "{widest}");
    let call = json!({ "type": "call", "title": "Who?", "ends": "2027-01-31", "models": [{ "name": "lab/m" }] });
    let shown = node.run(&["show", &publish(&node, &call.to_string())]).well().stdout;
    assert!(shown.contains("ends          2027-01-31\nmodels        lab/m\n"), "{shown}");
    let sha = "cd".repeat(32);
    let release = json!({
        "type": "release", "title": "Weights\u{1b}[2J", "name": "lab/m", "version": "1.10",
        "files": [{ "name": "a/model.safetensors", "size": 3_000_000, "sha256": sha, "address": "https://e.org/a" }],
    });
    let shown = node.run(&["show", &publish(&node, &release.to_string())]).well().stdout;
    assert!(shown.contains("a/model.safetensors, 2929 KiB, kept by no member, https://e.org/a"), "{shown}");
    assert!(shown.contains(&format!("    sha256 {sha}")) && !shown.contains('\u{1b}'), "{shown}");
    let broken = json!({ "type": "call", "title": "t", "ends": "soon" });
    node.run_with(&["publish", "-"], broken.to_string().as_bytes()).badly(2, "ends");
}

#[test]
fn a_template_is_printed_and_what_is_filled_in_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["new", "finding", "--nature", "opinion"]).badly(2, "opinion");
    node.run(&["new", "note", "--nature", "risk"]).badly(2, "--nature is for findings");
    node.run(&["new", "note"]).badly(2, "--print");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    let template = node.run(&["new", "finding", "--nature", "risk", "--print"]).well().stdout;
    let draft = folder.path().join("risk.md");
    std::fs::write(&draft, &template).unwrap();
    let path = draft.display().to_string();
    node.run(&["publish", &path]).badly(2, "risk.md:4:1: title is empty");
    let filled = template
        .replace("title: \"\"", "title: Leaks its prompt")
        .replace("[\"\"]", "[m]")
        .replace("severity: \"\"", "severity: high");
    std::fs::write(&draft, filled).unwrap();
    let made = node.run(&["publish", &path, "--json"]).well().objects().remove(0);
    let risk = publication(&node, made["id"].as_str().unwrap());
    assert_eq!((risk["severity"].as_str(), risk["status"].as_str()), (Some("high"), Some("open")));
}

/// With a terminal that `script` makes: the editor writes, the person answers.
#[test]
fn a_draft_in_an_editor_is_published_or_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    let editor = folder.path().join("editor");
    let text = "---\ntype: note\ntitle: Written here\n---\ntext\n";
    std::fs::write(&editor, format!("cat > \"$1\" <<'END'\n{text}END\n")).unwrap();
    let home = node.home.clone();
    let new = |answer: &str| {
        let lyceum = format!("{} --home {} new note", env!("CARGO_BIN_EXE_lyceum"), home.display());
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &lyceum, "/dev/null"]).env("VISUAL", format!("sh {}", editor.display()));
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().expect("script, of util-linux, makes a terminal");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
    };
    let drafts = || {
        let folder = std::fs::read_dir(home.join("drafts")).unwrap();
        folder.map(|file| file.unwrap().path().display().to_string()).collect::<Vec<_>>()
    };
    let said = new("n\n");
    assert!(said.contains("note: Written here") && said.contains("Kept as"), "{said}");
    assert!(std::fs::read_to_string(&drafts()[0]).unwrap().contains("Written here"));
    let said = new("y\n");
    assert!(said.contains("no daemon runs") && said.contains("the draft is kept as"), "{said}");
    assert_eq!(drafts().len(), 2);
    node.start();
    let ended = node.run(&["publish", &drafts()[0]]).well();
    assert!(ended.stdout.contains("Written here"), "{}", ended.stdout);
}
