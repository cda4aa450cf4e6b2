//! What `replicate`, `dispute`, `endorse` and `comment` have in common.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use lyceum_protocol::limits::PUBLICATION_MAX;
use lyceum_protocol::publication::{PublicationFault, Verdict};

use super::Context;
use super::attaching::{self, AttachArgs};
use super::publish;
use super::target::Target;
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::Marking;
use crate::publish::answer::{self, Measured, Words};
use crate::publish::attached::with_attachments;

/// What a review is given.
#[derive(Debug, clap::Args)]
pub(super) struct ReviewArgs {
    /// The id of the entry, or at least its first 8 digits.
    id: String,
    /// What you did and found, in Markdown.
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// A title of its own instead of the target's.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Your own evaluation: an Every Eval Ever record, or a finding that holds one, in JSON.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Who may read: CLEAR (anyone) or GREEN (members) [default: GREEN].
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
    #[command(flatten)]
    attach: AttachArgs,
}

impl ReviewArgs {
    /// Whether there is nothing in it but what it is about.
    pub(super) const fn says_nothing(&self) -> bool {
        self.body.is_none() && self.title.is_none() && self.file.is_none() && self.attach.is_empty()
    }
}

/// Publishes a review.
pub(super) async fn run(verdict: Verdict, args: ReviewArgs, context: &mut Context) -> Result<(), Failure> {
    let marking = args.marking.as_deref().map(publish::marking).transpose()?.unwrap_or_default();
    let measured = args.file.as_deref().map(measured).transpose()?;
    let chosen = tokio::task::block_in_place(|| args.attach.look(&context.out))?;
    let client = Client::connect(&context.home()?).await?;
    let target = Target::find(&client, &args.id).await?;
    if verdict == Verdict::Replicates {
        target.may_be_replicated()?;
    }
    if verdict == Verdict::Endorses {
        target.must_be_of_others()?;
    }
    keep_title(&target, marking, args.title.is_some())?;
    let words = Words { title: args.title, body: args.body };
    let cannot = |fault: PublicationFault| Failure::usage("this review cannot be published").because(&fault);
    let mut publication =
        answer::review(verdict, target.id(), &target.publication.title, words, measured).map_err(cannot)?;
    if !args.attach.is_empty() {
        let files = attaching::attachments(&client, &chosen).await?;
        publication = with_attachments(&publication, &files).map_err(cannot)?;
    }
    publish::publish_one(target.id(), publication, marking, client, context).await
}

/// The title of what is for members alone does not leave the alliance on the back of an answer.
pub(super) fn keep_title(target: &Target, marking: Marking, own_title: bool) -> Result<(), Failure> {
    if marking == Marking::Clear && target.page.line.marking != Marking::Clear.name() && !own_title {
        let why = format!(
            "{} is {}: its title would leave the alliance with a CLEAR answer",
            target.id(),
            target.page.line.marking
        );
        return Err(Failure::refused(why).next("give the answer a title of its own: --title TEXT"));
    }
    Ok(())
}

/// Reads the evaluation of one's own.
fn measured(file: &Path) -> Result<Measured, Failure> {
    let unread = |fault: std::io::Error| Failure::usage(format!("cannot read {}", file.display())).because(&fault);
    let most = u64::try_from(PUBLICATION_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(file).and_then(|opened| opened.take(most).read_to_end(&mut bytes)).map_err(unread)?;
    answer::measured(file, &bytes).map_err(|fault| {
        Failure::usage("nothing was published: the evaluation cannot be used")
            .because(&fault)
            .next("what other tools write becomes a finding by import")
    })
}
