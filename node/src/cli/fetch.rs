pub(super) mod place;

mod bring;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::publish::short_id;
use super::{Context, progress, safe_text};
use crate::api::shapes::{FilePlace, FileShape};
use crate::client::Client;
use crate::failure::Failure;
use crate::size;
use bring::{Brought, bring};
use place::Target;

/// How often it is looked how far the node is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Bring the files of an entry to a folder: its attachments, or the files of a release.
///
/// The node fetches them from all members that hold them, several at once, and goes on after a cut. Each file is checked
/// by SHA-256 and BLAKE3 while it is written to a temporary file in the folder, and then gets its name: never over a file
/// that is there, never outside the folder, whatever the entry says. A file that is there already and is the same is left
/// alone, so that a fetch that was broken off is simply started again.
///
/// What nobody can send now stays wanted: the node goes on by itself, and says in `lyceum status` whom it waits for.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum fetch 3f9a1c20                      to a new folder that is named by the id
  lyceum fetch 3f9a1c20 --to ./model
  lyceum fetch 3f9a1c20 --name run.log --json
  lyceum fetch 3f9a1c20 --forget             let them go, to make room here")]
pub(super) struct Args {
    /// The id of the entry, or at least its first 8 digits.
    id: String,
    /// The folder; made if it is not there [default: the first 12 digits of the id].
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Only the file of this name; may be repeated.
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    /// How many seconds to wait while nothing comes.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    /// Want them no more, and remove from the node's store what is there of them. Files in folders stay.
    #[arg(long, conflicts_with_all = ["to", "wait"])]
    forget: bool,
}

/// One file and what becomes of it.
struct Row {
    file: FileShape,
    /// Why it gets no place.
    refused: Option<String>,
    /// Whether that is because something else lies there.
    taken: bool,
    brought: Option<Brought>,
}

impl Row {
    const fn is_open(&self) -> bool {
        self.refused.is_none() && self.brought.is_none()
    }
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let client = Client::connect(&context.home()?).await?;
    let page = client.files(&args.id).await?;
    if args.forget {
        let page = client.forget(&page.id, args.name).await?;
        return say_forgotten(&page.files, context);
    }
    let mut rows = rows(&page.files, &args.name, &page.id)?;
    let to = args.to.unwrap_or_else(|| PathBuf::from(short_id(&page.id)));
    let target = Target::open(&to)
        .map_err(|fault| Failure::new(format!("cannot use the folder {}", to.display())).because(&fault))?;
    tokio::task::block_in_place(|| look_what_is_there(&mut rows, &target));
    let names: Vec<String> = rows.iter().filter(|row| row.is_open()).map(|row| row.file.name.clone()).collect();
    if !names.is_empty() {
        client.fetch(&page.id, names).await?;
    }
    let fetched = until_there(&client, &page.id, &mut rows, &target, Duration::from_secs(args.wait)).await;
    say(&rows, &target, context)?;
    fetched?;
    ended(&rows)
}

/// The files that are meant, and why some of them get no place.
fn rows(files: &[FileShape], names: &[String], id: &str) -> Result<Vec<Row>, Failure> {
    if files.is_empty() {
        return Err(Failure::usage(format!("{id} has no files")).next("`lyceum show` prints what it has"));
    }
    if let Some(name) = names.iter().find(|name| !files.iter().any(|file| file.name == **name)) {
        let failure = Failure::usage(format!("{id} has no file {name:?}"));
        return Err(failure.next("`lyceum show` lists its files"));
    }
    let meant: Vec<&FileShape> = files.iter().filter(|file| names.is_empty() || names.contains(&file.name)).collect();
    let all: Vec<&str> = meant.iter().map(|file| file.name.as_str()).collect();
    let row = |(file, clash): (&&FileShape, Option<String>)| {
        let elsewhere = (file.place == FilePlace::Elsewhere).then(|| match &file.address {
            Some(address) => format!("is kept by no member: it is to be had at {address}"),
            None => "is kept by no member: the entry names no hash by which it could be fetched".to_owned(),
        });
        let refused = place::fault_of(&file.name).map(str::to_owned).or(clash).or(elsewhere);
        Row { file: (*file).clone(), refused, taken: false, brought: None }
    };
    Ok(meant.iter().zip(place::clashes(&all)).map(row).collect())
}

/// A file that is there already is compared, and never replaced.
fn look_what_is_there(rows: &mut [Row], target: &Target) {
    for row in rows.iter_mut().filter(|row| row.is_open()) {
        match bring::is_there(&row.file, target) {
            Ok(None) => {}
            Ok(Some(brought)) => row.brought = Some(brought),
            Err(words) => (row.refused, row.taken) = (Some(words), true),
        }
    }
}

/// Brings files as they come, until all are there or nothing comes any more.
async fn until_there(
    client: &Client,
    id: &str,
    rows: &mut [Row],
    target: &Target,
    wait: Duration,
) -> Result<(), Failure> {
    let bar = bar(rows);
    let (mut seen, mut since) = (0, Instant::now());
    while rows.iter().any(Row::is_open) {
        let page = client.files(id).await?;
        let mut moved = false;
        for row in rows.iter_mut().filter(|row| row.is_open()) {
            // Two files of one hash are one for the node, and two in the folder.
            let now = page.files.iter().find(|file| file.name == row.file.name && file.blake3 == row.file.blake3);
            let Some(now) = now else { continue };
            row.file = now.clone();
            match now.place {
                FilePlace::Here => match bring(client, &row.file, target).await {
                    Ok(brought) => (row.brought, moved) = (Some(brought), true),
                    Err(bring::Fault::BrokeOff(failure)) => row.file.waiting = Some(failure.to_string()),
                    Err(bring::Fault::Refused(words)) => row.refused = Some(words),
                    Err(bring::Fault::Taken(words)) => (row.refused, row.taken) = (Some(words), true),
                    Err(bring::Fault::Folder(failure)) => {
                        row.file.waiting = Some("the folder cannot be written".to_owned());
                        bar.finish_and_clear();
                        return Err(failure);
                    }
                },
                FilePlace::Wrong => row.refused = Some(now.waiting.clone().unwrap_or_default()),
                // It was asked for, and is wanted no more.
                FilePlace::Absent => {
                    row.refused = Some(
                        "was let go meanwhile, by --forget or with its entry: run it again to want it anew".to_owned(),
                    )
                }
                FilePlace::Wanted | FilePlace::Elsewhere => {}
            }
        }
        let held = bytes_of(rows);
        if moved || held != seen {
            (seen, since) = (held, Instant::now());
        }
        let waiting = rows.iter().filter(|row| row.is_open()).find_map(|row| row.file.waiting.as_deref());
        show(&bar, held, waiting.unwrap_or("from members"));
        if since.elapsed() >= wait {
            break;
        }
        if rows.iter().any(Row::is_open) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn bar(rows: &[Row]) -> ProgressBar {
    let open: u64 =
        rows.iter().filter(|row| row.refused.is_none()).map(|row| row.file.size).fold(0, u64::saturating_add);
    let bar = progress::bar("{bytes} of {total_bytes}, {binary_bytes_per_sec}, about {eta} left [{wide_bar}] {msg}");
    bar.set_length(open);
    if progress::is_watched() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    bar
}

fn show(bar: &ProgressBar, bytes: u64, words: &str) {
    bar.set_position(bytes.min(bar.length().unwrap_or(bytes)));
    bar.set_message(safe_text::short_line(words, 60));
}

/// Bytes that are here of what is meant.
fn bytes_of(rows: &[Row]) -> u64 {
    let meant = rows.iter().filter(|row| row.refused.is_none());
    meant
        .map(|row| if row.brought.is_some() { row.file.size } else { row.file.held_bytes })
        .fold(0, u64::saturating_add)
}

/// What became of each file.
fn say(rows: &[Row], target: &Target, context: &mut Context) -> Result<(), Failure> {
    for row in rows {
        let file = &row.file;
        let (state, words) = match (&row.brought, &row.refused) {
            (Some(Brought::Written), _) => ("fetched", None),
            (Some(Brought::Same), _) => ("there", None),
            (None, Some(words)) => ("refused", Some(words.clone())),
            (None, None) => ("missing", Some(missing(file))),
        };
        let path = row.brought.as_ref().map(|_| target.shown(&file.name).display().to_string());
        if context.out.is_json() {
            context.out.object(&serde_json::json!({
                "name": file.name, "state": state, "path": path, "size": file.size, "sha256": file.sha256,
                "blake3": file.blake3, "held_bytes": file.held_bytes, "reason": words,
            }))?;
            continue;
        }
        let name = safe_text::line(&file.name);
        match words {
            Some(words) => {
                context.out.paragraph(&format!("{state:<9}"), &format!("{name:?} {}", safe_text::line(&words)))?
            }
            None => {
                let path = safe_text::line(&path.unwrap_or_default());
                context.out.line(&format!("{state:<9}{path}  {}", size::words(file.size)))?;
            }
        }
    }
    context.out.flush()
}

fn missing(file: &FileShape) -> String {
    let waiting = file.waiting.as_deref().unwrap_or("nothing has come of it for a while");
    format!("has not come, {} of {} are here: {waiting}", size::words(file.held_bytes), size::words(file.size))
}

fn ended(rows: &[Row]) -> Result<(), Failure> {
    let lacking = rows.iter().filter(|row| row.brought.is_none()).count();
    if lacking == 0 {
        return Ok(());
    }
    let failure = Failure::new(format!("{lacking} of {} files were not brought", rows.len()));
    if rows.iter().any(Row::is_open) {
        return Err(failure.next("they stay wanted, and the node goes on by itself: run the same command again later"));
    }
    if rows.iter().any(|row| row.taken) {
        return Err(failure.next("move away what lies there, or name another folder: --to FOLDER"));
    }
    Err(failure.next("fetch single files by name: --name NAME; ask the author for a new version where a name is wrong"))
}

fn say_forgotten(files: &[FileShape], context: &mut Context) -> Result<(), Failure> {
    for file in files {
        if context.out.is_json() {
            context.out.object(file)?;
            continue;
        }
        let kept =
            if file.place == FilePlace::Here { "kept: an entry of your own organisation names it" } else { "gone" };
        context.out.line(&format!("{}  {kept}", safe_text::line(&file.name)))?;
    }
    Ok(())
}
