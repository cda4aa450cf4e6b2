use super::publish::short_id;
use super::{Context, safe_text};
use crate::api::shapes::Member;
use crate::client::Client;
use crate::failure::Failure;

/// List the organisations of the alliance.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum members
  lyceum members --json | jq -r .name")]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, context: &mut Context) -> Result<(), Failure> {
    let members = Client::connect(&context.home()?).await?.members().await?;
    if context.out.is_json() {
        return members.iter().try_for_each(|member| context.out.object(member));
    }
    context
        .out
        .table(&["ORGANISATION", "ID", "SEAT", "VOTES", "NODES", "SINCE (UTC)", "DOMAIN"], members.iter().map(row))
}

fn row(member: &Member) -> Vec<String> {
    let since = member.admitted_at.as_ref().map(|time| time.get(..10).unwrap_or(time).to_owned());
    vec![
        safe_text::short_line(&member.name, 40),
        short_id(&member.org).to_owned(),
        member.state.clone(),
        if member.voter { "yes" } else { "" }.to_owned(),
        member.nodes.len().to_string(),
        since.unwrap_or_default(),
        member.domain.clone().unwrap_or_default(),
    ]
}
