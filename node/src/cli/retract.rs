use super::Context;
use super::publish;
use super::review::keep_title;
use super::target::Target;
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::Marking;
use crate::publish::answer::{self, Words};

/// Take back something that your organisation published: publishes a notice with the reason.
///
/// The entry stays readable and is marked as retracted wherever it is shown. Only the organisation that published it
/// may do so (exit code 4); others can dispute it. A retraction may use the last tenth of the quota.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum retract 3f9a1c20 --reason \"The scorer was wrong\"
  lyceum retract 3f9a1c20 --reason \"Wrong model\" --body \"The runs were of the base model.\"")]
pub(super) struct Args {
    /// The id of the entry, or at least its first 8 digits.
    id: String,
    /// Why, in one line.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// More about it, in Markdown.
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// A title of its own instead of the entry's.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Who may read: CLEAR (anyone) or GREEN (members) [default: as the entry].
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let marking = args.marking.as_deref().map(publish::marking).transpose()?;
    let client = Client::connect(&context.home()?).await?;
    let target = Target::find(&client, &args.id).await?;
    target.must_be_own("retract")?;
    if let Some(retraction) = target.page.outcome.as_ref().and_then(|outcome| outcome.retracted.as_ref()) {
        let by = publish::short_id(&retraction.by);
        let failure = Failure::refused(format!("{} was retracted already, by {by}", target.id()));
        return Err(failure.next(format!("to give another reason, supersede the notice: lyceum supersede {by} FILE")));
    }
    // Whoever could read the entry can read that it was taken back.
    let as_before = || target.page.line.marking.parse::<Marking>().unwrap_or_default();
    let marking = marking.unwrap_or_else(as_before);
    keep_title(&target, marking, args.title.is_some())?;
    let words = Words { title: args.title, body: args.body };
    let publication = answer::retraction(target.id(), &target.publication.title, &args.reason, words)
        .map_err(|fault| Failure::usage("this notice cannot be published").because(&fault))?;
    publish::publish_one(target.id(), publication, marking, client, context).await
}
