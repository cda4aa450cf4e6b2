use std::path::PathBuf;

use lyceum_protocol::publication::{Link, Rel};

use super::Context;
use super::publish::{self, Changed};
use super::target::Target;
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::Wishes;

/// Publish a file as the new version of something that your organisation published.
///
/// The old version is kept and marked as superseded; reviews of it stand on the new one. Only the organisation that
/// published it may do so (exit code 4).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum supersede 3f9a1c20 report.md
  lyceum supersede 3f9a1c20 finding.json --marking CLEAR")]
pub(super) struct Args {
    /// The id of the old version, or at least its first 8 digits.
    id: String,
    /// The new version (.md, .mdx, .qmd, .txt, .json), or - for standard input.
    file: PathBuf,
    /// Who may read: CLEAR (anyone) or GREEN (members), whatever the file says.
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let marking = args.marking.as_deref().map(publish::marking).transpose()?;
    let mut checked = publish::check(&[args.file], &Wishes { kind: None, marking }, context)?;
    let client = Client::connect(&context.home()?).await?;
    let target = Target::find(&client, &args.id).await?;
    target.must_be_own("supersede")?;
    let newest = target.page.outcome.as_ref().and_then(|outcome| outcome.superseded_by.first());
    if let Some(newest) = newest {
        let failure =
            Failure::refused(format!("{} was superseded by {} already", target.id(), publish::short_id(newest)));
        return Err(failure.next(format!("supersede that one: lyceum supersede {} FILE", publish::short_id(newest))));
    }
    let link = Link { rel: Rel::Supersedes, target: target.id().to_owned() };
    for (file, prepared) in &mut checked {
        let cannot = |fault: &(dyn std::error::Error + 'static)| {
            Failure::usage(format!("{} cannot be the new version", file.display())).because(fault)
        };
        if prepared.publication.content_hash() == target.publication.content_hash() {
            let same = format!("{} says what {} says already", file.display(), target.id());
            return Err(Failure::refused(same).next("change it first, or leave it as it is"));
        }
        prepared.publication = prepared.publication.with_link(&link).map_err(|fault| cannot(&fault))?;
        if prepared.marking.name() != target.page.line.marking {
            let note = format!("The old version is {}, the new one {}.", target.page.line.marking, prepared.marking);
            context.out.note(&note);
        }
    }
    publish::publish_all(checked, client, Changed { supersede: false, new: true }, context).await
}
