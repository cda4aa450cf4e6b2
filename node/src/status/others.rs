//! What can be wrong between a node and the others: not reached, not answering, not compared, behind.

use std::collections::BTreeSet;

use lyceum_protocol::governance::Seat;
use lyceum_protocol::hash::OrgId;
use lyceum_protocol::replica::Now;
use lyceum_protocol::sync::message::RefusalCode;

use super::{Facts, PeerFacts, Surroundings, trouble};
use crate::api::shapes::Trouble;
use crate::network::identity::peer_id_of;
use crate::time;

/// How long a node may look for its peers, or a peer take to be compared with, before that is a problem, in
/// milliseconds.
pub(super) const GRACE: u64 = 20_000;
/// How long a comparison counts, in milliseconds.
pub(super) const COMPARED_WITHIN: u64 = 10 * 60 * 1_000;
/// With how many other organisations a node has to have compared itself in that time, if there are so many: fewer may
/// be in league to withhold something.
pub(super) const COMPARED_WITH: usize = 8;
/// After how many seconds without an entry a node no longer calls it fetching.
pub(super) const IDLE: u64 = 60;
/// Names that are listed at most.
const NAMED: usize = 5;

/// Adds what is wrong between this node and the others, peer by peer, then as a whole.
pub(super) fn problems(facts: &Facts, around: &Surroundings, problems: &mut Vec<Trouble>) {
    let now = around.now;
    let young = now.mono < GRACE;
    for peer in &facts.peers {
        problems.extend(peer_problem(facts, peer, around));
    }
    if !lonely(facts, young, problems) {
        stale(facts, now, problems);
    }
    if !facts.checked && facts.waiting > 0 && !young {
        problems.push(trouble(
            format!("{} publications wait: too few nodes have said what they hold of this node's log", facts.waiting),
            "they are written as soon as enough members are reached",
        ));
    }
}

fn name(peer: &PeerFacts) -> String {
    if peer.org_name.is_empty() { "a peer".to_owned() } else { peer.org_name.clone() }
}

fn peer_problem(facts: &Facts, peer: &PeerFacts, around: &Surroundings) -> Option<Trouble> {
    let (now, name) = (around.now, name(peer));
    let at = |cause: String, advice: &str| {
        let behind_entries = (peer.behind > 0).then_some(peer.behind);
        let node = Some(peer_id_of(&peer.key).to_string());
        Some(Trouble { peer: node, cause, behind_entries, advice: advice.to_owned() })
    };
    if let Some((code, detail)) = &peer.refusal {
        return match code {
            RefusalCode::OtherNetwork => at(
                format!("{name} belongs to another alliance"),
                "nothing is exchanged with it; check where the invitation came from",
            ),
            RefusalCode::NoCommonVersion => at(
                format!("{name} speaks no version of the protocol that this program knows: {detail}"),
                "upgrade needed: install the newest version of this program, here or there",
            ),
            _ => at(
                format!("{name} refuses to speak with this node: {detail}"),
                "ask its people what they see in `lyceum status`",
            ),
        };
    }
    let Some(connected_for) = peer.connected_for else {
        let (cause, since) = peer.unreachable.as_ref().filter(|_| now.mono >= GRACE)?;
        return at(
            format!("{name} cannot be reached since {}: {cause}", time::ago(*since)),
            "it may be off; if it should be up, ask its people for its address, and see whether a firewall stands between",
        );
    };
    if peer.takes_us_for_member == Some(false) && facts.seat != Seat::None {
        return at(
            format!("{name} does not take this node for a member yet"),
            "wait a moment; if it stays so, that peer has not received what gives this organisation its seat",
        );
    }
    if peer.behind > 0 {
        let cause = format!("{name} holds {} entries that are not here yet", peer.behind);
        return match &around.catching_up {
            Some(progress) if progress.idle_seconds >= IDLE => at(
                format!("{cause}, and nothing came for {}", time::ago(progress.idle_seconds.saturating_mul(1_000))),
                "wait a few minutes for others who hold them; then ask its people what they see in `lyceum status`, and \
                 start this node again",
            ),
            Some(progress) => at(cause, &format!("nothing to do, they are being fetched: {progress}")),
            None => at(cause, "nothing to do: they are being fetched"),
        };
    }
    if connected_for < GRACE || !facts.is_member(peer.org) || facts.seat == Seat::None {
        return None;
    }
    let answers = "what it holds and this node does not is not known; ask its people what they see in `lyceum status` \
                   and restart the node that is at fault";
    match peer.last_sync {
        None if peer.takes_us_for_member.is_none() => {
            at(format!("{name} is connected since {} and has not said a word", time::ago(connected_for)), answers)
        }
        None => at(
            format!("{name} is connected since {} and was never compared with to the end", time::ago(connected_for)),
            answers,
        ),
        Some(at_ms) if now.wall.saturating_sub(at_ms) > COMPARED_WITHIN => {
            let ago = time::ago(now.wall.saturating_sub(at_ms));
            at(format!("{name} is connected and was last compared with {ago} ago"), answers)
        }
        Some(_) => None,
    }
}

/// Says that nobody is connected; whether it had to be said.
fn lonely(facts: &Facts, young: bool, problems: &mut Vec<Trouble>) -> bool {
    let connected = facts.peers.iter().any(PeerFacts::is_connected);
    let expected = !facts.other_members.is_empty() || !facts.peers.is_empty();
    if connected || !expected || young {
        return false;
    }
    problems.push(trouble(
        "no other node is connected: nothing comes in and nothing goes out",
        "see the peers above; if this machine has no public address, check that outgoing connections are allowed",
    ));
    true
}

/// Whether so few organisations were compared with that something may be withheld.
fn stale(facts: &Facts, now: Now, problems: &mut Vec<Trouble>) {
    if now.mono < COMPARED_WITHIN {
        return;
    }
    // What is known to be missing from a peer was compared with it; that is a problem of its own.
    let counts = |peer: &&PeerFacts| {
        let lately = peer.last_sync.is_some_and(|at| now.wall.saturating_sub(at) <= COMPARED_WITHIN);
        lately || (peer.is_connected() && peer.behind > 0)
    };
    let compared: BTreeSet<OrgId> = facts.peers.iter().filter(counts).map(|peer| peer.org).collect();
    let (with, without): (Vec<_>, Vec<_>) = facts.other_members.iter().partition(|(org, _)| compared.contains(org));
    let wanted = facts.other_members.len().min(COMPARED_WITH);
    if with.len() >= wanted {
        return;
    }
    let mut names: Vec<&str> = without.iter().map(|(_, name)| name.as_str()).take(NAMED).collect();
    let more = format!("{} more", without.len().saturating_sub(NAMED));
    if without.len() > NAMED {
        names.push(&more);
    }
    problems.push(trouble(
        format!(
            "this node may be stale: in the last 10 minutes it was compared with {} of {} other organisations ({wanted} \
             are wanted, so that no few of them can withhold something), and not with {}",
            with.len(),
            facts.other_members.len(),
            names.join(", "),
        ),
        "see `lyceum peers` for why: who is off has to come back, who was admitted and never came has to join and run",
    ));
}
