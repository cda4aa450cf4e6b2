mod editing;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use lyceum_protocol::publication::Finding;

use super::publish::{self, Changed};
use super::{Context, safe_text};
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::{Prepared, template};
use crate::{clock, durable, time};
use editing::{Ended, Person};

/// Begin a publication in your editor, from a template with a remark beside every field.
///
/// The editor is that of VISUAL or EDITOR. What you write is checked and, if you say so, published. A draft that is not
/// published stays in the folder `drafts` of the home; publish it later with `lyceum publish`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum new note
  lyceum new finding --nature incident
  lyceum new finding --nature risk --print > risk.md")]
pub(super) struct Args {
    /// Type: note, finding, release, resource, call, review or notice.
    #[arg(value_name = "TYPE", value_parser = PossibleValuesParser::new(template::TYPES))]
    kind: String,
    /// What kind of finding: evaluation, risk, incident, mitigation or capability [default: risk].
    #[arg(long, value_name = "NATURE", value_parser = PossibleValuesParser::new(Finding::NATURES))]
    nature: Option<String>,
    /// Print the template instead, for an editor of your own.
    #[arg(long)]
    print: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let template = template::template(&args.kind, args.nature.as_deref())
        .ok_or_else(|| Failure::usage(format!("--nature is for findings, and {} is none", args.kind)))?;
    if args.print {
        return context.out.bytes(template.as_bytes());
    }
    let watched = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if context.out.is_json() || !watched {
        return Err(Failure::usage("an editor needs a terminal").next(format!(
            "print the template, fill it in and publish it: lyceum new {} --print > draft.md",
            args.kind
        )));
    }
    let draft = begin(&args.kind, &template, context)?;
    match editing::edit(&draft, &template, &mut Person { out: &context.out })? {
        Ended::Untouched => {
            // It holds the template and nothing else.
            let _ = std::fs::remove_file(&draft);
            context.out.note("Nothing was written, so nothing is kept.");
            Ok(())
        }
        Ended::Kept => {
            context.out.note(&format!("Kept as {}", draft.display()));
            context.out.note(&format!("Publish it later: lyceum publish {}", draft.display()));
            Ok(())
        }
        Ended::Publish(prepared) => publish_draft(&draft, *prepared, context).await,
    }
}

/// Puts the template where it survives whatever happens next.
fn begin(kind: &str, template: &str, context: &Context) -> Result<PathBuf, Failure> {
    let home = context.home()?;
    if !home.folder().is_dir() {
        return Err(Failure::usage(format!("there is no home in {} to keep a draft in", home.folder().display()))
            .next(format!("make one with `lyceum init`, or: lyceum new {kind} --print > draft.md")));
    }
    let folder = home.drafts_folder();
    let unkept = |fault: std::io::Error| {
        Failure::new(format!("no draft can be kept in {}", folder.display()))
            .because(&fault)
            .next("see that the disk has room and the folder is yours")
    };
    durable::private_folder(&folder).map_err(unkept)?;
    // `20261125T104500Z`: no character that a file name may not have.
    let now: String = time::rfc3339(clock::wall()).chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let now = now.split('.').next().unwrap_or_default().trim_end_matches('Z').to_owned();
    let free = (1_u32..).map(|n| if n == 1 { String::new() } else { format!("-{n}") });
    let names = free.map(|suffix| folder.join(format!("{kind}-{now}{suffix}.md")));
    let draft = names.into_iter().find(|path| !path.exists()).unwrap_or_else(|| folder.join("draft.md"));
    durable::write(&draft, template.as_bytes(), durable::PRIVATE).map_err(unkept)?;
    Ok(draft)
}

/// Publishes a draft. It goes once it is published, and stays if it is not.
async fn publish_draft(draft: &Path, prepared: Prepared, context: &mut Context) -> Result<(), Failure> {
    for warning in &prepared.warnings {
        context.out.note(&safe_text::line(warning));
    }
    let done = match Client::connect(&context.home()?).await {
        Ok(client) => {
            let one = vec![(draft.to_owned(), prepared)];
            publish::publish_all(one, client, Changed { supersede: false, new: false }, context).await
        }
        Err(failure) => Err(failure),
    };
    match done {
        Ok(()) => {
            // The text is in the log now; a copy that stays behind is no harm.
            let _ = std::fs::remove_file(draft);
            Ok(())
        }
        Err(failure) => Err(failure.cause(format!("the draft is kept as {}", draft.display()))),
    }
}
