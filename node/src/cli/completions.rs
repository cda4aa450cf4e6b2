use clap_complete::Shell;

use super::Context;
use crate::failure::Failure;

/// Print the completion script of a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum completions bash > ~/.local/share/bash-completion/completions/lyceum
  lyceum completions fish > ~/.config/fish/completions/lyceum.fish")]
pub(super) struct Args {
    /// Which shell.
    shell: Shell,
}

pub(super) fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "lyceum", &mut script);
    context.out.bytes(&script)
}
