//! What all commands that attach files have in common: looking at the files before anything is published, and handing
//! them over.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use indicatif::{ProgressBar, ProgressDrawTarget};
use lyceum_protocol::publication::Attachment;

use super::fetch::place;
use super::output::Output;
use super::{progress, safe_text};
use crate::api::shapes::PutShape;
use crate::attachments::scan::{Scan, scan};
use crate::client::Client;
use crate::failure::Failure;
use crate::import::private::{Keep, Kind};
use crate::publish::attached::media_type;

/// Files that together are shorter need no bar.
const WORTH_A_BAR: u64 = 16 * 1024 * 1024;

/// Files beside a publication, as commands take them.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct AttachArgs {
    /// Attach a file; may be repeated.
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Attach a file although it names what is private: home-folder, host, account, email. Never a secret.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    keep: Vec<String>,
}

impl AttachArgs {
    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.attach.is_empty()
    }

    /// Looks at the files.
    pub(super) fn look(&self, out: &Output) -> Result<Vec<Chosen>, Failure> {
        look(&self.attach, &self.keep, out)
    }
}

/// A file that may be attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Under which name others see it.
    pub(super) name: String,
    /// Bytes.
    pub(super) size: u64,
    /// When it was written last, where the system says so.
    written: Option<SystemTime>,
}

impl Chosen {
    /// A file as it is now. What is looked through is what is attached: if it changes meanwhile, it is not.
    pub(super) fn new(path: PathBuf, name: String, meta: &Metadata) -> Self {
        Self { path, name, size: meta.len(), written: meta.modified().ok() }
    }

    /// Whether it has changed since it was chosen.
    fn has_changed(&self) -> bool {
        let now = std::fs::metadata(&self.path);
        now.is_ok_and(|now| now.len() != self.size || now.modified().ok() != self.written)
    }
}

/// Looks at files that are attached under their own names.
pub(super) fn look(files: &[PathBuf], keep: &[String], out: &Output) -> Result<Vec<Chosen>, Failure> {
    let mut chosen = Vec::with_capacity(files.len());
    for path in files {
        let meta = std::fs::metadata(path)
            .map_err(|fault| Failure::usage(format!("cannot read {}", path.display())).because(&fault))?;
        if !meta.is_file() {
            return Err(Failure::usage(format!("{} is no file", path.display()))
                .next("name the files in it, or publish the folder: lyceum release FOLDER --name NAME"));
        }
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned).ok_or_else(|| {
            Failure::usage(format!("the name of {} is no text", path.display())).next("give it another name")
        })?;
        chosen.push(Chosen::new(path.clone(), name, &meta));
    }
    check(&chosen, keep, out)?;
    Ok(chosen)
}

/// Refuses what could not be fetched, and what must not leave: all of it is told at once.
pub(super) fn check(chosen: &[Chosen], keep: &[String], out: &Output) -> Result<(), Failure> {
    if keep.iter().any(|name| name == Kind::Secret.name()) {
        return Err(Failure::refused("a secret is never published").next("take it out of the file and revoke it"));
    }
    let kinds = Kind::PRIVATE.map(Kind::name);
    if let Some(unknown) = keep.iter().find(|name| !kinds.contains(&name.as_str())) {
        return Err(
            Failure::usage(format!("--keep does not know {unknown:?}")).next(format!("it knows {}", kinds.join(", ")))
        );
    }
    let names: Vec<&str> = chosen.iter().map(|file| file.name.as_str()).collect();
    for (file, clash) in chosen.iter().zip(place::clashes(&names)) {
        if let Some(words) = place::fault_of(&file.name).map(str::to_owned).or(clash) {
            let failure = Failure::usage(format!("the name {:?} {words}", safe_text::line(&file.name)));
            return Err(failure.cause("others could not fetch it under that name").next("give the file another name"));
        }
    }
    let keep = Keep::new(keep.iter().cloned());
    let bar = bar("looking through {msg}: {bytes} of {total_bytes} [{wide_bar}]", chosen);
    let (mut told, mut secret, mut before, mut not_read) = (Vec::new(), false, 0_u64, Vec::new());
    for file in chosen {
        bar.set_message(safe_text::short_line(&file.name, 40));
        let found = scan(&file.path, &keep, &|read| bar.set_position(before.saturating_add(read)))
            .map_err(|fault| Failure::usage(format!("cannot read {}", file.path.display())).because(&fault))?;
        before = before.saturating_add(file.size);
        secret |= found.secret;
        if !found.is_text {
            not_read.push(safe_text::line(&file.name));
        }
        told.extend(spots(&file.path, &found));
    }
    bar.finish_and_clear();
    if told.is_empty() {
        if let Some(words) = not_looked_through(&not_read) {
            out.note(&words);
        }
        return Ok(());
    }
    let failure =
        Failure::refused("nothing was published: an attached file goes as it is, and holds what must not leave");
    let failure = told.into_iter().fold(failure, Failure::cause);
    Err(failure.next(if secret {
        "take the secrets out of the files and revoke them: a secret is never published"
    } else {
        "take it out of the files, or say that it may go: --keep with the kinds that are named, as in --keep email"
    }))
}

/// Files that are named of those that were not looked through.
const NAMED: usize = 5;

/// What is said of files that are no text.
fn not_looked_through(names: &[String]) -> Option<String> {
    let (first, others) = names.split_first()?;
    if others.is_empty() {
        return Some(format!("{first} is no text: it was not looked through for secrets and private details"));
    }
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = names.get(..NAMED.min(names.len())).unwrap_or_default().join(", ");
    Some(format!("{named}{more} are no text: they were not looked through for secrets and private details"))
}

fn spots(path: &Path, found: &Scan) -> Vec<String> {
    let file = safe_text::line(&path.display().to_string());
    let spot = |spot: &crate::attachments::scan::Spot| match spot.kind {
        Kind::Secret => format!("{file}:{}: a secret ({})", spot.line, spot.name),
        kind => format!("{file}:{}: {} ({})", spot.line, kind.words(), kind.name()),
    };
    let mut told: Vec<String> = found.spots.iter().map(spot).collect();
    if found.more > 0 {
        told.push(format!("{file}: {} more", found.more));
    }
    told
}

fn bar(template: &str, chosen: &[Chosen]) -> ProgressBar {
    let total = chosen.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
    let bar = progress::bar(template);
    bar.set_length(total);
    if total >= WORTH_A_BAR && progress::is_watched() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    bar
}

/// Hands files over to the node, which keeps them for others; what it said of each, in order.
pub(super) async fn put(client: &Client, chosen: &[Chosen]) -> Result<Vec<PutShape>, Failure> {
    client.plan_attachments(chosen.iter().map(|file| file.size).collect()).await?;
    let bar = bar("attaching {msg}: {bytes} of {total_bytes}, {binary_bytes_per_sec} [{wide_bar}]", chosen);
    let before = Arc::new(AtomicU64::new(0));
    let mut put = Vec::with_capacity(chosen.len());
    for file in chosen {
        bar.set_message(safe_text::short_line(&file.name, 40));
        let (shown, done) = (bar.clone(), before.load(Ordering::Relaxed));
        let answer = client.put(&file.path, file.size, move |sent| shown.set_position(done.saturating_add(sent)));
        let answer = answer.await;
        if file.has_changed() {
            bar.finish_and_clear();
            let failure = Failure::new(format!("{} has changed while it was read", file.path.display()));
            return Err(failure
                .cause("nothing was published")
                .next("run it again when nothing writes to the file any more"));
        }
        let answer = answer.map_err(|failure| {
            bar.finish_and_clear();
            failure.cause(format!("while {} was handed over; nothing was published", file.path.display()))
        })?;
        before.fetch_add(file.size, Ordering::Relaxed);
        put.push(answer);
    }
    bar.finish_and_clear();
    Ok(put)
}

/// A hash of 32 bytes in hex, as the daemon gives it.
pub(super) fn hash(hex: &str) -> Result<[u8; 32], Failure> {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Failure::new("the daemon's answer cannot be read").cause("a hash that is none"))
}

/// Hands files over, and gives them as they stand beside a publication.
pub(super) async fn attachments(client: &Client, chosen: &[Chosen]) -> Result<Vec<Attachment>, Failure> {
    let put = put(client, chosen).await?;
    let one = |(file, put): (&Chosen, PutShape)| {
        Ok(Attachment {
            name: file.name.clone(),
            media_type: media_type(&file.name).to_owned(),
            size: put.size,
            blake3: hash(&put.blake3)?,
            sha256: hash(&put.sha256)?,
        })
    };
    chosen.iter().zip(put).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_to_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        std::fs::write(&path, "one").unwrap();
        let chosen = Chosen::new(path.clone(), "a.log".to_owned(), &std::fs::metadata(&path).unwrap());
        assert!(!chosen.has_changed());
        std::fs::write(&path, "three").unwrap();
        assert!(chosen.has_changed(), "it is longer");
        std::fs::write(&path, "two").unwrap();
        std::fs::File::open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert!(chosen.has_changed(), "it is as long, and was written at another time");
    }
}
