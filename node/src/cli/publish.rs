mod plan;
mod quota;
mod send;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use indicatif::ProgressDrawTarget;
use lyceum_protocol::limits::PUBLICATION_MAX;
use lyceum_protocol::publication::Publication;

use super::attaching::{self, AttachArgs};
use super::{Context, progress, safe_text};
use crate::client::Client;
use crate::failure::Failure;
use crate::home::{Home, PublishTurn};
use crate::publish::attached::with_attachments;
use crate::publish::marking::{Marking, MarkingFault};
use crate::publish::{Checked, Prepared, Wishes, check_files, prepare, template};
use plan::{Plan, plan};
use send::{AT_ONCE, Sending, bar};

pub(super) use plan::Changed;

/// Files with the same warning that are named one by one.
const WARNED_EACH: usize = 5;

/// Publish files: Markdown with front matter, plain text, or publications in JSON.
///
/// All files are checked before the first is published, and that the quota of your organisation has room for all of
/// them: if not, nothing is published and you are told how many would go now and when the others (exit code 4). A file
/// that was published before and is unchanged is left alone; a changed one has to be published with --supersede, which
/// marks the old version as replaced, or with --new. A file that holds a secret, such as a key or a token, is refused
/// (exit code 4).
/// Without a marking a publication is GREEN: every member may read it. CLEAR (anyone may) has to be said.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum publish notes/*.md
  lyceum publish --marking CLEAR report.md
  lyceum publish report.md --attach samples.jsonl --attach run.log
  jq -c . finding.json | lyceum publish -")]
pub(super) struct Args {
    /// Files (.md, .mdx, .qmd, .txt, .json), or - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Type of text files.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(template::TYPES))]
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
    #[command(flatten)]
    attach: AttachArgs,
    /// Return when so many other organisations hold it (not in this version).
    #[arg(long, value_name = "N")]
    wait: Option<u32>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    if args.wait.is_some() {
        return Err(Failure::usage("--wait is not in this version: it has no receipts yet")
            .next("publish without it; `lyceum peers` shows who is connected and up to date"));
    }
    let wishes = Wishes { kind: args.kind.clone(), marking: args.marking.as_deref().map(marking).transpose()? };
    let mut prepared = check(&args.files, &wishes, context)?;
    let chosen = tokio::task::block_in_place(|| args.attach.look(&context.out))?;
    let client = Client::connect(&context.home()?).await?;
    if !args.attach.is_empty() {
        let [(file, one)] = prepared.as_mut_slice() else {
            return Err(Failure::usage("--attach is for one publication, and there are several files")
                .next("publish them one by one, each with its own files"));
        };
        let files = attaching::attachments(&client, &chosen).await?;
        one.publication = with_attachments(&one.publication, &files).map_err(|fault| {
            Failure::usage(format!("the files cannot stand beside {}", file.display())).because(&fault)
        })?;
    }
    publish_all(prepared, client, Changed { supersede: args.supersede, new: args.new }, context).await
}

/// Publishes what was checked: all that is new, if there is room for all of it.
pub(super) async fn publish_all(
    prepared: Vec<(PathBuf, Prepared)>,
    client: Client,
    changed: Changed,
    context: &mut Context,
) -> Result<(), Failure> {
    let _turn = turn(&context.home()?).await?;
    let plans = plan(prepared, &client, changed, context).await?;
    let total = plans.iter().filter(|plan| matches!(plan, Plan::Publish(_))).count();
    quota::check_quota(&client, &plans).await?;
    let mut sending = Sending { client, context, bar: bar(total), total, done: 0, items: Vec::new(), bytes: 0 };
    if total <= AT_ONCE || sending.context.out.is_json() || !progress::is_watched() {
        sending.bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    for plan in plans {
        match plan {
            Plan::Unchanged { file, prepared, id } => sending.unchanged(&file, &prepared, &id)?,
            Plan::Publish(prepared) => sending.add(&prepared).await?,
        }
    }
    sending.send().await?;
    sending.bar.finish_and_clear();
    Ok(())
}

/// Waits until no other command of this home publishes: then what is new stays new until it is published.
pub(super) async fn turn(home: &Home) -> Result<PublishTurn, Failure> {
    let waited = home.clone();
    let turn = tokio::task::spawn_blocking(move || PublishTurn::wait(&waited)).await.map_err(std::io::Error::other);
    turn.and_then(|turn| turn).map_err(|fault| {
        let failure = Failure::new(format!("cannot lock {}", home.publish_lock_file().display())).because(&fault);
        failure.next("see that the folder is yours and the disk is well")
    })
}

/// Publishes one publication that a command has made about the entry or the names that `what` says. It is published
/// beside whatever has the same title.
pub(super) async fn publish_one(
    what: &str,
    publication: Publication,
    marking: Marking,
    client: Client,
    context: &mut Context,
) -> Result<(), Failure> {
    let prepared = Prepared { publication, marking, warnings: Vec::new(), source_key: String::new() };
    let changed = Changed { supersede: false, new: true };
    publish_all(vec![(PathBuf::from(what), prepared)], client, changed, context).await
}

/// The marking that a word stands for; what cannot be published in clear is refused.
pub(super) fn marking(word: &str) -> Result<Marking, Failure> {
    word.parse().map_err(|fault: MarkingFault| match &fault {
        MarkingFault::NeedsSealing(_) | MarkingFault::Red => Failure::refused(fault.to_string()),
        MarkingFault::Unknown(_) => Failure::usage(fault.to_string()),
    })
}

/// Checks all files; nothing goes on unless every one is good.
pub(super) fn check(
    files: &[PathBuf],
    wishes: &Wishes,
    context: &Context,
) -> Result<Vec<(PathBuf, Prepared)>, Failure> {
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
    let (mut restricted, mut secret) = (false, false);
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
                secret |= fault.refused;
                faults.push(fault.to_string());
            }
        }
    }
    warn(&warned, context);
    if faults.is_empty() {
        return Ok(good);
    }
    let message = format!("nothing was published: {} of {total} files have a fault", faults.len());
    let by_a_rule = secret || (restricted && faults.len() == 1);
    let failure = if by_a_rule { Failure::refused(message) } else { Failure::usage(message) };
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

/// The beginning of an id, enough to name it.
pub(super) fn short_id(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
