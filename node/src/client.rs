//! The commands' side of the local interface: HTTP over the socket in the home, typed.

mod connection;
mod files;

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::api::Problem;
use crate::api::shapes::{
    AttachmentPlan, DocumentsPage, EntryPage, ExportPage, FetchRequest, FilesPage, LogPage, Member, Peer, PlanRequest,
    PublishAnswer, PublishPlan, PublishRequest, PublishedAnswer, PublishedMatch, PublishedQuery, SearchPage, Source,
    Status,
};
use crate::failure::Failure;
use crate::govern::wire::WireBatch;
use crate::home::{Home, socket};
use crate::views::about::shapes::About;
use crate::views::compare::Comparison;

/// Largest answer that is read, in bytes.
const ANSWER_MAX: usize = 256 * 1024 * 1024;
/// Longest wait for an answer. Publishing waits for the start-up check, which takes some ten seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// A daemon that answers.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// What `log` is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// Name, id or beginning of the id of an organisation.
    pub org: Option<String>,
    /// A type.
    pub kind: Option<String>,
    /// A model: its exact name, revision or digest.
    pub model: Option<String>,
    /// Unix milliseconds.
    pub since: Option<u64>,
    /// Entries at most in this page.
    pub n: usize,
    /// End of the page before.
    pub before: Option<String>,
    /// Also what is unsettled, superseded or retracted.
    pub all: bool,
}

/// What `export` is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportRequest {
    /// These entries and none else, if there are any; at most 100.
    pub ids: Vec<String>,
    /// Name, id or beginning of the id of an organisation.
    pub org: Option<String>,
    /// A type.
    pub kind: Option<String>,
    /// A model: its exact name, revision or digest.
    pub model: Option<String>,
    /// Unix milliseconds.
    pub since: Option<u64>,
    /// Nothing more restricted than this.
    pub marking: Option<String>,
    /// Only what holds scores.
    pub evaluations: bool,
    /// Also what is unsettled, superseded or retracted.
    pub all: bool,
    /// End of the page before.
    pub before: Option<String>,
}

impl Client {
    /// The daemon of a home.
    ///
    /// # Errors
    /// [`Failure`] with exit code 3 if none answers, and how to start it.
    pub async fn connect(home: &Home) -> Result<Self, Failure> {
        Self::find(home).await?.ok_or_else(|| {
            let flag = home_flag(home);
            if !home.card_file().is_file() {
                return Failure::no_daemon(format!("no daemon runs: there is no node in {}", home.folder().display()))
                    .next(format!("make one: lyceum {flag}init --org NAME, or name the right folder with --home"));
            }
            if !home.alliance_file().is_file() {
                return Failure::no_daemon(format!("no daemon runs for the home {}", home.folder().display()))
                    .cause("it belongs to no alliance yet")
                    .next(format!("lyceum {flag}found --name NAME, or lyceum {flag}join LINE; then lyceum {flag}run"));
            }
            Failure::no_daemon(format!("no daemon runs for the home {}", home.folder().display()))
                .next(format!("start it in another terminal, or as a service: lyceum {flag}run"))
        })
    }

    /// The daemon of a home, if one runs.
    ///
    /// # Errors
    /// [`Failure`] if there is no place for a socket, or it cannot be opened.
    pub async fn find(home: &Home) -> Result<Option<Self>, Failure> {
        let socket = socket::path(home).map_err(|fault| {
            Failure::no_daemon("the daemon of this home cannot be reached")
                .because(&fault)
                .next("use a home with a shorter path: --home DIR")
        })?;
        match UnixStream::connect(&socket).await {
            Ok(_) => Ok(Some(Self { socket })),
            Err(fault) if matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(fault) => Err(Failure::no_daemon(format!("the socket {} cannot be opened", socket.display()))
                .because(&fault)
                .next("run this command as the user that runs the daemon")),
        }
    }

    /// How the node is.
    ///
    /// # Errors
    /// [`Failure`], as for every request: what the daemon said, or that it did not answer.
    pub async fn status(&self) -> Result<Status, Failure> {
        self.get("/status").await
    }

    /// Who is in the alliance.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn members(&self) -> Result<Vec<Member>, Failure> {
        self.get("/members").await
    }

    /// Nodes of others.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn peers(&self) -> Result<Vec<Peer>, Failure> {
        self.get("/peers").await
    }

    /// One page of the log, newest first.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn log(&self, request: &LogRequest) -> Result<LogPage, Failure> {
        let mut path = format!("/log?n={}", request.n);
        let texts =
            [("org", &request.org), ("type", &request.kind), ("model", &request.model), ("before", &request.before)];
        for (name, text) in texts {
            if let Some(text) = text {
                let _ = write!(path, "&{name}={}", encoded(text));
            }
        }
        if let Some(since) = request.since {
            let _ = write!(path, "&since={since}");
        }
        if request.all {
            path.push_str("&all=true");
        }
        self.get(&path).await
    }

    /// One page of whole publications, newest first.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn export(&self, request: &ExportRequest) -> Result<ExportPage, Failure> {
        let mut path = format!("/export?evaluations={}&all={}", request.evaluations, request.all);
        let ids = Some(request.ids.join(",")).filter(|ids| !ids.is_empty());
        let texts = [
            ("ids", &ids),
            ("org", &request.org),
            ("type", &request.kind),
            ("model", &request.model),
            ("marking", &request.marking),
            ("before", &request.before),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                let _ = write!(path, "&{name}={}", encoded(text));
            }
        }
        if let Some(since) = request.since {
            let _ = write!(path, "&since={since}");
        }
        self.get(&path).await
    }

    /// Searches; `parameters` are those of the interface, by name.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn search(&self, parameters: &[(&str, String)]) -> Result<SearchPage, Failure> {
        let mut path = "/search?".to_owned();
        for (name, value) in parameters {
            let _ = write!(path, "{name}={}&", encoded(value));
        }
        self.get(path.trim_end_matches(['&', '?'])).await
    }

    /// One entry.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn entry(&self, id: &str) -> Result<EntryPage, Failure> {
        self.get(&format!("/entries/{}", encoded(id))).await
    }

    /// The file that proves an entry elsewhere.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn bundle(&self, id: &str) -> Result<Vec<u8>, Failure> {
        self.send(Method::GET, &format!("/entries/{}/bundle", encoded(id)), Bytes::new()).await
    }

    /// Two evaluations side by side.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn compare(&self, a: &str, b: &str) -> Result<Comparison, Failure> {
        self.get(&format!("/compare?a={}&b={}", encoded(a), encoded(b))).await
    }

    /// What is known about a model.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn about(&self, model: &str, all: bool) -> Result<About, Failure> {
        read(&self.about_bytes(model, all).await?)
    }

    /// The same as the daemon writes it: one JSON object.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn about_bytes(&self, model: &str, all: bool) -> Result<Vec<u8>, Failure> {
        self.send(Method::GET, &format!("/about?model={}&all={all}", encoded(model)), Bytes::new()).await
    }

    /// Whether files were published before; one answer for each, in order.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn published(&self, sources: Vec<Source>) -> Result<Vec<PublishedMatch>, Failure> {
        let asked = sources.len();
        let answer = self.send(Method::POST, "/published", json(&PublishedQuery { sources })?).await?;
        let answer: PublishedAnswer = read(&answer)?;
        if answer.matches.len() == asked {
            Ok(answer.matches)
        } else {
            Err(no_answer(format!("{} answers to {asked} questions", answer.matches.len())))
        }
    }

    /// Publishes, all or none.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn publish(&self, request: &PublishRequest) -> Result<PublishAnswer, Failure> {
        let answer = self.send(Method::POST, "/publish", json(request)?).await?;
        read(&answer)
    }

    /// What the quota has room for.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn plan(&self, request: &PlanRequest) -> Result<PublishPlan, Failure> {
        read(&self.send(Method::POST, "/publish/plan", json(request)?).await?)
    }

    /// Everything that governs.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn documents(&self) -> Result<DocumentsPage, Failure> {
        self.get("/documents").await
    }

    /// Hands over documents, motions and signatures.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn govern(&self, batch: &WireBatch) -> Result<(), Failure> {
        self.send(Method::POST, "/govern", json(batch)?).await.map(drop)
    }

    /// Whether files of these sizes may be attached.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn plan_attachments(&self, sizes: Vec<u64>) -> Result<(), Failure> {
        self.send(Method::POST, "/attachments/plan", json(&AttachmentPlan { sizes })?).await.map(drop)
    }

    /// The files of an entry, and where they are.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn files(&self, id: &str) -> Result<FilesPage, Failure> {
        self.get(&format!("/entries/{}/files", encoded(id))).await
    }

    /// Wants files of an entry.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn fetch(&self, id: &str, names: Vec<String>) -> Result<FilesPage, Failure> {
        let path = format!("/entries/{}/fetch", encoded(id));
        read(&self.send(Method::POST, &path, json(&FetchRequest { names })?).await?)
    }

    /// Lets files of an entry go.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn forget(&self, id: &str, names: Vec<String>) -> Result<FilesPage, Failure> {
        let path = format!("/entries/{}/forget", encoded(id));
        read(&self.send(Method::POST, &path, json(&FetchRequest { names })?).await?)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        read(&self.send(Method::GET, path, Bytes::new()).await?)
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Vec<u8>, Failure> {
        match tokio::time::timeout(PATIENCE, self.exchange(method, path, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::no_daemon(format!("the daemon has not answered for {} s", PATIENCE.as_secs()))
                .next("see its log; if it hangs, stop it and start it again: nothing acknowledged is lost")),
        }
    }

    async fn exchange(&self, method: Method, path: &str, body: Bytes) -> Result<Vec<u8>, Failure> {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        let (response, _driven) = self.open(request, Full::new(body)).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|fault| no_answer(fault.to_string()))?.to_bytes().to_vec();
        if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
    }
}

fn refusal(status: StatusCode, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => problem.into_failure(),
        Err(_) if status == StatusCode::PAYLOAD_TOO_LARGE => {
            Failure::usage("that is more than the daemon takes at once")
        }
        Err(_) => no_answer(format!("{status}: {}", String::from_utf8_lossy(body.get(..200).unwrap_or(body)))),
    }
}

fn json<T: Serialize>(value: &T) -> Result<Bytes, Failure> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|fault| Failure::new("cannot write the request").because(&fault))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|fault| no_answer(fault.to_string()))
}

fn no_answer(reason: String) -> Failure {
    Failure::new("the daemon's answer cannot be read")
        .cause(reason)
        .next("use the program and the daemon in the same version")
}

/// How the home is named in a suggested command: not at all where it is the usual one.
pub(crate) fn home_flag(home: &Home) -> String {
    let named = std::env::var_os("LYCEUM_HOME").map(Home::at);
    let usual = named.or_else(|| Home::default_folder().map(Home::at));
    if usual.as_ref() == Some(home) { String::new() } else { format!("--home {} ", home.folder().display()) }
}

/// Percent-encoded, everything but letters, digits and `-._~`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_address() {
        assert_eq!(encoded("Zürich Lab & Co/1"), "Z%C3%BCrich%20Lab%20%26%20Co%2F1");
    }

    #[tokio::test]
    async fn without_a_daemon_the_command_says_how_to_start_it() {
        let folder = tempfile::tempdir().unwrap();
        let failure = Client::connect(&Home::at(folder.path())).await.unwrap_err();
        assert_eq!(failure.ends(), crate::failure::Ending::NoDaemon);
        assert!(failure.next_step().unwrap().contains("init"), "{failure}");
        std::fs::write(folder.path().join("card"), "").unwrap();
        let failure = Client::connect(&Home::at(folder.path())).await.unwrap_err();
        assert!(failure.next_step().unwrap().contains("join LINE"), "{failure}");
        std::fs::write(folder.path().join("alliance.toml"), "").unwrap();
        let failure = Client::connect(&Home::at(folder.path())).await.unwrap_err();
        assert_eq!(failure.ends(), crate::failure::Ending::NoDaemon);
        assert!(failure.next_step().unwrap().contains("run"), "{failure}");
    }
}
