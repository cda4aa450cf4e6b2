//! What can be wrong with a node itself: its key, its disk, its clock, its seat, its texts.

use lyceum_protocol::governance::{Seat, Stop};

use super::{Facts, Surroundings, trouble};
use crate::api::shapes::Trouble;
use crate::store::StoreStatus;
use crate::time;

/// When this program was built, Unix milliseconds: no true clock stands before it.
pub(super) const BUILT: u64 = build_time();
/// How far behind one's own newest entry a clock may stand without being told, in milliseconds.
pub(super) const CLOCK_BEHIND: u64 = 10 * 60 * 1_000;
const MIB: u64 = 1024 * 1024;

const fn build_time() -> u64 {
    let mut seconds = 0_u64;
    let mut digits = env!("LYCEUM_BUILD_SECONDS").as_bytes();
    while let [digit, rest @ ..] = digits {
        seconds = seconds.wrapping_mul(10).wrapping_add((*digit).wrapping_sub(b'0') as u64);
        digits = rest;
    }
    seconds.wrapping_mul(1_000)
}

/// Adds what is wrong with this node itself, the gravest first.
pub(super) fn problems(facts: &Facts, around: &Surroundings, problems: &mut Vec<Trouble>) {
    if !facts.key_in_use_twice.is_empty() {
        problems.push(trouble(
            "the key of this node is in use twice: entries signed with it came from elsewhere",
            "find the other machine or copy of this home and stop it; if the key was stolen, this organisation has to drop it",
        ));
    }
    disk(&around.store, problems);
    if let Some(fault) = &around.index.trouble {
        problems.push(trouble(
            format!("the search index does not go on: {fault}"),
            "see that the disk is well and has room; it is tried again every ten seconds, and nothing of the log is lost",
        ));
    }
    if let Some(usage) = &around.attachments {
        super::attachments::problems(usage, problems);
    }
    clock(facts, around.now.wall, problems);
    seat(facts, problems);
    if facts.gaps > 0 {
        problems.push(Trouble {
            behind_entries: Some(facts.gaps),
            ..trouble(
                format!("the text of {} entries is missing, although their headers are here", facts.gaps),
                "nothing to do: it is asked for again with every comparison; it comes when somebody who holds it is connected",
            )
        });
    }
    if facts.forked > 0 {
        problems.push(trouble(
            format!("{} logs have two different entries at one place: what comes after is not shown", facts.forked),
            "the organisation that owns the log has to say which branch holds; ask it",
        ));
    }
}

fn disk(store: &StoreStatus, problems: &mut Vec<Trouble>) {
    if let Some(fault) = &store.stopped {
        problems.push(trouble(
            format!("the store takes nothing more: {fault}"),
            "mend the disk, then start the node again: what was acknowledged is safe",
        ));
    } else if let Some(fault) = &store.refused {
        problems.push(trouble(
            format!("the store refused something that contradicts what it holds: {fault}"),
            "start the node again; if this comes back, tell those who make this program what it says",
        ));
    }
    if let Some(free) = store.free_bytes.filter(|free| *free < store.reserve_bytes) {
        let (free, reserve) = (free / MIB, store.reserve_bytes / MIB);
        problems.push(trouble(
            format!(
                "only {free} MiB are free on the disk and {reserve} MiB are kept in reserve: own publications are refused"
            ),
            "make room on the disk of the home folder; publishing goes on by itself then",
        ));
    }
}

fn clock(facts: &Facts, now: u64, problems: &mut Vec<Trouble>) {
    if now < BUILT {
        problems.push(trouble(
            format!("the clock of this machine says {}, which is before this program was built", time::short(now)),
            "set the clock (time synchronisation): entries carry its time",
        ));
    } else if let Some(newest) = facts.newest_own.filter(|newest| newest.saturating_sub(now) > CLOCK_BEHIND) {
        let behind = time::ago(newest.saturating_sub(now));
        problems.push(trouble(
            format!(
                "the clock of this machine is {behind} behind this node's own newest entry ({})",
                time::short(newest)
            ),
            "set the clock (time synchronisation): now, or when that entry was written, it was wrong",
        ));
    }
}

fn seat(facts: &Facts, problems: &mut Vec<Trouble>) {
    match &facts.stop {
        Stop::ChainIncomplete => problems.push(trouble(
            "the charter of the alliance is not here yet",
            "wait until a member is reached; if none is, ask for a new invitation: its addresses may have changed",
        )),
        Stop::Contested(contest) => problems.push(trouble(
            format!("the next charter is contested: {} voters signed twice", contest.double_signers.len()),
            "publishing goes on; the voters have to sign one of them in a later round",
        )),
        Stop::UnknownRules { rules, .. } => problems.push(trouble(
            format!("the alliance has gone over to rules (number {rules}) that this version does not know"),
            "install a newer version of this program",
        )),
        Stop::Newest => {}
    }
    match facts.seat {
        Seat::Firm | Seat::Provisional => {}
        Seat::None => problems.push(trouble(
            "this organisation has no seat yet: what it publishes is kept here and stands when it has one",
            "with an invitation this happens by itself when a member is reached; else a voter runs `lyceum admit CARD` \
             with the card that `lyceum card` writes here",
        )),
        Seat::Suspended => problems.push(trouble(
            "two organisations redeemed one invitation: neither has the seat until the voters decide",
            "ask a voter to run `lyceum admit CARD` with your card, and tell where the invitation may have leaked",
        )),
        Seat::Removed => problems.push(trouble(
            "this organisation was removed from the alliance",
            "this is final for its id; whoever comes back makes a new home with `lyceum init` and is admitted as such",
        )),
    }
}
