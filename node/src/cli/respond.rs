use lyceum_protocol::publication::Response;

use super::Context;
use super::publish;
use super::review::keep_title;
use super::target::Target;
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::answer::{self, Words};

/// Say how your organisation stands to a finding: affected, not-affected, mitigated or investigating.
///
/// Publishes a notice. The newest answer of each organisation stands beside the finding; where it is the vendor of the
/// model, that is said.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum respond 3f9a1c20 investigating
  lyceum respond 3f9a1c20 mitigated --body \"Fixed in revision 0e9e39f.\"")]
pub(super) struct Args {
    /// The id of the finding, or at least its first 8 digits.
    id: String,
    /// How you stand to it.
    #[arg(value_name = "RESPONSE", value_parser = clap::builder::PossibleValuesParser::new(Response::WORDS))]
    response: String,
    /// More about it, in Markdown.
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// A title of its own instead of the finding's.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Who may read: CLEAR (anyone) or GREEN (members) [default: GREEN].
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let marking = args.marking.as_deref().map(publish::marking).transpose()?.unwrap_or_default();
    let Some(response) = Response::of(&args.response) else {
        return Err(Failure::usage(format!("{:?} is none of {}", args.response, Response::WORDS.join(", "))));
    };
    let client = Client::connect(&context.home()?).await?;
    let target = Target::find(&client, &args.id).await?;
    target.must_be_a_finding("responded to")?;
    keep_title(&target, marking, args.title.is_some())?;
    let words = Words { title: args.title, body: args.body };
    let publication = answer::response(target.id(), &target.publication.title, response, words)
        .map_err(|fault| Failure::usage("this notice cannot be published").because(&fault))?;
    publish::publish_one(target.id(), publication, marking, client, context).await
}
