use super::Context;
use crate::failure::Failure;

/// Print the manual page.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum man | man -l -
  lyceum man publish | man -l -")]
pub(super) struct Args {
    /// The command whose page is printed [default: that of the program].
    command: Option<String>,
}

pub(super) fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let mut command = super::command();
    command.build();
    let page = match &args.command {
        None => command,
        Some(name) => command.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::usage(format!("there is no command {name:?}")).next("see `lyceum help` for all commands")
        })?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|fault| Failure::new("the page cannot be written").because(&fault))?;
    context.out.bytes(&text)
}
