use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lyceum_protocol::limits::PUBLICATION_MAX;
use lyceum_protocol::publication::{Link, Rel};

use super::{Context, safe_text};
use crate::api::shapes::{EntryLine, PublishItem, PublishRequest, Published};
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::marking::{Marking, MarkingFault};
use crate::publish::{Checked, Prepared, Wishes, check_files, prepare};

/// Publications that are sent at once.
const AT_ONCE: usize = 24;
/// Files with the same warning that are named one by one.
const WARNED_EACH: usize = 5;
/// Bytes that are sent at once.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

/// Publish files: Markdown with front matter, plain text, or publications in JSON.
///
/// All files are checked before the first is published. A file that was published before and is unchanged is left
/// alone; a changed one has to be published with --supersede, which marks the old version as replaced, or with --new.
/// Without a marking a publication is GREEN: every member may read it. CLEAR (anyone may) has to be said.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum publish notes/*.md
  lyceum publish --marking CLEAR report.md
  jq -c . finding.json | lyceum publish -")]
pub(super) struct Args {
    /// Files (.md, .mdx, .qmd, .txt, .json), or - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Type of text files: note, finding, release, resource, call, review.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Who may read: CLEAR (anyone) or GREEN (members), whatever the files say.
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
    /// Replace the earlier version of a changed file.
    #[arg(long, conflicts_with = "new")]
    supersede: bool,
    /// Publish a changed file beside the earlier version.
    #[arg(long)]
    new: bool,
    /// Return when so many other organisations hold it (not in this version).
    #[arg(long, value_name = "N")]
    wait: Option<u32>,
}

/// What is to be done with one file.
enum Plan {
    Unchanged { file: PathBuf, earlier: Published },
    Publish(Box<Prepared>),
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    if args.wait.is_some() {
        return Err(Failure::usage("--wait is not in this version: it has no receipts yet")
            .next("publish without it; `lyceum peers` shows who is connected and up to date"));
    }
    let wishes = Wishes { kind: args.kind.clone(), marking: args.marking.as_deref().map(marking).transpose()? };
    let prepared = check(&args.files, &wishes, context)?;
    let client = Client::connect(&context.home()?).await?;
    let earlier = client.published().await?;
    let plans = plan(prepared, &earlier, &args, context)?;
    let total = plans.iter().filter(|plan| matches!(plan, Plan::Publish(_))).count();
    let bar = progress(total, context);
    let mut batch = PublishRequest { items: Vec::new() };
    let mut bytes = 0_usize;
    for plan in plans {
        match plan {
            Plan::Unchanged { file, earlier } => say_unchanged(context, &file, &earlier)?,
            Plan::Publish(prepared) => {
                let size = prepared.publication.to_bytes().len();
                if batch.items.len() >= AT_ONCE || bytes.saturating_add(size) > BYTES_AT_ONCE {
                    send(&client, &mut batch, context, &bar).await?;
                    bytes = 0;
                }
                bytes = bytes.saturating_add(size);
                batch.items.push(item(&prepared)?);
            }
        }
    }
    send(&client, &mut batch, context, &bar).await?;
    bar.finish_and_clear();
    Ok(())
}

fn marking(word: &str) -> Result<Marking, Failure> {
    word.parse().map_err(|fault: MarkingFault| match &fault {
        MarkingFault::NeedsSealing(_) | MarkingFault::Red => Failure::refused(fault.to_string()),
        MarkingFault::Unknown(_) => Failure::usage(fault.to_string()),
    })
}

/// Checks all files; nothing goes on unless every one is good.
fn check(files: &[PathBuf], wishes: &Wishes, context: &Context) -> Result<Vec<(PathBuf, Prepared)>, Failure> {
    let (stdin, named): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.iter().partition(|file| file.as_path() == Path::new("-"));
    let named: Vec<PathBuf> = named.into_iter().cloned().collect();
    let mut checked = check_files(&named, wishes);
    if !stdin.is_empty() {
        checked.push(from_stdin(wishes)?);
    }
    let total = checked.len();
    let mut good = Vec::new();
    let mut faults = Vec::new();
    let mut restricted = false;
    let mut warned: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for Checked { file, result } in checked {
        match result {
            Ok(prepared) => {
                for warning in &prepared.warnings {
                    match warned.iter_mut().find(|(text, _)| text == warning) {
                        Some((_, files)) => files.push(file.clone()),
                        None => warned.push((warning.clone(), vec![file.clone()])),
                    }
                }
                good.push((file, prepared));
            }
            Err(fault) => {
                restricted |= fault.field == "marking";
                faults.push(fault.to_string());
            }
        }
    }
    warn(&warned, context);
    if faults.is_empty() {
        return Ok(good);
    }
    let message = format!("nothing was published: {} of {total} files have a fault", faults.len());
    let only_markings = restricted && faults.len() == 1;
    let failure = if only_markings { Failure::refused(message) } else { Failure::usage(message) };
    let failure = faults.into_iter().fold(failure, Failure::cause);
    Err(failure.next("correct them and publish again: nothing is published twice"))
}

/// Says what was left out: a line for each file, or one for all where many have the same.
fn warn(warned: &[(String, Vec<PathBuf>)], context: &Context) {
    for (warning, files) in warned {
        let warning = safe_text::line(warning);
        match files.split_first() {
            Some((first, others)) if files.len() > WARNED_EACH => context.out.note(&format!(
                "{} and {} more files: {warning}",
                safe_text::line(&first.display().to_string()),
                others.len()
            )),
            _ => files.iter().for_each(|file| {
                context.out.note(&format!("{}: {warning}", safe_text::line(&file.display().to_string())));
            }),
        }
    }
}

fn from_stdin(wishes: &Wishes) -> Result<Checked, Failure> {
    let most = u64::try_from(PUBLICATION_MAX).unwrap_or(u64::MAX).saturating_mul(2);
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(most).read_to_end(&mut bytes);
    read.map_err(|fault| Failure::usage("cannot read standard input").because(&fault))?;
    let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let name = if is_json { "-" } else { "stdin.md" };
    Ok(Checked { file: PathBuf::from("-"), result: prepare(Path::new(name), &bytes, wishes) })
}

/// What a file published again is recognised by: what it is, its language and its title.
type Source = (String, Option<String>, String);

fn plan(
    prepared: Vec<(PathBuf, Prepared)>,
    earlier: &[Published],
    args: &Args,
    context: &Context,
) -> Result<Vec<Plan>, Failure> {
    let mut by_content: BTreeMap<&str, &Published> = BTreeMap::new();
    let mut by_source: BTreeMap<Source, &Published> = BTreeMap::new();
    // Newest first: the first of equal ones holds.
    for published in earlier.iter().filter(|published| !published.replaced) {
        by_content.entry(&published.content).or_insert(published);
        let source = (published.kind.clone(), published.language.clone(), published.title.clone());
        by_source.entry(source).or_insert(published);
    }
    let mut plans = Vec::new();
    let mut changed = Vec::new();
    for (file, mut prepared) in prepared {
        let publication = &prepared.publication;
        let content = data_encoding::HEXLOWER.encode(&publication.content_hash());
        if let Some(earlier) = by_content.get(content.as_str()) {
            plans.push(Plan::Unchanged { file, earlier: (*earlier).clone() });
            continue;
        }
        let language = publication.language.as_ref().map(|tag| tag.as_str().to_owned());
        let source = (publication.kind.name().to_owned(), language, publication.title.clone());
        if let Some(earlier) = by_source.get(&source).filter(|_| !args.new) {
            let supersede = args.supersede || asked(&file, earlier, context)?;
            if supersede {
                let link = Link { rel: Rel::Supersedes, target: earlier.id.clone() };
                prepared.publication = prepared.publication.with_link(&link).map_err(|fault| {
                    Failure::usage(format!("{} cannot replace its earlier version", file.display())).because(&fault)
                })?;
            } else {
                changed.push(format!("{} was published as {} and has changed", file.display(), short_id(&earlier.id)));
                continue;
            }
        }
        plans.push(Plan::Publish(Box::new(prepared)));
    }
    if changed.is_empty() {
        return Ok(plans);
    }
    let failure = Failure::refused("nothing was published: some files were published before in another version");
    let failure = changed.into_iter().fold(failure, Failure::cause);
    Err(failure.next("replace the earlier version with --supersede, or publish beside it with --new"))
}

/// Asks the person at the terminal, if there is one.
fn asked(file: &Path, earlier: &Published, context: &Context) -> Result<bool, Failure> {
    if context.out.is_json() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let id = short_id(&earlier.id);
    context.out.note(&format!("{} was published as {id} and has changed. Replace that version? [y/N]", file.display()));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|fault| Failure::new("no answer").because(&fault))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui" | "j" | "ja"))
}

/// The beginning of an id, enough to name it.
pub(super) fn short_id(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

fn item(prepared: &Prepared) -> Result<PublishItem, Failure> {
    let publication = serde_json::from_slice(&prepared.publication.to_bytes())
        .map_err(|fault| Failure::new("the publication cannot be sent").because(&fault))?;
    Ok(PublishItem { publication, marking: Some(prepared.marking.name().to_owned()) })
}

fn progress(total: usize, context: &Context) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
    if total <= AT_ONCE || context.out.is_json() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("publishing {bar:30} {pos}/{len} {eta} left") {
        bar.set_style(style);
    }
    bar
}

async fn send(
    client: &Client,
    batch: &mut PublishRequest,
    context: &mut Context,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    if batch.items.is_empty() {
        return Ok(());
    }
    let answer = client.publish(batch).await?;
    bar.inc(u64::try_from(batch.items.len()).unwrap_or(0));
    batch.items.clear();
    for entry in &answer.entries {
        say_published(context, entry)?;
    }
    // Ids are told as soon as they are durable: whoever reads along may rely on them.
    context.out.flush()
}

fn say_published(context: &mut Context, entry: &EntryLine) -> Result<(), Failure> {
    if context.out.is_json() {
        return context.out.object(entry);
    }
    let title = safe_text::short_line(entry.title.as_deref().unwrap_or_default(), 60);
    context.out.line(&format!("{}  {}  {title}", short_id(&entry.id), entry.marking))
}

fn say_unchanged(context: &mut Context, file: &Path, earlier: &Published) -> Result<(), Failure> {
    if context.out.is_json() {
        let value = serde_json::json!({
            "id": earlier.id, "type": earlier.kind, "title": earlier.title, "unchanged": true,
            "file": file.display().to_string(),
        });
        return context.out.object(&value);
    }
    let title = safe_text::short_line(&earlier.title, 60);
    context.out.line(&format!("{}  unchanged, published before  {title}", short_id(&earlier.id)))
}
