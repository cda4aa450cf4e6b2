//! The command line: arguments, dispatch, and the one edge where failures become words and exit codes.

pub mod output;
mod progress;
pub mod safe_text;

mod about;
mod admit;
mod attach;
mod attaching;
mod card;
mod comment;
mod compare;
mod completions;
mod demo;
mod dispute;
mod endorse;
mod export;
mod fetch;
mod found;
mod import;
mod init;
mod interrupted;
mod invite;
mod join;
mod log;
mod man;
mod members;
mod new;
mod outcome;
mod peers;
mod publish;
mod release;
mod replicate;
mod report;
mod respond;
mod retract;
mod review;
mod run;
mod same_as;
mod search;
mod show;
mod status;
mod supersede;
mod target;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::failure::{Ending, Failure};
use crate::home::Home;
use crate::size;
use output::Output;

/// A node of an alliance that shares AI research: signed, replicated, without an operator.
#[derive(Debug, Parser)]
#[command(
    name = "lyceum",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Begin with one of these:
  lyceum demo                               three organisations on this machine, to look at
  lyceum init --org \"Example Lab\"           your own node; then found an alliance, or join one
  lyceum help COMMAND                       what a command does, with examples

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 daemon not reachable, 4 refused by a rule,
5 verification failed."
)]
pub struct Cli {
    /// The home folder of the node [default: LYCEUM_HOME, or else the platform's data folder].
    #[arg(long, global = true, value_name = "DIR", help_heading = "Options of every command")]
    home: Option<PathBuf>,

    /// Print JSON, one object a line, for scripts.
    #[arg(long, global = true, help_heading = "Options of every command")]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Init(init::Args),
    Card(card::Args),
    Found(found::Args),
    Admit(admit::Args),
    Invite(invite::Args),
    Join(join::Args),
    Run(run::Args),
    New(new::Args),
    Publish(publish::Args),
    Import(import::Args),
    Attach(attach::Args),
    Release(release::Args),
    Fetch(fetch::Args),
    Replicate(replicate::Args),
    Dispute(dispute::Args),
    Endorse(endorse::Args),
    Comment(comment::Args),
    Respond(respond::Args),
    SameAs(same_as::Args),
    Supersede(supersede::Args),
    Retract(retract::Args),
    Log(log::Args),
    Search(search::Args),
    About(about::Args),
    Show(show::Args),
    Compare(compare::Args),
    Export(export::Args),
    Verify(verify::Args),
    Members(members::Args),
    Peers(peers::Args),
    Status(status::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    home: Option<PathBuf>,
    pub(crate) out: Output,
}

impl Context {
    /// The home that is meant.
    pub(crate) fn home(&self) -> Result<Home, Failure> {
        let given = |folder: &PathBuf| !folder.as_os_str().is_empty();
        let named = || std::env::var_os("LYCEUM_HOME").map(PathBuf::from).filter(given);
        let folder = self.home.clone().filter(given).or_else(named).or_else(Home::default_folder);
        folder.map(Home::at).ok_or_else(|| {
            Failure::usage("no home folder is known: neither HOME nor LYCEUM_HOME is set").next("name one: --home DIR")
        })
    }
}

/// Runs the program as it was called.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(fault) => {
            let code = fault.exit_code();
            // Help goes to stdout, mistakes to stderr; if neither can be written there is nobody to tell.
            let _ = fault.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let out = Output::new(cli.json);
    let mut context = Context { home: cli.home, out };
    let done = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(Box::pin(dispatch(cli.command, &mut context)));
            // A blocking read of a disk that hangs does not keep the program.
            runtime.shutdown_timeout(std::time::Duration::from_secs(2));
            done
        }
        Err(fault) => Err(Failure::new("cannot start").because(&fault)),
    };
    match done.and_then(|()| context.out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.ends() == Ending::Unread => ExitCode::SUCCESS,
        Err(failure) => {
            report::print(&failure, &context.out);
            ExitCode::from(failure.ends().code())
        }
    }
}

async fn dispatch(command: Command, context: &mut Context) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(args, context).await,
        Command::Init(args) => init::run(args, context),
        Command::Card(args) => card::run(args, context),
        Command::Found(args) => found::run(args, context).await,
        Command::Admit(args) => admit::run(args, context).await,
        Command::Invite(args) => invite::run(args, context).await,
        Command::Join(args) => join::run(args, context).await,
        Command::Run(args) => run::run(args, context).await,
        Command::New(args) => new::run(args, context).await,
        Command::Publish(args) => publish::run(args, context).await,
        Command::Import(args) => import::run(args, context).await,
        Command::Attach(args) => attach::run(args, context).await,
        Command::Release(args) => release::run(args, context).await,
        Command::Fetch(args) => {
            let next = "the node goes on by itself; start it again to have the files in the folder";
            interrupted::unless_interrupted(fetch::run(args, context), next).await
        }
        Command::Replicate(args) => replicate::run(args, context).await,
        Command::Dispute(args) => dispute::run(args, context).await,
        Command::Endorse(args) => endorse::run(args, context).await,
        Command::Comment(args) => comment::run(args, context).await,
        Command::Respond(args) => respond::run(args, context).await,
        Command::SameAs(args) => same_as::run(args, context).await,
        Command::Supersede(args) => supersede::run(args, context).await,
        Command::Retract(args) => retract::run(args, context).await,
        Command::Log(args) => log::run(args, context).await,
        Command::Compare(args) => compare::run(args, context).await,
        Command::About(args) => about::run(args, context).await,
        Command::Export(args) => interrupted::unless_interrupted(export::run(args, context), "start it again").await,
        Command::Search(args) => search::run(args, context).await,
        Command::Show(args) => show::run(args, context).await,
        Command::Verify(args) => verify::run(args, context).await,
        Command::Members(args) => members::run(args, context).await,
        Command::Peers(args) => peers::run(args, context).await,
        Command::Status(args) => status::run(args, context).await,
        Command::Completions(args) => completions::run(args, context),
        Command::Man(args) => man::run(args, context),
    }
}

/// The whole command line, as clap knows it.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests;
