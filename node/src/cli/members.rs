use super::output::Column;
use super::publish::short_id;
use super::{Context, safe_text};
use crate::api::shapes::Member;
use crate::client::Client;
use crate::failure::Failure;

const COLUMNS: [Column; 7] = [
    Column::Text("ORGANISATION"),
    Column::Whole("ID"),
    Column::Whole("SEAT"),
    Column::Whole("VOTES"),
    Column::Whole("NODES"),
    Column::Whole("SINCE (UTC)"),
    Column::Text("DOMAIN"),
];

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
    // Most have no domain.
    let columns = if members.iter().any(|member| member.domain.is_some()) { &COLUMNS[..] } else { &COLUMNS[..6] };
    context.out.table(columns, members.iter().map(|member| row(member, columns.len())))
}

fn row(member: &Member, columns: usize) -> Vec<String> {
    let since = member.admitted_at.as_ref().map(|time| time.get(..10).unwrap_or(time).to_owned());
    let mut row = vec![
        safe_text::short_line(&member.name, 40),
        short_id(&member.org).to_owned(),
        member.state.clone(),
        if member.voter { "yes" } else { "" }.to_owned(),
        member.nodes.len().to_string(),
        since.unwrap_or_default(),
        member.domain.clone().unwrap_or_default(),
    ];
    row.truncate(columns);
    row
}
