use std::path::{Path, PathBuf};

use lyceum_protocol::publication::{Json, Publication, PublicationFault, TITLE_CHARS_MAX};

use super::attaching::{self, Chosen};
use super::publish::{self, Changed};
use super::{Context, safe_text};
use crate::api::shapes::PutShape;
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::Prepared;

/// Files that are looked at, at most: a release names each of them in 240 KiB.
const FILES_MAX: usize = 2_000;

/// Publish a folder as a release: a model or data set with all its files.
///
/// Each file is listed with its size, SHA-256 and BLAKE3, and kept by this node; others bring the folder to themselves
/// with `lyceum fetch`. Links and other things that are no files are left out and named. Text files are looked through
/// as by `attach`.
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Examples:
  lyceum release ./tiny-lm --name example/tiny-lm --version 1.2 --license Apache-2.0
  lyceum release ./data --name example/prompts --where https://data.example.org/prompts"
)]
pub(super) struct Args {
    /// The folder.
    folder: PathBuf,
    /// What is released, by the name under which others find it.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Its version.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Its licence, as an SPDX expression.
    #[arg(long, value_name = "LICENSE")]
    license: Option<String>,
    /// Where else it is to be had.
    #[arg(long = "where", value_name = "URL")]
    place: Option<String>,
    /// A title instead of name and version.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// What there is to say of it, in Markdown.
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// Who may read: CLEAR (anyone) or GREEN (members) [default: GREEN].
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
    /// Replace the earlier release of the same title.
    #[arg(long, conflicts_with = "new")]
    supersede: bool,
    /// Publish it beside the earlier release of the same title.
    #[arg(long)]
    new: bool,
    /// Release files although they name what is private: home-folder, host, account, email. Never a secret.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    keep: Vec<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let marking = args.marking.as_deref().map(publish::marking).transpose()?.unwrap_or_default();
    let chosen = tokio::task::block_in_place(|| files_in(&args.folder, context))?;
    let cannot = |fault: &PublicationFault| {
        if let Some(file) = named_by(&fault.field, &chosen) {
            let failure =
                Failure::usage(format!("{:?} cannot be released under its name", safe_text::line(&file.name)));
            return failure.cause(format!("it {}", fault.reason)).next("give the file another name");
        }
        let failure = Failure::usage("this release cannot be published").because(fault);
        failure.next("a release lists some 1,000 files: put many small ones into an archive first")
    };
    // With hashes that are none it is as long as it will be.
    let empty = PutShape { size: u64::MAX >> 12, blake3: "0".repeat(64), sha256: "0".repeat(64) };
    publication(&args, &chosen, &vec![empty; chosen.len()]).map_err(|fault| cannot(&fault))?;
    tokio::task::block_in_place(|| attaching::check(&chosen, &args.keep, &context.out))?;
    let client = Client::connect(&context.home()?).await?;
    let put = attaching::put(&client, &chosen).await?;
    let publication = publication(&args, &chosen, &put).map_err(|fault| cannot(&fault))?;
    let prepared = Prepared { publication, marking, warnings: Vec::new(), source_key: String::new() };
    let changed = Changed { supersede: args.supersede, new: args.new };
    publish::publish_all(vec![(args.folder, prepared)], client, changed, context).await
}

/// All files below a folder, by name.
fn files_in(folder: &Path, context: &Context) -> Result<Vec<Chosen>, Failure> {
    let unread =
        |path: &Path, fault: std::io::Error| Failure::usage(format!("cannot read {}", path.display())).because(&fault);
    let (mut chosen, mut left_out, mut ahead) = (Vec::new(), Vec::new(), vec![(folder.to_owned(), String::new())]);
    while let Some((path, prefix)) = ahead.pop() {
        for item in std::fs::read_dir(&path).map_err(|fault| unread(&path, fault))? {
            let item = item.map_err(|fault| unread(&path, fault))?;
            let meta = item.metadata().map_err(|fault| unread(&item.path(), fault))?;
            let name = item.file_name().into_string().map_err(|name| {
                Failure::usage(format!("the name {} in {} is no text", name.display(), path.display()))
                    .next("give it another name")
            })?;
            let name = format!("{prefix}{name}");
            if meta.is_dir() {
                ahead.push((item.path(), format!("{name}/")));
            } else if meta.is_file() {
                chosen.push(Chosen::new(item.path(), name, &meta));
            } else {
                left_out.push(name);
            }
            if chosen.len() > FILES_MAX {
                let failure = Failure::usage(format!("{} has more than {FILES_MAX} files", folder.display()));
                return Err(failure.next("a release lists some 1,000 files: put many small ones into an archive first"));
            }
        }
    }
    for name in left_out {
        context.out.note(&format!("left out: {} is a link, or no file", safe_text::line(&name)));
    }
    if chosen.is_empty() {
        return Err(Failure::usage(format!("there is no file in {}", folder.display())));
    }
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(chosen)
}

/// The file that a field such as `files[3].name` is of.
fn named_by<'a>(field: &str, chosen: &'a [Chosen]) -> Option<&'a Chosen> {
    let number = field.strip_prefix("files[")?.strip_suffix("].name")?;
    chosen.get(number.parse::<usize>().ok()?)
}

fn publication(args: &Args, chosen: &[Chosen], put: &[PutShape]) -> Result<Publication, PublicationFault> {
    let titled = match &args.version {
        Some(version) => format!("{} {version}", args.name),
        None => args.name.clone(),
    };
    let title: String = args.title.clone().unwrap_or_else(|| titled.chars().take(TITLE_CHARS_MAX).collect());
    let file = |(chosen, put): (&Chosen, &PutShape)| {
        Json::from([
            ("name", chosen.name.as_str().into()),
            ("size", Json::Number(put.size.into())),
            ("sha256", put.sha256.as_str().into()),
            ("blake3", put.blake3.as_str().into()),
        ])
    };
    let fields = [
        ("type", Some("release".into())),
        ("title", Some(title.into())),
        ("name", Some(args.name.as_str().into())),
        ("version", args.version.as_deref().map(Json::from)),
        ("license", args.license.as_deref().map(Json::from)),
        ("where", args.place.as_deref().map(Json::from)),
        ("body", args.body.as_deref().map(Json::from)),
        ("files", Some(Json::List(chosen.iter().zip(put).map(file).collect()))),
    ];
    let said = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let publication = Publication::from_json(Json::Object(said.collect()))?;
    publication.check_own()?;
    Ok(publication)
}
