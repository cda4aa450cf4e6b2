use std::path::PathBuf;

use super::publish::{self, short_id};
use super::target::Target;
use super::{Context, attaching};
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::attached::{next_version, with_attachments};

/// Attach files to something that your organisation published: publishes its next version with the files beside it.
///
/// The files are kept by this node, and others fetch them from here and from each other. A file of a name that is
/// attached already takes its place. Text files are looked through first: one that holds a secret is refused, and so is
/// one that names home folders, hosts, accounts or e-mail addresses, unless --keep says that it may go (exit code 4).
/// What the charter and this node's settings have no room for is refused before anything is published.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum attach 3f9a1c20 samples.jsonl run.log
  lyceum attach 3f9a1c20 run.log --keep home-folder,host")]
pub(super) struct Args {
    /// The id of the publication, or at least its first 8 digits.
    id: String,
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Attach files although they name what is private: home-folder, host, account, email. Never a secret.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    keep: Vec<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let chosen = tokio::task::block_in_place(|| attaching::look(&args.files, &args.keep, &context.out))?;
    let client = Client::connect(&context.home()?).await?;
    let target = Target::find(&client, &args.id).await?;
    target.must_be_own("attach files to")?;
    if let Some(outcome) = &target.page.outcome {
        if let Some(newest) = &outcome.newest {
            let failure = Failure::refused(format!("{} is not the newest version", target.id()));
            return Err(failure.next(format!("attach to the newest: lyceum attach {} FILE", short_id(newest))));
        }
        if outcome.retracted.is_some() {
            return Err(Failure::refused(format!("{} was retracted", target.id())));
        }
    }
    let marking = publish::marking(&target.page.line.marking)?;
    let cannot = |fault: &(dyn std::error::Error + 'static)| {
        Failure::usage(format!("the files cannot stand beside {}", target.id()))
            .because(fault)
            .next("publish a folder of many files as a release: lyceum release FOLDER --name NAME")
    };
    let files = attaching::attachments(&client, &chosen).await?;
    let publication = with_attachments(&target.publication, &files).map_err(|fault| cannot(&fault))?;
    if publication.content_hash() == target.publication.content_hash() {
        return Err(Failure::refused(format!("{} has these files already", target.id())));
    }
    let publication = next_version(&publication, target.id()).map_err(|fault| cannot(&fault))?;
    publish::publish_one(target.id(), publication, marking, client, context).await
}
