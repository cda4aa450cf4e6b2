use lyceum_protocol::publication::Verdict;

use super::Context;
use super::review::{self, ReviewArgs};
use crate::failure::Failure;

/// Say why you doubt something that was published: publishes a review of it.
///
/// The dispute stands beside its target wherever that is shown, also beside the versions that supersede it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum dispute 3f9a1c20 --body \"The scorer counts refusals as right answers.\"
  lyceum dispute 3f9a1c20 --title \"Another result with the same prompts\" --file record.json")]
pub(super) struct Args {
    #[command(flatten)]
    review: ReviewArgs,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    review::run(Verdict::Disputes, args.review, context).await
}
