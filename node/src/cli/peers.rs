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
    context.out.table(&["ORGANISATION", "NODE", "CONNECTED", "BEHIND", "LAST COMPARED (UTC)", "TROUBLE"], rows(&peers))
}

/// The rows of a table of peers.
pub(super) fn rows(peers: &[Peer]) -> Vec<Vec<String>> {
    let row = |peer: &Peer| {
        let last = peer.last_sync.as_ref().map(|time| time.get(..19).unwrap_or(time).replace('T', " "));
        vec![
            safe_text::short_line(&peer.org_name, 30),
            peer.node.clone(),
            if peer.connected { "yes" } else { "no" }.to_owned(),
            peer.behind_entries.to_string(),
            last.unwrap_or_else(|| "never".to_owned()),
            safe_text::short_line(peer.trouble.as_deref().unwrap_or_default(), 60),
        ]
    };
    peers.iter().map(row).collect()
}
