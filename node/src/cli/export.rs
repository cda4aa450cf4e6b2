mod folder;
mod one_model;
mod pages;
mod stream;
mod summary;
mod target;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use super::{Context, safe_text};
use crate::client::{Client, ExportRequest};
use crate::export::cff;
use crate::failure::Failure;
use crate::publish::{Marking, template};
use crate::{clock, time};
use pages::Pages;
use summary::Summary;
use target::Target;

/// Write what the alliance knows in a format of others.
///
/// Without IDs everything that fits the options is exported, the newest first. What was superseded or retracted is left
/// out and counted, unless --all asks for it; then each format says so as well as it can: in columns, notes or texts. Who
/// disputes or has replicated a finding goes along. What is GREEN is for members: each row says it, and it must not leave
/// the alliance; --marking CLEAR exports only what is public.
///
/// A file is written beside its place and renamed when it is complete, never over another one without --force.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Formats:
  csv, parquet      all evaluations, one row for each value, also those that are no scores (column not_scored)
  jsonl             whole publications of every type, one a line
  every-eval-ever   records of schema 0.3.0, one a line; with --to one file a record, in data/BENCHMARK/DEVELOPER/MODEL/
  avid              reports of risks, incidents and evaluations (one for each task), one a line
  eval-results      scores of one model, for .eval_results/ on the Hugging Face hub
  model-index       scores of one model, for the front matter of a model card
  bibtex            one @misc a publication; the keys never change
  citation          CITATION.cff of one publication

In CSV, texts that a spreadsheet would run as a formula (beginning with = + - @) get an apostrophe before them, and control
characters are dropped; numbers stay numbers. Parquet is not compressed.

Examples:
  lyceum export csv --to evaluations.csv
  lyceum export parquet --since 30d --org \"Example Lab\" --to recent.parquet
  lyceum export every-eval-ever --marking CLEAR --to datastore
  lyceum export eval-results --model EleutherAI/pythia-1.4b > .eval_results/lyceum.yaml
  lyceum export bibtex 3f9a1c20 77be02d1 >> references.bib
  lyceum export jsonl --all | jq -r 'select(.left_out == \"retracted\").id'")]
pub(super) struct Args {
    /// In which format.
    format: Format,
    /// Only these entries: ids, or at least their first 8 digits.
    #[arg(value_name = "ID", conflicts_with_all = ["org", "kind", "since"])]
    ids: Vec<String>,
    /// Only about this model: its exact name, revision or digest.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Only of this organisation: its name, id, or the first digits of its id.
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// Only of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(template::TYPES))]
    kind: Option<String>,
    /// Not older than this: a date, a time in RFC 3339, or how long ago (12h, 7d, 2w).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Nothing more restricted than this: CLEAR (public) or GREEN (also what is for members) [default: GREEN].
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
    /// Also what was superseded or retracted, or does not stand (yet); it is marked.
    #[arg(long)]
    all: bool,
    /// Where to write: a file, or a folder for every-eval-ever [default: standard output].
    #[arg(long, value_name = "PATH")]
    to: Option<PathBuf>,
    /// Write over files that are there.
    #[arg(long, requires = "to")]
    force: bool,
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "kebab-case")]
pub(super) enum Format {
    Csv,
    Parquet,
    Jsonl,
    #[value(alias = "eee")]
    EveryEvalEver,
    Avid,
    EvalResults,
    #[value(alias = "model-card")]
    ModelIndex,
    Bibtex,
    #[value(alias = "cff")]
    Citation,
}

impl Format {
    /// Whether only scores are of use.
    const fn wants_evaluations(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet | Self::EveryEvalEver | Self::EvalResults | Self::ModelIndex)
    }

    const fn is_of_one_model(self) -> bool {
        matches!(self, Self::EvalResults | Self::ModelIndex)
    }

    /// As it is given on the command line.
    const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::EveryEvalEver => "every-eval-ever",
            Self::Avid => "avid",
            Self::EvalResults => "eval-results",
            Self::ModelIndex => "model-index",
            Self::Bibtex => "bibtex",
            Self::Citation => "citation",
        }
    }
}

fn request(args: &Args) -> Result<ExportRequest, Failure> {
    let since = args.since.as_deref().map(|text| time::parse(text, clock::wall())).transpose();
    let marking = args.marking.as_deref().map(str::parse::<Marking>).transpose().map_err(|_| {
        let given = args.marking.as_deref().unwrap_or_default();
        let failure = Failure::usage(format!("{given:?} is no marking that can be exported"));
        failure.next("--marking CLEAR is what anyone may read, --marking GREEN also what members may")
    })?;
    let avid = (args.format == Format::Avid).then(|| "finding".to_owned());
    Ok(ExportRequest {
        ids: Vec::new(),
        org: args.org.clone(),
        kind: args.kind.clone().or(avid.filter(|_| args.ids.is_empty())),
        model: args.model.clone(),
        since: since.map_err(Failure::usage)?,
        marking: marking.map(|marking: Marking| marking.name().to_owned()),
        evaluations: args.format.wants_evaluations(),
        all: args.all,
        before: None,
    })
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let to = args.to.clone().filter(|to| to.as_os_str() != "-");
    if args.format == Format::Parquet && to.is_none() && context.out.is_terminal() {
        return Err(Failure::usage("Parquet is binary").next("name a file: --to FILE"));
    }
    if args.format.is_of_one_model() && args.model.is_none() && args.ids.is_empty() {
        return Err(Failure::usage(format!("{} holds the scores of one model", args.format.name()))
            .next("name it: --model MODEL, or give the ids of its evaluations"));
    }
    if args.format == Format::Citation && args.ids.len() != 1 {
        return Err(Failure::usage("a citation file is about one publication").next("give one id; for many: bibtex"));
    }
    let request = request(&args)?;
    let client = Client::connect(&context.home()?).await?;
    let mut summary = Summary::new(args.format, to.clone());
    let mut pages = Pages::new(client, request, args.ids.clone());
    match (args.format, &to) {
        (Format::EveryEvalEver, Some(folder)) => {
            folder::write(folder, args.force, &mut pages, &mut summary).await?;
        }
        (Format::EvalResults | Format::ModelIndex, _) => {
            let target = Target::open(to.as_deref(), args.force)?;
            one_model::write(&args, target, &mut pages, &mut summary, context).await?;
        }
        (Format::Citation, _) => {
            let target = Target::open(to.as_deref(), args.force)?;
            let entry = pages.next(&mut summary).await?.into_iter().next();
            let item = entry.and_then(|entry| pages::read(entry, &mut summary));
            let Some(item) = item else { return Err(summary.nothing()) };
            summary.count(&item, 1);
            let mut target = target;
            target.write(cff::file(&item).as_bytes(), context)?;
            target.finish()?;
        }
        _ => {
            let target = Target::open(to.as_deref(), args.force)?;
            stream::write(args.format, target, &mut pages, &mut summary, context).await?;
        }
    }
    pages.finish();
    summary.show(context)
}

/// A path as it is shown.
fn shown(path: &std::path::Path) -> String {
    safe_text::line(&path.display().to_string())
}
