use lyceum_protocol::publication::Verdict;

use super::Context;
use super::review::{self, ReviewArgs};
use crate::failure::Failure;

/// Say that you did it again and came to the same result: publishes a review of a finding.
///
/// Give your own numbers with --file, so that others can compare. A review of one's own finding is no replication and
/// is refused (exit code 4). The same review is not published twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum replicate 3f9a1c20 --body \"Same prompts, our own machines.\"
  lyceum replicate 3f9a1c20 --file record.json")]
pub(super) struct Args {
    #[command(flatten)]
    review: ReviewArgs,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    review::run(Verdict::Replicates, args.review, context).await
}
