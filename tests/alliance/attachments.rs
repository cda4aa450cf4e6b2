//! Files beside publications: attached by one organisation, fetched by others, with holders that die, disks that rot and
//! names that lead elsewhere.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::cluster::{Ended, Node, program, three, until, until_agreed};

const MIB: usize = 1 << 20;

/// Bytes that no compression and no luck makes again.
fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn write(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

fn id_of(ended: &Ended) -> String {
    ended.objects()[0]["id"].as_str().unwrap().to_owned()
}

/// Publishes a note with files beside it, waits until all have it; its id.
fn attach(nodes: [&Node; 3], note: &str, files: &[String], publications: u64) -> String {
    let mut args = vec!["publish", note, "--json"];
    files.iter().for_each(|file| args.extend(["--attach", file.as_str()]));
    let id = id_of(&nodes[0].run(&args).well());
    until_agreed(&nodes, publications);
    id
}

/// Has a node listen where it listens now when it is started again, so that others find it.
fn stay(node: &Node) {
    let config = node.home.join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("/ip4/127.0.0.1/tcp/0", node.said("listen"))).unwrap();
}

fn shelved(node: &Node, blake3: &str) -> PathBuf {
    node.home.join("attachments").join(&blake3[..2]).join(blake3)
}

/// The first file of an entry, as a node sees it.
fn file(node: &Node, id: &str) -> Value {
    node.run(&["show", id, "--json"]).well().objects()[0]["files"][0].clone()
}

fn status(node: &Node) -> Value {
    node.status()["attachments"].clone()
}

fn words(objects: &[Value], name: &str) -> (String, String) {
    let row = objects.iter().find(|row| row["name"] == name).unwrap();
    (row["state"].as_str().unwrap().to_owned(), row["reason"].as_str().unwrap_or_default().to_owned())
}

/// Ctrl-C during a fetch that waits: nothing is left in the folder, and the exit code says so.
fn interrupted(node: &Node, id: &str, to: &Path) {
    let mut command = program();
    command.arg("--home").arg(&node.home).args(["fetch", id, "--to"]).arg(to).stderr(Stdio::piped());
    let mut fetch = command.stdout(Stdio::null()).spawn().unwrap();
    until("it waits", || to.is_dir());
    assert!(Command::new("kill").args(["-INT", &fetch.id().to_string()]).status().unwrap().success());
    let mut said = String::new();
    fetch.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(fetch.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("interrupted") && said.contains("goes on by itself"), "{said}");
    assert_eq!(std::fs::read_dir(to).unwrap().count(), 0, "nothing half is left");
}

#[test]
fn a_file_comes_from_several_holders_survives_their_death_and_a_rotten_disk() {
    let folder = tempfile::tempdir().unwrap();
    let [mut a, mut b, mut c] = three(folder.path());
    let content = bytes(24 * MIB + 12_345, 1);
    [&a, &b, &c].into_iter().for_each(stay);
    let (path, note) = (write(folder.path(), "run.bin", &content), write(folder.path(), "note.md", b"# Run\n"));
    until_agreed(&[&a, &b, &c], 0);
    let id = attach([&a, &b, &c], &note, &[path], 1);
    assert_eq!(file(&a, &id)["place"], "here");
    assert_eq!(file(&b, &id)["place"], "absent");

    // The first holder.
    let to_b = folder.path().join("b");
    let fetched = b.run(&["fetch", &id, "--to", &to_b.display().to_string(), "--json"]).well().objects();
    assert_eq!(words(&fetched, "run.bin").0, "fetched");
    assert!(std::fs::read(to_b.join("run.bin")).unwrap() == content);
    assert_eq!(std::fs::read_dir(&to_b).unwrap().count(), 1, "nothing else is left there");
    let again = b.run(&["fetch", &id, "--to", &to_b.display().to_string(), "--json"]).well().objects();
    assert_eq!(words(&again, "run.bin").0, "there");

    // Nobody holds it whose node runs: the one who should is named, and it stays wanted.
    a.kill();
    b.kill();
    let to_c = folder.path().join("c").display().to_string();
    let missing = c.run(&["fetch", &id, "--to", &to_c, "--wait", "1"]).badly(1, "stay wanted");
    assert!(missing.stdout.contains("Founder (node "), "{}", missing.stdout);
    until("the status names it", || {
        status(&c)["wanted"][0]["waiting"].as_str().unwrap_or_default().contains("Founder")
    });
    interrupted(&c, &id, &folder.path().join("never"));
    c.kill();
    c.start();
    assert_eq!(status(&c)["wanted_files"], 1, "it is still wanted after a restart");

    // They come back; one dies in the middle, and so does the one who fetches.
    a.start();
    b.start();
    until("something comes", || {
        let file = file(&c, &id);
        file["held_bytes"].as_u64().unwrap() > 0 || file["place"] == "here"
    });
    a.kill();
    c.kill();
    c.start();
    until("it is here", || file(&c, &id)["place"] == "here");
    let bound = c.run(&["fetch", &id, "--to", &to_c, "--json"]).well().objects();
    assert_eq!(words(&bound, "run.bin").0, "fetched");
    assert!(std::fs::read(Path::new(&to_c).join("run.bin")).unwrap() == content);

    // The disk of one rots: it is found when the file is read, told, and mended from the other.
    let blake3 = file(&c, &id)["blake3"].as_str().unwrap().to_owned();
    c.stop();
    let mut rotten = std::fs::read(shelved(&c, &blake3)).unwrap();
    rotten[7 * MIB] ^= 0x40;
    std::fs::write(shelved(&c, &blake3), rotten).unwrap();
    b.stop();
    c.start();
    let to_d = folder.path().join("d").display().to_string();
    c.run(&["fetch", &id, "--to", &to_d, "--wait", "1"]).badly(1, "not brought");
    assert_eq!(std::fs::read_dir(&to_d).unwrap().count(), 0, "nothing half is written");
    let problems = c.status()["problems"].to_string();
    assert!(problems.contains("is damaged") && problems.contains(&blake3), "{problems}");
    b.start();
    until("it is mended", || file(&c, &id)["place"] == "here");
    let fetched = c.run(&["fetch", &id, "--to", &to_d, "--json"]).well().objects();
    assert_eq!(words(&fetched, "run.bin").0, "fetched");
    assert!(std::fs::read(Path::new(&to_d).join("run.bin")).unwrap() == content);
    until("nothing is wrong with it any more", || status(&c)["faults"].as_array().unwrap().is_empty());

    // Room is made, and what the own organisation gives to others is kept.
    c.run(&["fetch", &id, "--forget"]).well();
    assert_eq!((file(&c, &id)["place"].clone(), status(&c)["held_bytes"].clone()), (json!("absent"), json!(0)));
    a.start();
    a.run(&["fetch", &id, "--forget"]).badly(4, "your own organisation's");
}

#[test]
fn names_that_lead_elsewhere_are_refused_and_nothing_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = three(folder.path());
    until_agreed(&[&a, &b, &c], 0);
    let good = write(folder.path(), "good.txt", b"good\n");
    let note = write(folder.path(), "note.md", b"# Names\n");
    let id = attach([&a, &b, &c], &note, &[good], 1);
    // A member that is not honest writes its own publication.
    let good = file(&a, &id);
    let named = |name: &str| json!({"name": name, "media_type": "text/plain", "size": 5, "blake3": good["blake3"], "sha256": good["sha256"]});
    let nobody =
        json!({"name": "nobody", "media_type": "x", "size": 5, "blake3": "ab".repeat(32), "sha256": "ab".repeat(32)});
    let mut wrong = named("wrong size");
    wrong["size"] = json!(6);
    let mut lie = named("wrong digest");
    lie["sha256"] = json!("cd".repeat(32));
    let names = ["../../.ssh/authorized_keys", "/etc/passwd", "link/x", "Taken", "taken", "here", "a\u{202e}b", "fine"];
    let mut attachments: Vec<Value> = names.iter().map(|name| named(name)).collect();
    attachments.extend([named(&"x".repeat(300)), nobody, wrong, lie]);
    let publication = json!({"type": "note", "title": "Hostile", "attachments": attachments});
    let id = id_of(&b.run_with(&["publish", "-", "--json"], publication.to_string().as_bytes()).well());
    until_agreed(&[&a, &b, &c], 2);

    let to = folder.path().join("to");
    let outside = folder.path().join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    write(&to, "here", b"mine\n");
    std::os::unix::fs::symlink(&outside, to.join("link")).unwrap();
    let ended =
        c.run(&["fetch", &id, "--to", &to.display().to_string(), "--wait", "2", "--json"]).badly(1, "were not brought");
    let rows = ended.objects();
    for (name, state, reason) in [
        ("../../.ssh/authorized_keys", "refused", "leads out of the folder"),
        ("/etc/passwd", "refused", "leads out of the folder"),
        ("link/x", "refused", "link"),
        ("Taken", "fetched", ""),
        ("taken", "refused", "by case alone"),
        ("here", "refused", "is another file there"),
        ("a\u{202e}b", "refused", "characters that are not shown"),
        ("fine", "fetched", ""),
        (&"x".repeat(300), "refused", "too long"),
        ("nobody", "missing", "no connected member holds it"),
        ("wrong digest", "refused", "does not have the SHA-256 that the entry says"),
    ] {
        let (found, words) = words(&rows, name);
        assert_eq!(found, state, "{name}: {words}");
        assert!(words.contains(reason), "{name}: {words}");
    }
    assert_ne!(words(&rows, "wrong size").0, "fetched");
    assert_eq!(std::fs::read(to.join("here")).unwrap(), b"mine\n");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    let mut there: Vec<String> =
        std::fs::read_dir(&to).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(there, ["Taken", "fine", "here", "link"]);
    // Several commands at once bring one file to one place.
    let together = folder.path().join("together").display().to_string();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| c.run(&["fetch", &id, "--to", &together, "--name", "fine"]).well());
        }
    });
    // The one that clashed comes by its name.
    let alone = folder.path().join("alone").display().to_string();
    let rows = c.run(&["fetch", &id, "--to", &alone, "--name", "taken", "--json"]).well().objects();
    assert_eq!(words(&rows, "taken").0, "fetched");
    // Who waits for what another command lets go hears of it at once.
    let is_wanted = || {
        let files = c.run(&["show", &id, "--json"]).well().objects()[0]["files"].clone();
        files.as_array().unwrap().iter().any(|file| file["name"] == "nobody" && file["place"] == "wanted")
    };
    c.run(&["fetch", &id, "--name", "nobody", "--forget"]).well();
    assert!(!is_wanted());
    let never = folder.path().join("never");
    let mut waits = program();
    waits.arg("--home").arg(&c.home).args(["fetch", &id, "--name", "nobody", "--wait", "600", "--to"]).arg(&never);
    let waits = waits.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("it is wanted", is_wanted);
    c.run(&["fetch", &id, "--name", "nobody", "--forget"]).well();
    Ended::from(waits.wait_with_output().unwrap()).badly(1, "were not brought");
}

#[test]
fn what_must_not_leave_is_refused_and_versions_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = three(folder.path());
    until_agreed(&[&a, &b, &c], 0);
    let id = a.publish("A finding");
    let token = ["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].concat();
    let secret = write(folder.path(), "secret.log", format!("ok\nuse {token}\n").as_bytes());
    let mail = write(folder.path(), "mail.log", b"asked kim@lab.test\n");
    let refused = a.run(&["attach", &id, &secret, "--keep", "email"]).badly(4, "secret.log:2: a secret (GitHub token)");
    assert!(!refused.stderr.contains(&token));
    a.run(&["attach", &id, &mail]).badly(4, "mail.log:1: an e-mail address (email)");
    assert_eq!(status(&a)["files"], 0, "nothing was handed over");
    let second = id_of(&a.run(&["attach", &id, &mail, "--keep", "email", "--json"]).well());
    until("it is superseded", || a.run(&["show", &id, "--json"]).well().objects()[0]["outcome"]["newest"] == second);
    a.run(&["attach", &id, &mail, "--keep", "email"]).badly(4, "not the newest version");
    a.run(&["attach", &second, &mail, "--keep", "email"]).badly(4, "has these files already");
    let more = write(folder.path(), "more.json", b"{}\n");
    let third = id_of(&a.run(&["attach", &second, &more, "--json"]).well());
    until_agreed(&[&a, &b, &c], 3);
    let page = &a.run(&["show", &third, "--json"]).well().objects()[0];
    let names: Vec<&str> = page["files"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!((names, page["outcome"]["version"].clone()), (vec!["mail.log", "more.json"], json!(3)));
    b.run(&["attach", &third, &more]).badly(4, "only the organisation that published it");
    // A review with a file of its own, and a release of a folder.
    let review = b.run(&["dispute", &third, "--body", "Not so.", "--attach", &more, "--json"]).well();
    assert_eq!(file(&b, &id_of(&review))["name"], "more.json");
    let model = folder.path().join("model");
    for (name, len) in [("weights/a.bin", 3 * MIB), ("weights/b.bin", 0), ("config.json", 10)] {
        write(&model, name, &bytes(len, len as u64 + 1));
    }
    std::os::unix::fs::symlink("/etc/passwd", model.join("link")).unwrap();
    let args = ["release", &model.display().to_string(), "--name", "o/tiny", "--version", "1", "--json"];
    let released = a.run(&args).well();
    until_agreed(&[&a, &b, &c], 5);
    let to = folder.path().join("brought");
    c.run(&["fetch", &id_of(&released), "--to", &to.display().to_string()]).well();
    for name in ["weights/a.bin", "weights/b.bin", "config.json"] {
        assert!(std::fs::read(to.join(name)).unwrap() == std::fs::read(model.join(name)).unwrap(), "{name}");
    }
    assert!(!to.join("link").exists());
}

#[test]
fn quotas_and_settings_bound_what_is_attached_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let [mut founder, mut member] = ["Founder", "Member"].map(|name| Node::make(folder.path(), name));
    let found = ["found", "--name", "Alliance", "--entries-per-day", "0", "--attachments", "3MiB"];
    founder.run(&found).well();
    founder.start();
    let line = founder.run(&["invite"]).well().stdout;
    member.run_with(&["join", "-"], line.as_bytes()).well();
    // The member has a small disk, and fetches all that fits.
    let config = member.home.join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text =
        text.replace("fetch = \"on-demand\"", "fetch = \"all\"").replace("keep = \"64 GiB\"", "keep = \"2500 KiB\"");
    std::fs::write(&config, text).unwrap();
    member.start();
    until_agreed(&[&founder, &member], 0);
    let files = [1, 2, 3].map(|n| write(folder.path(), &format!("{n}.bin"), &bytes(MIB, n)));
    let large = write(folder.path(), "large.bin", &bytes(3 * MIB + 1, 9));
    let id = founder.publish("Files");
    founder.run(&["attach", &id, &large]).badly(4, "the charter grants each organisation 3 MiB");
    let mut newest = id;
    for file in &files {
        newest = id_of(&founder.run(&["attach", &newest, file, "--json"]).well());
    }
    let one_more = write(folder.path(), "more.bin", b"more");
    founder.run(&["attach", &newest, &one_more]).badly(4, "the charter grants each organisation 3 MiB");
    until_agreed(&[&founder, &member], 4);
    until("two of three have room", || status(&member)["files"] == 2);
    // What it publishes of its own has no room beside them, until some are let go.
    let own = write(folder.path(), "own.bin", &bytes(MIB, 10));
    let note = write(folder.path(), "own.md", b"# Own\n");
    member.run(&["publish", &note, "--attach", &own]).badly(4, "keeps at most 2500 KiB");
}
