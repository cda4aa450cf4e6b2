use super::Context;
use crate::failure::Failure;

/// Demo.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, _context: &mut Context) -> Result<(), Failure> {
    Ok(())
}
