//! Missing payloads: asked for in groups, from one organisation after the other, in answers no larger than a page (S15).

#![expect(clippy::unwrap_used, reason = "fixtures within their bounds")]

use lyceum_protocol::bounded::SharedBytes;
use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits;
use lyceum_protocol::replica::Load;
use lyceum_protocol::sync::message::TravellingPayload;
use lyceum_tests::table::{Alliance, Table, log_of};

/// Nodes that hold the entries with their payloads, or without.
fn lay(alliance: Alliance, entries: &[VerifiedEntry], with_payloads: &[bool]) -> Table {
    let bare = alliance.bare(entries);
    let held: Vec<Vec<VerifiedEntry>> =
        with_payloads.iter().map(|with| if *with { entries.to_vec() } else { bare.clone() }).collect();
    Table::lay(alliance, &held)
}

/// S15: a hundred and fifty small payloads take three questions.
#[test]
fn missing_payloads_are_asked_for_in_groups() {
    let alliance = Alliance::new(2);
    let entries = alliance.written(&[], 150, 100, 7);
    let mut table = lay(alliance, &entries, &[false, true]);
    assert_eq!(table.gaps(0), 150);
    table.connect(0, 1);
    assert_eq!(table.gaps(0), 0);
    let sizes: Vec<usize> = table.asked.iter().map(|asked| asked.ids.len()).collect();
    assert_eq!(sizes, [64, 64, 22]);
    let stored = table.nodes[0].disk.load(&Load::Some { places: vec![(log_of(&entries), 149)] });
    assert_eq!(stored[0].payload(), entries[149].payload());
}

/// S15: large payloads come page by page; no more is read than one page holds, and the asker goes on behind each.
#[test]
fn a_cut_answer_is_gone_on_with() {
    let alliance = Alliance::new(2);
    let entries = alliance.written(&[], 10, limits::PAYLOAD_MAX as usize, 7);
    let mut table = lay(alliance, &entries, &[false, true]);
    table.connect(0, 1);
    assert_eq!(table.gaps(0), 0);
    let answered: Vec<(usize, usize)> =
        table.asked.iter().map(|asked| (asked.ids.len(), asked.answered.len())).collect();
    assert_eq!(answered, [(10, 3), (7, 3), (4, 3), (1, 1)]);
    assert!(table.most_loaded <= limits::PAGE_MAX, "{} bytes read for one answer", table.most_loaded);
}

/// S15: what one organisation does not have is asked of another, and not of the same one again before.
#[test]
fn another_organisation_is_asked_next() {
    let alliance = Alliance::new(3);
    let entries = alliance.written(&[], 5, 100, 7);
    let mut table = lay(alliance, &entries, &[false, false, false]);
    table.connect(0, 1);
    table.connect(0, 2);
    table.asked.clear();
    for _ in 0..4 {
        table.round();
    }
    let own: Vec<PublicKey> = table.asked.iter().filter(|asked| asked.by == 0).map(|asked| asked.of).collect();
    assert!(own.len() >= 4, "{} questions", own.len());
    assert!(own.windows(2).all(|pair| pair[0] != pair[1]), "one after the other");
    assert!(table.asked.iter().flat_map(|asked| &asked.answered).all(|found| *found == TravellingPayload::NotHeld));
    assert_eq!(table.gaps(0), 5);
}

/// E11, S15: a payload that is not the entry's fills no gap, and ends in a disconnection.
#[test]
fn a_payload_of_another_entry_is_held_against_its_sender() {
    let alliance = Alliance::new(2);
    let entries = alliance.written(&[], 3, 100, 7);
    let mut table = lay(alliance, &entries, &[false, true]);
    table.bend = |payload| match payload {
        TravellingPayload::Present(_) => TravellingPayload::Present(SharedBytes::new(vec![9; 100]).unwrap()),
        other => other,
    };
    table.connect(0, 1);
    let liar = table.key(1);
    assert_eq!((table.gaps(0), table.nodes[0].replica.sessions()[&liar].strikes), (3, 1));
    for _ in 0..10 {
        table.round();
    }
    assert_eq!(table.gaps(0), 3);
    assert!(!table.nodes[0].replica.sessions().contains_key(&liar), "five lies end a connection");
}
