//! How an alliance comes to be, and what its members see of each other.

use std::collections::BTreeSet;

use crate::cluster::{Node, three, until_agreed};

#[test]
fn three_organisations_share_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path());
    let published: BTreeSet<String> =
        nodes.iter().flat_map(|node| (0..3).map(|n| node.publish(&format!("note {n}")))).collect();
    let all: Vec<&Node> = nodes.iter().collect();
    until_agreed(&all, 9);
    for node in &nodes {
        assert_eq!(node.log_ids(), published);
        let status = node.status();
        assert_eq!(status["healthy"], true, "{}", status["problems"]);
        assert_eq!(status["peers"].as_array().unwrap().len(), 2);
        for id in &published {
            let page = node.run(&["show", &id[..8], "--json"]).well().objects().remove(0);
            assert_eq!((page["id"].as_str(), page["signature_valid"].as_bool()), (Some(id.as_str()), Some(true)));
        }
    }
    let members = nodes[2].run(&["members", "--json"]).well().objects();
    let seats: BTreeSet<_> =
        members.iter().map(|member| (member["name"].as_str().unwrap(), member["state"].as_str().unwrap())).collect();
    assert_eq!(seats, [("Carded", "firm"), ("Founder", "firm"), ("Invited", "provisional")].into());
    assert!(members.iter().all(|member| member["admitted_at"].is_string() && member["by"].is_string()));
}

#[test]
fn the_log_is_ordered_by_claim_and_then_id_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path());
    for n in 0..4 {
        nodes[n % 3].publish(&format!("note {n}"));
    }
    let all: Vec<&Node> = nodes.iter().collect();
    until_agreed(&all, 4);
    let log = nodes[1].run(&["log", "--json"]).well().objects();
    let keys: Vec<_> = log.iter().map(|entry| (entry["time"].to_string(), entry["id"].to_string())).collect();
    assert!(keys.is_sorted_by(|a, b| a > b), "newest first: {keys:?}");
    let of_founder = nodes[1].run(&["log", "--json", "--org", "founder"]).well().objects();
    assert_eq!(of_founder.len(), 2);
    assert_eq!(nodes[1].run(&["log", "--json", "-n", "1"]).well().objects(), log[..1]);
    assert_eq!(nodes[1].run(&["log", "--json", "--type", "finding"]).well().objects().len(), 0);
    assert_eq!(nodes[1].run(&["log", "--json", "--since", "1h"]).well().objects().len(), 4);
}

#[test]
fn a_node_that_was_away_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut nodes = three(folder.path());
    nodes[1].publish("before");
    nodes[1].kill();
    let files: Vec<String> = (0..200)
        .map(|n| {
            let path = folder.path().join(format!("{n}.md"));
            std::fs::write(&path, format!("# Note {n}\n\nText {n}.\n")).unwrap();
            path.display().to_string()
        })
        .collect();
    let args: Vec<&str> = ["publish", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    assert_eq!(nodes[0].run(&args).well().objects().len(), 200);
    nodes[1].start();
    until_agreed(&[&nodes[0], &nodes[1], &nodes[2]], 201);
}

#[test]
fn what_is_published_before_the_seat_is_taken_stands_when_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let [mut founder, mut newcomer] = ["Founder", "Newcomer"].map(|name| Node::make(folder.path(), name));
    founder.run(&["found", "--name", "Alliance"]).well();
    founder.start();
    let line = founder.run(&["invite"]).well().stdout;
    let address = founder.said("listen").to_owned();
    founder.kill();
    newcomer.run(&["join", line.trim()]).well();
    newcomer.start();
    let id = newcomer.publish("early");
    let status = newcomer.status();
    let causes = status["problems"].to_string();
    assert!(causes.contains("no seat yet"), "{causes}");
    // The founder comes back at the address that the invitation names.
    let config = std::fs::read_to_string(founder.home.join("config.toml")).unwrap();
    std::fs::write(founder.home.join("config.toml"), config.replace("/ip4/127.0.0.1/tcp/0", &address)).unwrap();
    founder.start();
    until_agreed(&[&founder, &newcomer], 1);
    assert!(founder.log_ids().contains(&id));
}

#[test]
fn the_demonstration_ends_well() {
    let ended: crate::cluster::Ended =
        crate::cluster::program().args(["demo", "--exit", "--json"]).output().unwrap().into();
    let result = ended.well().objects().remove(0);
    assert_eq!((result["equal"].as_bool(), result["nodes"].as_array().unwrap().len()), (Some(true), 3));
}
