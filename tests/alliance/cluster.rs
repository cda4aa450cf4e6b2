//! Real nodes as child processes: made in temporary folders, started on free ports, killed when dropped.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lyceum"));
    for variable in ["LYCEUM_HOME", "LYCEUM_PASSPHRASE_FILE", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// What a command printed and how it ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ended {
    /// It has to have gone well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self
    }

    /// It has to have ended with this code and said this.
    #[track_caller]
    pub(crate) fn badly(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(words), "expected {words:?} in:\n{}", self.stderr);
        self
    }

    /// The JSON objects, one a line.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// One home, and the daemon that runs in it, if one does.
pub(crate) struct Node {
    pub(crate) home: PathBuf,
    daemon: Option<Child>,
    /// What the daemon said when it was ready.
    pub(crate) ready: String,
}

impl Node {
    /// Makes a home on the loopback.
    pub(crate) fn make(folder: &Path, name: &str) -> Self {
        let node = Self::unmade(folder.join(name));
        let listen = ["--listen", "/ip4/127.0.0.1/tcp/0", "--http", "127.0.0.1:0", "--no-passphrase"];
        node.run(&[&["init", "--org", name], &listen[..]].concat()).well();
        node
    }

    /// A home that was not made yet.
    pub(crate) fn unmade(home: PathBuf) -> Self {
        Self { home, daemon: None, ready: String::new() }
    }

    /// Runs a command in this home.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        program().arg("--home").arg(&self.home).args(args).output().unwrap().into()
    }

    /// The same, with something on standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &[u8]) -> Ended {
        let mut command = program();
        command.arg("--home").arg(&self.home).args(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// Starts the daemon and waits until it says that it is ready.
    pub(crate) fn start(&mut self) {
        self.start_as(program());
    }

    /// The same with a program that was prepared in some way.
    pub(crate) fn start_as(&mut self, mut command: Command) {
        let log = std::fs::File::options().create(true).append(true).open(self.home.join("daemon.log")).unwrap();
        command.arg("--home").arg(&self.home).arg("run").stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        self.daemon = Some(child);
        self.ready.clear();
        BufReader::new(stdout).read_line(&mut self.ready).unwrap();
        let log = std::fs::read_to_string(self.home.join("daemon.log")).unwrap();
        assert!(self.ready.starts_with("ready "), "{}{log}", self.ready);
    }

    /// A word of the ready line: `listen`, `http`, `node`.
    pub(crate) fn said(&self, name: &str) -> &str {
        let words = self.ready.split_whitespace().filter_map(|word| word.split_once('='));
        words.into_iter().find(|(key, _)| *key == name).unwrap().1
    }

    /// Tells the daemon to stop; how it ended and how long that took.
    pub(crate) fn stop(&mut self) -> (i32, Duration) {
        let begun = Instant::now();
        let mut daemon = self.daemon.take().unwrap();
        let told = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
        assert!(told.success());
        (daemon.wait().unwrap().code().unwrap_or(-1), begun.elapsed())
    }

    /// Waits until the daemon ends by itself; its exit code, and what it said on standard error in all its life.
    pub(crate) fn wait(&mut self) -> (i32, String) {
        let mut daemon = self.daemon.take().unwrap();
        let deadline = Instant::now() + PATIENCE;
        let code = loop {
            match daemon.try_wait().unwrap() {
                Some(status) => break status.code().unwrap_or(-1),
                None if Instant::now() > deadline => {
                    daemon.kill().unwrap();
                    daemon.wait().unwrap();
                    panic!("the daemon did not end within {} s", PATIENCE.as_secs());
                }
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        (code, std::fs::read_to_string(self.home.join("daemon.log")).unwrap())
    }

    /// Kills the daemon without a word.
    pub(crate) fn kill(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// How it is.
    pub(crate) fn status(&self) -> Value {
        self.run(&["status", "--json"]).well().objects().remove(0)
    }

    /// The ids of all that it shows.
    pub(crate) fn log_ids(&self) -> std::collections::BTreeSet<String> {
        let objects = self.run(&["log", "--json"]).well().objects();
        objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Publishes a note; its id.
    pub(crate) fn publish(&self, title: &str) -> String {
        let note = serde_json::json!({ "type": "note", "title": title, "body": format!("About {title}.") });
        let ended = self.run_with(&["publish", "-", "--json"], note.to_string().as_bytes()).well();
        ended.objects()[0]["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            // It may have ended by itself.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Asks again and again until the answer is yes.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until all agree over so many publications; says how each is if they do not.
#[track_caller]
pub(crate) fn until_agreed(nodes: &[&Node], publications: u64) {
    let deadline = Instant::now() + PATIENCE;
    while !agree(nodes, publications) {
        if Instant::now() > deadline {
            let statuses: Vec<String> = nodes.iter().map(|node| node.status().to_string()).collect();
            panic!(
                "not agreed on {publications} publications within {} s:\n{}",
                PATIENCE.as_secs(),
                statuses.join("\n")
            );
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether all have one digest and one state root over so many publications.
pub(crate) fn agree(nodes: &[&Node], publications: u64) -> bool {
    let statuses: Vec<Value> = nodes.iter().map(|node| node.status()).collect();
    let of = |status: &Value| (status["digest"].clone(), status["state_root"].clone(), status["entries"].clone());
    statuses.iter().all(|status| status["publications"] == publications && of(status) == of(&statuses[0]))
}

/// Three organisations: one that founds, one admitted by card, one by invitation. All run.
pub(crate) fn three(folder: &Path) -> [Node; 3] {
    let [mut founder, mut carded, mut invited] = ["Founder", "Carded", "Invited"].map(|name| Node::make(folder, name));
    founder.run(&["found", "--name", "Alliance", "--entries-per-day", "0"]).well();
    founder.start();
    let card = folder.join("carded.card").display().to_string();
    carded.run(&["card", &card]).well();
    let line = founder.run(&["admit", &card]).well().stdout;
    carded.run(&["join", line.trim()]).well();
    carded.start();
    let line = founder.run(&["invite"]).well().stdout;
    invited.run_with(&["join", "-"], line.as_bytes()).well();
    invited.start();
    [founder, carded, invited]
}
