//! The commands and what they say when something is wrong.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::cluster::{Node, program, three, until};

#[test]
fn a_daemon_stops_in_order_and_its_home_is_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    node.run(&["run"]).badly(1, "another lyceum works in");
    let (code, took) = node.stop();
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(!node.home.join("socket").exists());
    node.run(&["status"]).badly(3, "no daemon runs");
    node.start();
    assert_eq!(node.status()["org_name"], "Lab");
}

#[test]
fn a_socket_that_a_killed_daemon_left_is_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    let id = node.publish("acknowledged");
    node.kill();
    assert!(node.home.join("socket").exists());
    node.run(&["log"]).badly(3, "no daemon runs");
    node.start();
    assert_eq!(node.log_ids(), [id].into());
}

#[test]
fn a_home_whose_path_is_too_long_for_a_socket_works_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(&folder.path().join("x".repeat(100)), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    assert_eq!(node.status()["org_name"], "Lab");
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let node = Node::unmade(folder.path().join("a"));
    let listen = format!("/ip4/127.0.0.1/tcp/{port}");
    node.run(&["init", "--org", "Lab", "--listen", &listen, "--no-passphrase"]).well();
    node.run(&["found", "--name", "Alliance"]).well();
    node.run(&["run"]).badly(1, "the port is in use");
}

#[test]
fn the_home_is_private_and_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::make(folder.path(), "Lab");
    let mode = |path: &str| std::fs::metadata(node.home.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(""), mode("keys"), mode("keys/root"), mode("config.toml")], [0o700, 0o700, 0o600, 0o600]);
    node.run(&["init", "--org", "Other", "--no-passphrase"]).badly(4, "there is a node in");
    node.run(&["run"]).badly(4, "belongs to no alliance yet");
    node.run(&["invite"]).badly(4, "belongs to no alliance yet");
    std::fs::write(node.home.join("config.toml"), "listen = []\nportt = 1\n").unwrap();
    node.run(&["found", "--name", "Alliance"]).well();
    node.run(&["run"]).badly(2, "portt");
}

#[test]
fn keys_with_a_passphrase_open_with_the_file_that_is_named_and_not_without() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("a");
    let file = folder.path().join("passphrase");
    std::fs::write(&file, "correct horse\n").unwrap();
    let run = |args: &[&str], named: bool| {
        let mut command = program();
        command.arg("--home").arg(&home).args(args);
        if named {
            command.env("LYCEUM_PASSPHRASE_FILE", &file);
        }
        crate::cluster::Ended::from(command.output().unwrap())
    };
    run(&["init", "--org", "Lab"], false).badly(2, "need a passphrase");
    run(&["init", "--org", "Lab"], true).well();
    assert!(std::fs::read(home.join("keys/root")).unwrap().starts_with(b"age-encryption.org/v1\n"));
    run(&["found", "--name", "Alliance"], false).badly(1, "locked with a passphrase");
    run(&["found", "--name", "Alliance"], true).well();
    std::fs::write(&file, "wrong\n").unwrap();
    run(&["run"], true).badly(1, "the passphrase does not open the node key");
}

#[test]
fn an_invitation_with_a_typo_says_so_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [founder, other] = ["Founder", "Other"].map(|name| Node::make(folder.path(), name));
    founder.run(&["found", "--name", "Alliance"]).well();
    founder.run(&["invite"]).badly(4, "--announce");
    let line = founder.run(&["invite", "--announce", "/ip4/127.0.0.1/tcp/4820"]).well().stdout;
    assert_eq!(line.lines().count(), 1);
    let line = line.trim();
    let digit = if &line[20..21] == "a" { "b" } else { "a" };
    let typo = format!("{}{digit}{}", &line[..20], &line[21..]);
    other.run(&["join", &typo]).badly(2, "typo");
    other.run(&["join", &line[..line.len() - 7]]).badly(2, "missing");
    other.run(&["join", "hello"]).badly(2, "begins with lyceum1");
    assert!(!other.home.join("alliance.toml").exists());
    other.run(&["join", line]).well();
    other.run(&["join", line]).badly(4, "already");
    other.run(&["found", "--name", "Mine"]).badly(4, "already");
}

#[test]
fn all_files_are_checked_before_the_first_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let good = file("good.md", "---\ntitle: Good\n---\nText.\n");
    let bad = file("bad.md", "---\ntitle: [Bad\n---\nText.\n");
    let amber = file("amber.md", "---\ntitle: Secret\nmarking: AMBER\n---\nText.\n");
    node.run(&["publish", &good, &bad]).badly(2, "bad.md:3:");
    node.run(&["publish", &good, &amber]).badly(4, "amber.md:3:");
    node.run(&["publish", &good, "--marking", "RED"]).badly(4, "RED");
    assert!(node.log_ids().is_empty());
    let first = node.run(&["publish", &good, "--json"]).well().objects().remove(0);
    assert_eq!((first["title"].as_str(), first["marking"].as_str()), (Some("Good"), Some("GREEN")));
    let again = node.run(&["publish", &good, "--json"]).well().objects().remove(0);
    assert_eq!((&again["id"], again["unchanged"].as_bool()), (&first["id"], Some(true)));
    file("good.md", "---\ntitle: Good\n---\nBetter text.\n");
    node.run(&["publish", &good]).badly(4, "has changed");
    let second = node.run(&["publish", &good, "--supersede", "--json"]).well().objects().remove(0);
    assert_eq!(second["links"], serde_json::json!([{ "rel": "supersedes", "target": first["id"] }]));
    let again = node.run(&["publish", &good, "--json"]).well().objects().remove(0);
    assert_eq!((&again["id"], again["unchanged"].as_bool()), (&second["id"], Some(true)));
    // Back to the first text: that is a change again.
    file("good.md", "---\ntitle: Good\n---\nText.\n");
    node.run(&["publish", &good]).badly(4, "has changed");
    node.run(&["publish", &good, "--supersede"]).well();
    assert_eq!(node.run(&["log", "--all", "--json"]).well().objects().len(), 3);
    until("only the newest version is listed", || node.log_ids().len() == 1);
    node.stop();
    node.start();
    let again = node.run(&["publish", &good, "--json"]).well().objects().remove(0);
    assert_eq!(again["unchanged"].as_bool(), Some(true), "after a restart too: {again}");
}

#[test]
fn what_front_matter_holds_for_others_is_one_line_and_not_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    let file = |number: usize, keys: &str| {
        let path = folder.path().join(format!("{number}.md"));
        std::fs::write(&path, format!("---\ntitle: Note {number}\n{keys}---\nText {number}.\n")).unwrap();
        path.display().to_string()
    };
    let two = file(0, "slug: /a\nlayout: post\n");
    let ended = node.run(&["publish", &two]).well();
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("0.md: \"slug\", \"layout\" in the front matter are not fields"), "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    let many: Vec<String> = (1..=30).map(|number| file(number, "slug: /a\n")).collect();
    let args = |flags: &[&'static str]| -> Vec<String> {
        ["publish"].iter().chain(flags).map(|arg| (*arg).to_owned()).chain(many.iter().cloned()).collect()
    };
    let run = |args: Vec<String>| node.run(&args.iter().map(String::as_str).collect::<Vec<_>>()).well();
    let ended = run(args(&["--json"]));
    assert_eq!((ended.objects().len(), ended.stderr.as_str()), (30, ""));
    let ended = run(args(&["--new"]));
    assert!(ended.stderr.contains("1.md and 29 more files: \"slug\" in the front matter"), "{}", ended.stderr);
    assert_eq!(ended.stdout.matches("unchanged").count(), 30, "{}", ended.stdout);
}

#[test]
fn an_exported_entry_verifies_offline_and_no_changed_byte_passes() {
    let folder = tempfile::tempdir().unwrap();
    let mut nodes = three(folder.path());
    let id = nodes[2].publish("A finding");
    until("the founder has it", || nodes[0].log_ids().contains(&id));
    let file = folder.path().join("entry").display().to_string();
    nodes[0].run(&["show", &id, "--raw", &file]).well();
    let alliance = nodes[0].status()["alliance"].as_str().unwrap().to_owned();
    // A machine without a home.
    let outside = Node::unmade(folder.path().join("nowhere"));
    let verdict = outside.run(&["verify", &file, "--json"]).well().objects().remove(0);
    assert_eq!((verdict["valid"].as_bool(), verdict["rests_on"].as_str()), (Some(true), Some("member")));
    assert_eq!(verdict["id"].as_str(), Some(id.as_str()));
    let trusted = outside.run(&["verify", &file, "--json", "--alliance", &alliance]).well().objects().remove(0);
    assert_eq!(trusted["rests_on"], "trusted");
    // A home trusts its own alliance, whether its daemon runs or not.
    let verdict = nodes[1].run(&["verify", &file, "--json"]).well().objects().remove(0);
    assert_eq!(verdict["rests_on"], "trusted");
    nodes[1].stop();
    let verdict = nodes[1].run(&["verify", &file, "--json"]).well().objects().remove(0);
    assert_eq!(verdict["rests_on"], "trusted");
    outside.run(&["verify", &file, "--alliance", &"0".repeat(64)]).badly(5, "belongs to alliance");
    let bytes = std::fs::read(&file).unwrap();
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(&file, &changed).unwrap();
        outside.run(&["verify", &file]).badly(5, "does not verify");
    }
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    outside.run(&["verify", &file]).badly(5, "does not verify");
}

#[test]
fn what_others_wrote_cannot_play_with_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    let note = "{\"type\":\"note\",\"title\":\"a\\u001b[2Jb\\u202ec\",\"body\":\"x\\u001b]0;y\\u0007z\\nnext\"}";
    let entry = node.run_with(&["publish", "-", "--json"], note.as_bytes()).well().objects().remove(0);
    let id = entry["id"].as_str().unwrap();
    for args in [&["log"][..], &["show", id]] {
        let shown = node.run(args).well().stdout;
        let stray = shown.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(stray, None, "{shown:?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    use std::process::Stdio;
    let mut child = program().arg("man").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = crate::cluster::Ended::from(child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
}
