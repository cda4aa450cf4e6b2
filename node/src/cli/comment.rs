use lyceum_protocol::publication::Verdict;

use super::Context;
use super::review::{self, ReviewArgs};
use crate::failure::Failure;

/// Say something about what was published: publishes a review that neither doubts nor endorses it.
///
/// Also the answer to a review of your own: comment on that review, and the answer stands beside it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum comment 3f9a1c20 --body \"Which prompts were these?\"
  lyceum comment 77be02d1 --title \"An answer to your dispute\" --file record.json")]
pub(super) struct Args {
    #[command(flatten)]
    review: ReviewArgs,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    if args.review.says_nothing() {
        return Err(Failure::usage("a comment says something").next("give it: --body TEXT"));
    }
    review::run(Verdict::Comments, args.review, context).await
}
