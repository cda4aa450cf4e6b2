//! Importing files, as people and scripts meet it: once each, paced by the quota, and without what must not leave.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::cluster::{Ended, Node};

/// A file that was written for the tests of the importers.
fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/fixtures").join(name).display().to_string()
}

fn import(node: &Node, files: &[&str], more: &[&str]) -> Ended {
    let files: Vec<String> =
        files.iter().map(|name| if name.contains('/') { (*name).to_owned() } else { fixture(name) }).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    node.run(&[&["import"], files.as_slice(), more].concat())
}

fn lab(folder: &Path) -> Node {
    let mut node = Node::make(folder, "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    node
}

fn ids(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["id"].as_str().unwrap()).collect()
}

#[test]
fn what_is_asked_in_a_wrong_way_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let node = lab(folder.path());
    import(&node, &["avid.jsonl"], &["--dry-run", "--keep", "emial"]).badly(2, "home-folder, host, account, email");
    let unheard = import(&node, &["avid.jsonl"], &["--dry-run", "--keep", "body"]).well();
    assert!(unheard.stderr.contains("--keep body: no file has something left out"), "{}", unheard.stderr);
    import(&node, &["lm_eval_0_4.json"], &[]).well();
    let again = import(&node, &["lm_eval_0_4.json"], &["--attach-source", "--keep", "home-folder,host,email"]).well();
    assert!(again.stderr.contains("was not attached now: `lyceum attach "), "{}", again.stderr);
    let twice = folder.path().join("twice.json");
    std::fs::write(&twice, std::fs::read_to_string(fixture("lm_eval_0_4.json")).unwrap().repeat(2)).unwrap();
    import(&node, &[&twice.display().to_string()], &[]).badly(1, "one file holds one of them");
}

#[test]
fn two_imports_of_one_file_at_once_publish_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let node = lab(folder.path());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| import(&node, &["lm_eval_0_4.json", "avid.jsonl"], &[]).well());
        }
    });
    assert_eq!(node.log_ids().len(), 6);
}

#[test]
fn a_file_is_imported_once_whatever_it_is_called_and_again_when_forced() {
    let folder = tempfile::tempdir().unwrap();
    let node = lab(folder.path());
    let files = ["lm_eval_0_4.json", "avid.jsonl", "note.fr.md", "helm"];
    let first = import(&node, &files, &["--json"]).well().objects();
    assert_eq!(first.len(), 8);
    let keys: Vec<&str> = first[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["file", "findings", "format", "id", "left_out", "marking", "reason", "title"]);
    assert_eq!(
        (&first[1]["format"], &first[1]["findings"], &first[1]["reason"]),
        (&json!("avid"), &json!(5), &Value::Null)
    );
    assert_eq!(first[0]["left_out"][0]["field"], "pretty_env_info");

    // The same files, and a copy under another name.
    let copy = folder.path().join("copy.txt").display().to_string();
    std::fs::copy(fixture("lm_eval_0_4.json"), &copy).unwrap();
    let again = import(&node, &files, &["--json"]).well().objects();
    assert_eq!(ids(&again), ids(&first));
    assert!(again.iter().all(|object| object["reason"] == "published before"));
    assert_eq!(ids(&import(&node, &[&copy], &["--json"]).well().objects()), ids(&first[..1]));
    assert_eq!(node.log_ids().len(), 8);

    let forced = import(&node, &[&copy], &["--json", "--again"]).well().objects();
    assert_ne!(forced[0]["id"], first[0]["id"]);
    assert_eq!(node.log_ids().len(), 9);
    let shown = node.run(&["log", "--json", "-n", "1"]).well().objects().remove(0);
    assert_eq!((&shown["id"], &shown["marking"]), (&forced[0]["id"], &json!("GREEN")));

    // What is kept by name makes no other finding of it.
    let contact = folder.path().join("contact.md");
    std::fs::write(&contact, "# Where to ask\n\nWrite to results@lab.test about this run.\n").unwrap();
    let contact = contact.display().to_string();
    let bare = import(&node, &[&contact], &["--json"]).well().objects();
    let kept = import(&node, &[&contact], &["--json", "--keep", "email"]).well().objects();
    assert_eq!((ids(&kept), &kept[0]["reason"]), (ids(&bare), &json!("published before")));
    let kept = import(&node, &[&contact], &["--json", "--keep", "email", "--again"]).well().objects();
    let shown = node.run(&["show", kept[0]["id"].as_str().unwrap()]).well().stdout;
    assert!(shown.contains("results@lab.test"), "{shown}");
}

#[test]
fn a_dry_run_needs_no_daemon_and_shows_what_would_be_published() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::unmade(folder.path().join("none"));
    let text = import(&node, &["inspect_v2.json"], &["--dry-run", "--marking", "CLEAR"]).well().stdout;
    for words in [
        "Dry run: mockllm/model on guide",
        "CLEAR: anyone may read it",
        "0.75",
        "left out: eval.metadata: may name accounts",
        "without a score: guide mean",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let object = import(&node, &["inspect_v2.json"], &["--dry-run", "--json"]).well().objects().remove(0);
    assert_eq!((&object["id"], &object["publication"]["import"]["stub"]), (&Value::Null, &json!(true)));
    // What the file says is not changed, and is doubted.
    let outside = folder.path().join("outside.json");
    let record = std::fs::read_to_string(fixture("every_eval_ever_0_2.json")).unwrap();
    std::fs::write(&outside, record.replace("\"score\": 0.4486", "\"score\": 44.86")).unwrap();
    let outside = outside.display().to_string();
    let text = import(&node, &[&outside], &["--dry-run"]).well().stdout;
    assert!(text.contains("doubtful: the score 44.86 of \"IFEval\" is outside"), "{text}");
    let object = import(&node, &[&outside], &["--dry-run", "--json"]).well().objects().remove(0);
    assert_eq!(object["doubts"].as_array().unwrap().len(), 1);
    import(&node, &["inspect_v2.json"], &[]).badly(3, "no daemon runs");
    import(&node, &["inspect_v2.json"], &["--attach-source"]).badly(4, "holds what must not leave");
    import(&node, &["inspect_v2.json"], &["--keep", "secret"]).badly(4, "never published");
}

#[test]
fn one_bad_file_keeps_no_other_from_being_imported() {
    let folder = tempfile::tempdir().unwrap();
    let node = lab(folder.path());
    let cut = folder.path().join("cut.json").display().to_string();
    let whole = std::fs::read(fixture("osv.json")).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let ended =
        import(&node, &[&cut, "lighteval.json", "osv.json"], &["--json"]).badly(1, "2 of 3 files were not imported");
    let objects = ended.objects();
    assert!(objects[0]["reason"].as_str().unwrap().contains("is cut off"));
    assert_eq!(
        (&objects[1]["format"], &objects[1]["id"], &objects[1]["findings"]),
        (&json!("lighteval"), &Value::Null, &json!(0))
    );
    assert_eq!(node.log_ids().len(), 1);
}

#[test]
fn what_has_room_is_published_and_the_rest_is_told_when() {
    let folder = tempfile::tempdir().unwrap();
    // Six findings have room.
    let mut node = crate::quota::small(folder.path());
    let files = ["ailuminate.json", "osv.json", "avid.jsonl", "osv.yaml"];
    let ended = import(&node, &files, &["--json"]).badly(4, "6 findings were published, 2 wait");
    let error: Value = serde_json::from_str(&ended.stderr).unwrap();
    assert!(error["next_step"].as_str().unwrap().contains(error["until"].as_str().unwrap()), "{error}");
    let waiting: Vec<Value> = ended.objects().into_iter().filter(|object| object["id"].is_null()).collect();
    assert_eq!(
        (&waiting[0]["reason"], &waiting[0]["waiting"]),
        (&json!("1 of 5 findings wait for room in the quota"), &json!(1))
    );
    assert_eq!((waiting.len(), node.log_ids().len()), (2, 6));

    // Begun again, also after a crash, nothing is published twice and the rest still waits.
    node.kill();
    node.start();
    let again = import(&node, &files, &["--json"]).badly(4, "0 findings were published, 2 wait").objects();
    let before = again.iter().filter(|object| object["reason"] == "published before").count();
    assert_eq!((before, node.log_ids().len()), (6, 6));
}

#[test]
fn the_parts_of_a_long_evaluation_name_the_first_one() {
    let folder = tempfile::tempdir().unwrap();
    let node = lab(folder.path());
    let card = folder.path().join("README.md").display().to_string();
    let metrics: String = (0..1_200)
        .map(|n| format!("  - dataset: {{name: task {n}}}\n    metrics: [{{type: accuracy, value: 0.{n}}}]\n"))
        .collect();
    std::fs::write(&card, format!("---\nmodel-index:\n- name: m\n  results:\n{metrics}---\n")).unwrap();
    let parts = import(&node, &[&card], &["--json", "--all"]).well().objects();
    assert!(parts.len() > 1, "{}", parts.len());
    let shown =
        |object: &Value| node.run(&["show", object["id"].as_str().unwrap(), "--json"]).well().objects().remove(0);
    let find = |page: &Value, field: &str| {
        page.pointer(&format!("/publication/{field}")).cloned().unwrap_or_else(|| panic!("{page:#}"))
    };
    assert_eq!(find(&shown(&parts[0]), "import/part"), json!({"number": 1, "of": parts.len()}));
    let last = shown(parts.last().unwrap());
    assert_eq!(find(&last, "import/part"), json!({"number": parts.len(), "of": parts.len(), "first": parts[0]["id"]}));
    assert_eq!(find(&last, "links"), json!([{"rel": "cites", "target": parts[0]["id"]}]));
    let again = import(&node, &[&card], &["--json", "--all"]).well().objects();
    assert_eq!(ids(&again), ids(&parts));
}

#[test]
fn a_secret_is_never_published_by_no_way() {
    let folder = tempfile::tempdir().unwrap();
    let node = lab(folder.path());
    let token = ["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].concat();
    let note = folder.path().join("note.md").display().to_string();
    std::fs::write(&note, format!("# Note\n\nuse {token}\n")).unwrap();
    let refused =
        node.run(&["publish", &note]).badly(4, "note.md:3:5: body: holds what looks like a secret (GitHub token)");
    assert!(!refused.stderr.contains(&token));
    let body = json!({ "items": [{ "publication": { "type": "note", "title": format!("My {token}") } }] }).to_string();
    let mut stream = UnixStream::connect(node.home.join("socket")).unwrap();
    let headers = format!("Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    write!(stream, "POST /publish HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 422 ") && answer.contains("title holds what looks like a secret"), "{answer}");
    assert!(node.log_ids().is_empty());

    // Imported, the note leaves without it, and says so.
    let object = import(&node, &[&note], &["--json"]).well().objects().remove(0);
    assert!(object["left_out"][0]["reason"].as_str().unwrap().starts_with("a secret (GitHub token)"), "{object}");
    let page = node.run(&["show", object["id"].as_str().unwrap(), "--json"]).well().stdout;
    assert!(!page.contains(&token) && page.contains("[left out: a secret]"), "{page}");
}
