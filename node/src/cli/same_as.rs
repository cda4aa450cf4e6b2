use super::Context;
use super::publish;
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::answer::{self, Words};

/// Say that several names mean one model: publishes a notice that joins them in `lyceum about`.
///
/// Names are joined one step, with your organisation named beside it. Whoever doubts it says so with `lyceum dispute`
/// and the id of the notice: the names are then listed apart. You take it back with `lyceum retract`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum same-as meta-llama/Llama-3.1-8B-Instruct llama-3.1-8b-instruct
  lyceum same-as example/model sha256:9f86d081884c7d65… --body \"The digest of model.safetensors.\"")]
pub(super) struct Args {
    /// The names: exact names, or digests; at least two.
    #[arg(value_name = "NAME", num_args = 2.., required = true)]
    names: Vec<String>,
    /// How you know, in Markdown.
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// A title of its own instead of the names.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Who may read: CLEAR (anyone) or GREEN (members) [default: GREEN].
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let marking = args.marking.as_deref().map(publish::marking).transpose()?.unwrap_or_default();
    let words = Words { title: args.title, body: args.body };
    let publication = answer::same_as(&args.names, words)
        .map_err(|fault| Failure::usage("this notice cannot be published").because(&fault))?;
    let client = Client::connect(&context.home()?).await?;
    publish::publish_one(&args.names.join(" = "), publication, marking, client, context).await
}
