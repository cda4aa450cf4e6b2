mod send;
mod show;
mod unheard;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::ProgressDrawTarget;

use super::attaching::{self, Chosen};
use super::output::Output;
use super::{Context, progress, publish, safe_text};
use crate::client::Client;
use crate::failure::Failure;
use crate::import::private::{Keep, Kind};
use crate::import::{Options, Report, import, is_field};
use send::{Importing, Waiting};
use unheard::Unheard;

/// A file that is read sooner needs no bar.
const WORTH_A_BAR: u64 = 16 * 1024 * 1024;

/// Import what evaluation tools and researchers have written: one finding for each model and run.
///
/// The format is found in the file, not in its name: results of lm-evaluation-harness; logs of Inspect AI (JSON and
/// .eval); reports of garak; records of Every Eval Ever; Hugging Face model cards and .eval_results; AVID reports; the
/// folder of a HELM run; AILuminate standards; OSV advisories; AI Incident Database; Croissant; CITATION.cff; Markdown.
///
/// A file is imported whole or refused with a reason. A value enters the record of an evaluation only if it is a finite
/// number and the file or the known metrics say whether more or less is better; every other value is kept as text with
/// the reason. What was imported before is left alone, so that an import that was broken off is simply started again.
/// Secrets never leave. Home folders, internal hosts, accounts and e-mail addresses are taken out and listed. If the
/// quota has no room for all of them, those that have room are published and you are told from when the others may go
/// (exit code 4).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum import --dry-run results.json      what would be published, and what is left out
  lyceum import results.json run.eval garak.report.jsonl
  lyceum import --marking CLEAR --keep email README.md
  lyceum import results.json --attach-source
  lyceum import helm/runs/hellaswag")]
pub(super) struct Args {
    /// Files, or folders of HELM runs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Publish nothing; show what would be.
    #[arg(long)]
    dry_run: bool,
    /// Publish also what was imported before.
    #[arg(long)]
    again: bool,
    /// Take all results of a model card, not the first 200.
    #[arg(long)]
    all: bool,
    /// Who may read: CLEAR (anyone) or GREEN (members).
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
    /// Keep what would be taken out: home-folder, host, account, email, or a field as it is listed. Never a secret.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    keep: Vec<String>,
    /// Attach the source file to each finding of it, as it is. It is looked through first, as by `attach`.
    #[arg(long)]
    attach_source: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    if args.keep.iter().any(|name| name == "secret") {
        return Err(Failure::refused("a secret is never published").next("take it out of the file and revoke it"));
    }
    let kinds = Kind::PRIVATE.map(Kind::name);
    let is_known = |name: &str| kinds.contains(&name) || name.contains(['.', '[']) || is_field(name);
    if let Some(unknown) = args.keep.iter().find(|name| !is_known(name.as_str())) {
        let next =
            format!("it knows {}, and fields as they are listed, such as evaluation.model_info", kinds.join(", "));
        return Err(Failure::usage(format!("--keep does not know {unknown:?}")).next(next));
    }
    let options = Options {
        keep: Keep::new(args.keep.clone()),
        all: args.all,
        marking: args.marking.as_deref().map(publish::marking).transpose()?,
        now: crate::clock::wall() / 1_000,
    };
    let sources = if args.attach_source { sources(&args, &context.out)? } else { Vec::new() };
    let client = if args.dry_run { None } else { Some(Client::connect(&context.home()?).await?) };
    let mut importing = client.map(|client| Importing::new(client, args.again));
    let mut refused = Vec::new();
    let mut waiting = Waiting::default();
    let mut unheard = Unheard::new(&args.keep);
    for (at, file) in args.files.iter().enumerate() {
        let report = tokio::task::block_in_place(|| read(file, &options));
        unheard.hears(&report);
        if report.ready.is_empty() {
            show::refused(context, &report)?;
            refused.push(format!("{} {}", file.display(), report.reason.as_deref().unwrap_or("has no result")));
            continue;
        }
        match &mut importing {
            None => show::dry_run(context, &report)?,
            Some(importing) => importing.file(context, &report, sources.get(at), &mut waiting).await?,
        }
        context.out.flush()?;
    }
    unheard.tell(&context.out);
    if let Some(importing) = importing
        && let Some(failure) = importing.waits(&waiting).await?
    {
        return Err(refused.into_iter().fold(failure, Failure::cause));
    }
    if refused.is_empty() {
        return Ok(());
    }
    let (some, all) = (refused.len(), args.files.len());
    let message = if some == all {
        "nothing was imported".to_owned()
    } else {
        format!("{some} of {all} files were not imported")
    };
    Err(refused
        .into_iter()
        .fold(Failure::new(message), Failure::cause)
        .next("the other files, if there are any, were imported whole"))
}

/// The source files, looked through: nothing is imported if one of them may not leave.
fn sources(args: &Args, out: &Output) -> Result<Vec<Chosen>, Failure> {
    if let Some(folder) = args.files.iter().find(|file| file.is_dir()) {
        return Err(Failure::usage(format!("{} is a folder: --attach-source attaches files", folder.display())).next(
            "import it without --attach-source, and publish the folder with `lyceum release` if others need it",
        ));
    }
    // Only what an attached file may keep: `--keep` names fields of findings as well.
    let kinds = Kind::PRIVATE.map(Kind::name);
    let keep: Vec<String> = args.keep.iter().filter(|name| kinds.contains(&name.as_str())).cloned().collect();
    let look = |file: &PathBuf| attaching::look(std::slice::from_ref(file), &keep, out);
    let looked = tokio::task::block_in_place(|| args.files.iter().map(look).collect::<Result<Vec<_>, _>>())?;
    Ok(looked.into_iter().flatten().collect())
}

/// Reads one file; of a long one a person sees how far it is.
fn read(file: &Path, options: &Options) -> Report {
    let length = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    let bar = progress::bar("reading {msg}: {bytes} of {total_bytes}, about {eta} left [{wide_bar}]");
    bar.set_length(length);
    bar.set_message(safe_text::short_line(&file.file_name().unwrap_or_default().to_string_lossy(), 40));
    if length >= WORTH_A_BAR && progress::is_watched() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    let told = std::cell::Cell::new(Instant::now());
    let report = import(file, options, &|bytes| {
        // Told for every piece that is read, and shown a few times a second.
        if told.get().elapsed() >= Duration::from_millis(100) {
            told.set(Instant::now());
            bar.set_position(bytes);
        }
    });
    bar.finish_and_clear();
    report
}
