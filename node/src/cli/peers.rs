use super::output::Column;
use super::{Context, safe_text};
use crate::api::shapes::Peer;
use crate::client::Client;
use crate::failure::Failure;

/// List the nodes of the others, and how far behind them this one is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum peers
  lyceum peers --json")]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, context: &mut Context) -> Result<(), Failure> {
    let peers = Client::connect(&context.home()?).await?.peers().await?;
    if context.out.is_json() {
        return peers.iter().try_for_each(|peer| context.out.object(peer));
    }
    if peers.is_empty() {
        context.out.note("No other node is known yet. `lyceum status` says what to do.");
        return Ok(());
    }
    table(&peers, context)
}

/// Prints a table of peers. On a terminal a node is named by the end of its id, and what no row has takes no room.
pub(super) fn table(peers: &[Peer], context: &mut Context) -> Result<(), Failure> {
    let short = context.out.is_terminal();
    let troubled = !short || peers.iter().any(|peer| peer.trouble.is_some());
    let mut columns = vec![
        Column::Text("ORGANISATION"),
        Column::Whole("NODE"),
        Column::Whole("CONNECTED"),
        Column::Whole("BEHIND"),
        Column::Whole("COMPARED (UTC)"),
    ];
    columns.extend(troubled.then_some(Column::Text("TROUBLE")));
    let row = |peer: &Peer| {
        let last = peer.last_sync.as_ref().map(|time| time.get(..16).unwrap_or(time).replace('T', " "));
        let mut row = vec![
            safe_text::short_line(&peer.org_name, 30),
            if short { ending(&peer.node) } else { peer.node.clone() },
            if peer.connected { "yes" } else { "no" }.to_owned(),
            // Before two have compared, nobody knows.
            if last.is_some() { peer.behind_entries.to_string() } else { "?".to_owned() },
            last.unwrap_or_else(|| "never".to_owned()),
        ];
        row.extend(troubled.then(|| safe_text::short_line(peer.trouble.as_deref().unwrap_or_default(), 80)));
        row
    };
    context.out.table(&columns, peers.iter().map(row))
}

/// The end of an id: all ids of nodes begin alike.
fn ending(id: &str) -> String {
    format!("…{}", id.get(id.len().saturating_sub(8)..).unwrap_or(id))
}
