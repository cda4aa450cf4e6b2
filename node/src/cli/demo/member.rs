//! One organisation of the demonstration: its home, and its daemon as a child process of this program.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::demo::content::DemoOrganisation;
use crate::failure::Failure;
use crate::home::Home;

/// How long a daemon may take to say that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a daemon may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// One organisation.
pub(super) struct Member {
    org: &'static DemoOrganisation,
    home: PathBuf,
    daemon: Option<Child>,
}

fn failed(what: &str, name: &str) -> Failure {
    Failure::new(format!("{what} of {name} failed"))
}

impl Member {
    /// Makes its home.
    pub(super) async fn make(org: &'static DemoOrganisation, home: PathBuf) -> Result<Self, Failure> {
        let member = Self { org, home, daemon: None };
        let listen = "/ip4/127.0.0.1/tcp/0";
        let args = ["init", "--org", org.name, "--domain", org.domain, "--listen", listen, "--http", "127.0.0.1:0"];
        member.command(&[&args[..], &["--no-passphrase"]].concat()).await?;
        Ok(member)
    }

    /// Its name.
    pub(super) const fn name(&self) -> &'static str {
        self.org.name
    }

    /// Its home folder.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    fn program(&self) -> Result<Command, Failure> {
        let program = std::env::current_exe().map_err(|fault| failed("a command", self.name()).because(&fault))?;
        let mut command = Command::new(program);
        // Whatever is set for the person's own node does not concern these.
        command.env_remove("LYCEUM_HOME").env_remove("LYCEUM_PASSPHRASE_FILE").env_remove("CREDENTIALS_DIRECTORY");
        command.arg("--home").arg(&self.home).arg("--json").stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    /// Runs a command in its home; returns the JSON objects that it printed.
    pub(super) async fn command(&self, args: &[&str]) -> Result<Vec<Value>, Failure> {
        let what = format!("`{}`", args.first().copied().unwrap_or_default());
        let output = self.program()?.args(args).output().await;
        let output = output.map_err(|fault| failed(&what, self.name()).because(&fault))?;
        if !output.status.success() {
            return Err(failed(&what, self.name()).cause(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// The line that a command of a voter prints for a newcomer.
    pub(super) async fn invitation(&self, args: &[&str]) -> Result<String, Failure> {
        let printed = self.command(args).await?;
        let line = printed.iter().find_map(|object| object.get("invitation")?.as_str().map(str::to_owned));
        line.ok_or_else(|| failed("the invitation", self.name()))
    }

    /// Starts its daemon and waits until it serves.
    pub(super) async fn start(&mut self) -> Result<(), Failure> {
        let what = "the daemon";
        let log = std::fs::File::create(self.home.join("daemon.log"))
            .map_err(|fault| failed(what, self.name()).because(&fault))?;
        let mut child = self
            .program()?
            .arg("run")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|fault| failed(what, self.name()).because(&fault))?;
        let stdout = child.stdout.take().ok_or_else(|| failed(what, self.name()))?;
        self.daemon = Some(child);
        let mut lines = BufReader::new(stdout).lines();
        match tokio::time::timeout(READY_WITHIN, lines.next_line()).await {
            Ok(Ok(Some(line))) if line.starts_with("ready") => Ok(()),
            _ => {
                let log = std::fs::read_to_string(self.home.join("daemon.log")).unwrap_or_default();
                Err(failed(what, self.name()).cause(log.trim().to_owned()))
            }
        }
    }

    /// Fails if its daemon has ended.
    pub(super) fn still_runs(&mut self) -> Result<(), Failure> {
        let ended = self.daemon.as_mut().and_then(|daemon| daemon.try_wait().ok().flatten());
        match ended {
            Some(status) => Err(Failure::new(format!("the node of {} ended by itself: {status}", self.name()))),
            None => Ok(()),
        }
    }

    /// Its daemon, as a client.
    pub(super) async fn client(&self) -> Result<Client, Failure> {
        Client::connect(&Home::at(&self.home)).await
    }

    /// Publishes its texts as a person does it: files, one command. Returns the ids.
    pub(super) async fn publish(&self, folder: &Path) -> Result<Vec<String>, Failure> {
        let written = |fault: std::io::Error| failed("writing the notes", self.name()).because(&fault);
        let texts = folder.join("texts").join(self.org.domain);
        std::fs::create_dir_all(&texts).map_err(written)?;
        let mut args = vec!["publish".to_owned()];
        for (name, text) in self.org.files {
            let path = texts.join(name);
            std::fs::write(&path, text).map_err(written)?;
            args.push(path.display().to_string());
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let printed = self.command(&args).await?;
        let ids: Vec<String> =
            printed.iter().filter_map(|entry| entry.get("id")?.as_str().map(str::to_owned)).collect();
        if ids.len() == self.org.files.len() { Ok(ids) } else { Err(failed("publishing", self.name())) }
    }

    /// Tells its daemon to stop and waits; one that does not is killed.
    pub(super) async fn stop(mut self) {
        let Some(mut daemon) = self.daemon.take() else { return };
        let pid = daemon.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself meanwhile.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if tokio::time::timeout(STOP_WITHIN, daemon.wait()).await.is_err() {
            let _ = daemon.kill().await;
        }
    }
}
