use lyceum_protocol::publication::Verdict;

use super::Context;
use super::review::{self, ReviewArgs};
use crate::failure::Failure;

/// Say that you stand by something that was published: publishes a review of it.
///
/// It is no replication: whoever did it again says so with `lyceum replicate`. Your own organisation stands by what it
/// publishes anyway: to endorse that is refused (exit code 4).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum endorse 3f9a1c20
  lyceum endorse 3f9a1c20 --body \"We see the same in our own incidents.\"")]
pub(super) struct Args {
    #[command(flatten)]
    review: ReviewArgs,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    review::run(Verdict::Endorses, args.review, context).await
}
