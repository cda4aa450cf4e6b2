use lyceum_protocol::hash::LogId;
use lyceum_protocol::publication::Publication;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::card::Card;
use super::shapes::{Answer, Score};
use super::*;
use crate::index::faceted::Faceted;
use crate::index::schema::joined;
use crate::views::{Linked, hidden};

fn id(n: u8) -> EntryId {
    EntryId([n; 32])
}

fn org(n: u8) -> OrgId {
    OrgId([n; 32])
}

fn link(rel: &str, to: u8) -> Value {
    json!([{ "rel": rel, "target": id(to).to_string() }])
}

/// Publications in memory.
#[derive(Debug, Clone, Default)]
struct World(Known);

impl World {
    /// Entry `n` of organisation `by`, claimed at a hundred times its number.
    fn add(&mut self, n: u8, by: u8, publication: Value) -> &mut Self {
        self.add_at(n, by, u64::from(n) * 100, publication)
    }

    fn add_at(&mut self, n: u8, by: u8, time: u64, publication: Value) -> &mut Self {
        let mut publication = publication;
        publication.as_object_mut().unwrap().entry("title").or_insert(json!(format!("entry {n}")));
        let publication = Publication::read(publication.to_string().as_bytes()).unwrap();
        let card = Card::of(&publication, &joined(&publication));
        assert_eq!(Card::read(&card.to_bytes()).unwrap(), card, "a card is read back as it was");
        let at = Faceted { id: id(n), log: LogId([by; 32]), seq: n.into(), org: org(by), time, hidden: None };
        for link in &publication.links {
            let Some(target) = link.entry() else { continue };
            let linked = Linked { rel: link.rel.clone(), id: id(n), org: org(by), time };
            self.0.links.entry(target).or_default().push(linked);
        }
        self.0.items.insert(id(n), Item { at, card });
        let ids: Vec<EntryId> = self.0.items.keys().copied().collect();
        for id in ids {
            let how = hidden(&self.0, &id);
            self.0.items.get_mut(&id).unwrap().at.hidden = how;
        }
        self
    }

    fn about(&self, model: &str) -> About {
        self.page(model, false)
    }

    fn page(&self, model: &str, all: bool) -> About {
        let names = (1..9).map(|n| (org(n), format!("Org {n}"))).collect();
        about(model, &self.0, &names, all)
    }
}

fn evaluation(model: &str, score: f64, more: &Value) -> Value {
    let mut finding = json!({
        "type": "finding", "nature": "evaluation", "models": [{ "name": model }],
        "evaluation": {
            "schema_version": "0.3.0", "evaluation_id": format!("run {score}"), "retrieved_timestamp": "1",
            "source_metadata": {
                "source_type": "evaluation_run", "source_organization_name": "unknown",
                "evaluator_relationship": "other",
            },
            "eval_library": { "name": "lm-eval", "version": "0.4.8" },
            "model_info": {
                "name": model, "id": model,
                "additional_details": { "deployment_type": "unknown", "model_availability": "unknown" },
            },
            "evaluation_results": [{
                "evaluation_name": "arc", "source_data": { "dataset_name": "arc", "source_type": "other" },
                "metric_config": { "metric_id": "acc", "lower_is_better": false },
                "score_details": { "score": score, "details": { "raw": format!("{score:.4}") } },
            }],
        },
    });
    let fields = finding.as_object_mut().unwrap();
    more.as_object().unwrap().iter().for_each(|(name, value)| drop(fields.insert(name.clone(), value.clone())));
    finding
}

fn plain(model: &str, score: f64) -> Value {
    evaluation(model, score, &json!({}))
}

fn release(name: &str) -> Value {
    json!({ "type": "release", "name": name })
}

fn same(names: &[&str]) -> Value {
    let names: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    json!({ "type": "notice", "same_as": names })
}

fn review(verdict: &str, rel: &str, of: u8) -> Value {
    json!({ "type": "review", "verdict": verdict, "links": link(rel, of) })
}

fn retract(of: u8) -> Value {
    json!({ "type": "notice", "reason": "wrong", "links": link("retracts", of) })
}

fn scores(page: &About) -> Vec<&Score> {
    page.evaluations.iter().flat_map(|row| &row.scores).collect()
}

fn orgs(said: &[Who]) -> Vec<&str> {
    said.iter().map(|who| who.org_name.as_str()).collect()
}

#[test]
fn first_and_third_party_stand_apart_and_numbers_as_they_were_published() {
    let mut world = World::default();
    world.add(1, 1, plain("lab/m", 0.5)).add(2, 2, plain("LAB/m", 0.25)).add(3, 2, plain("other", 0.1));
    let page = world.about("lab/m");
    assert!(page.vendor.is_empty());
    assert!(scores(&page).iter().all(|score| score.party == Party::VendorUnknown));
    world.add(4, 2, release("lab/m"));
    let page = world.about("lab/m");
    assert_eq!(page.vendor[0].org_name, "Org 2");
    assert_eq!(page.evaluations.len(), 1);
    let shown: Vec<_> =
        scores(&page).iter().map(|one| (one.party, one.score.as_str(), one.org_name.as_str())).collect();
    assert_eq!(shown, [(Party::First, "0.2500", "Org 2"), (Party::Third, "0.5000", "Org 1")]);
    assert_eq!((page.names[0].publications, page.names[0].written.len()), (3, 2), "both spellings are shown");
    // The release is taken back: nobody is the vendor any more.
    world.add(5, 2, retract(4));
    assert!(world.about("lab/m").vendor.is_empty());
}

#[test]
fn names_are_joined_one_step_by_those_who_say_so_and_not_where_it_is_disputed() {
    let mut world = World::default();
    world.add(1, 1, plain("a", 0.1)).add(2, 1, plain("b", 0.2)).add(3, 1, plain("c", 0.3)).add(4, 1, plain("d", 0.4));
    world.add(11, 2, same(&["a", "b"])).add(12, 2, same(&["b", "c"])).add(13, 2, same(&["a", "d"]));
    let joined = |page: &About| -> Vec<(String, bool)> {
        page.names.iter().map(|name| (name.name.clone(), name.joined)).collect()
    };
    let page = world.about("a");
    assert_eq!(joined(&page), [("a".into(), true), ("b".into(), true), ("d".into(), true)], "c is two steps away");
    assert_eq!(scores(&page).len(), 3);
    assert_eq!(page.names[1].said[0].org_name, "Org 2");
    assert_eq!(joined(&world.about("b")).len(), 3);
    world.add(21, 3, review("disputes", "disputes", 13));
    let page = world.about("a");
    assert_eq!(joined(&page)[2], ("d".into(), false));
    assert_eq!(orgs(&page.names[2].said[0].disputed_by), ["Org 3"]);
    assert_eq!(scores(&page).len(), 2, "what is known of d is not here");
    // Superseding it shakes off no dispute; that somebody else says it as well joins it.
    let mut again = same(&["a", "d"]);
    again["links"] = link("supersedes", 13);
    world.add(22, 2, again);
    assert_eq!(joined(&world.about("a"))[2], ("d".into(), false));
    world.add(23, 4, same(&["d", "a"]));
    assert_eq!(joined(&world.about("a"))[2], ("d".into(), true));
    // A notice that is taken back joins nothing.
    world.add(24, 2, retract(11));
    assert_eq!(joined(&world.about("a")), [("a".into(), true), ("d".into(), true)]);
    let all = world.page("a", true);
    let b = all.names.iter().find(|name| name.name == "b").unwrap();
    assert_eq!((b.joined, b.said[0].hidden), (false, Some(Hidden::Retracted)));
}

#[test]
fn a_name_of_one_revision_joins_no_other_revision() {
    let mut world = World::default();
    let of = |revision: &str| {
        let models = json!([{ "name": "a", "revision": revision }]);
        evaluation("a", 0.1, &json!({ "models": models }))
    };
    world.add(1, 1, of("r1")).add(2, 1, of("r2")).add(3, 1, plain("b", 0.3));
    world.add(4, 2, json!({ "type": "notice", "same_as": [{ "name": "a", "revision": "r1" }, { "name": "b" }] }));
    let ids = |model: &str| -> Vec<String> { scores(&world.about(model)).iter().map(|one| one.id.clone()).collect() };
    assert_eq!(ids("b"), [id(3).to_string(), id(1).to_string()]);
    assert_eq!(ids("a").len(), 3);
    assert_eq!(ids("r2"), [id(2).to_string()]);
}

#[test]
fn replications_count_by_organisation_without_author_vendor_and_copies() {
    let mut world = World::default();
    let import = json!({ "format": "lm-eval", "file_sha256": "00".repeat(32), "content": "ab".repeat(32) });
    let imported = |more: Value| {
        let mut all = json!({ "import": import });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        evaluation("m", 0.5, &all)
    };
    world.add(1, 1, imported(json!({}))).add(2, 2, release("m"));
    world.add(11, 1, review("replicates", "replicates", 1)).add(12, 2, review("replicates", "replicates", 1));
    world.add(13, 3, review("replicates", "replicates", 1)).add(14, 3, review("replicates", "replicates", 1));
    world.add(15, 4, imported(json!({ "links": link("replicates", 1) })));
    world.add(16, 5, review("disputes", "disputes", 1));
    let page = world.about("m");
    let first = scores(&page).into_iter().find(|one| one.id == id(1).to_string()).unwrap();
    assert_eq!(orgs(&first.replicated_by), ["Org 3"]);
    assert_eq!(first.replicated_by[0].id, id(14).to_string(), "the newest stands for the organisation");
    let reasons: Vec<(&str, &str)> =
        first.not_counted.iter().map(|one| (one.who.org_name.as_str(), one.reason.as_str())).collect();
    assert_eq!(reasons, [("Org 1", "own"), ("Org 2", "vendor"), ("Org 4", "copy")]);
    assert_eq!(orgs(&first.disputed_by), ["Org 5"]);
    let copy = scores(&page).into_iter().find(|one| one.id == id(15).to_string()).unwrap();
    assert_eq!((copy.copy_of.clone(), first.copy_of.clone()), (Some(id(1).to_string()), None));
    assert_eq!(page.reviews.len(), 5);
    // Who was first does not depend on who is hidden.
    world.add(17, 1, retract(1));
    let page = world.about("m");
    assert!(page.reviews.iter().all(|review| review.target_hidden == Some(Hidden::Retracted)));
    assert_eq!(scores(&page)[0].copy_of, Some(id(1).to_string()));
    assert_eq!(page.hidden.retracted, 1);
    let all = world.page("m", true);
    let first = scores(&all).into_iter().find(|one| one.id == id(1).to_string()).unwrap();
    assert_eq!(first.hidden, Some(Hidden::Retracted));
}

#[test]
fn what_was_said_of_a_version_that_named_another_model_stands_on_the_newest() {
    let mut world = World::default();
    world.add(1, 1, plain("typo", 0.5)).add(2, 2, review("disputes", "disputes", 1));
    world.add(3, 1, evaluation("m", 0.5, &json!({ "links": link("supersedes", 1) })));
    let page = world.about("m");
    assert_eq!(orgs(&scores(&page)[0].disputed_by), ["Org 2"]);
    assert_eq!(page.reviews.len(), 1);
    let old = world.about("typo");
    assert_eq!((scores(&old).len(), old.hidden.superseded), (0, 1));
}

#[test]
fn risks_come_worst_first_with_what_is_done_about_them() {
    let mut world = World::default();
    let risk = |severity: &str, status: &str| {
        json!({
            "type": "finding", "nature": "risk", "models": [{ "name": "m" }], "severity": severity, "status": status,
        })
    };
    world.add(1, 1, risk("low", "open")).add(2, 1, risk("critical", "closed")).add(3, 1, risk("high", "open"));
    world.add(4, 2, release("m"));
    world.add(5, 2, json!({ "type": "notice", "response": "investigating", "links": link("responds", 3) }));
    world.add(6, 2, json!({ "type": "notice", "response": "mitigated", "links": link("responds", 3) }));
    // It names no model, and mitigates a risk of this one.
    world.add(
        7,
        3,
        json!({ "type": "finding", "nature": "mitigation", "status": "tested", "links": link("mitigates", 3) }),
    );
    world.add(8, 3, json!({ "type": "finding", "nature": "incident", "models": [{ "name": "m" }], "date": "2026-11" }));
    world.add(9, 3, json!({ "type": "finding", "nature": "capability", "models": [{ "name": "m" }] }));
    world.add(10, 3, json!({ "type": "call", "ends": "2026-12-31", "models": [{ "name": "m" }] }));
    world.add(11, 3, json!({ "type": "call", "links": link("cites", 3) }));
    world.add(12, 4, review("replicates", "replicates", 3));
    let page = world.about("m");
    assert_eq!(orgs(&page.risks[0].replicated_by), ["Org 4"]);
    let order: Vec<String> = page.risks.iter().map(|risk| risk.head.id.clone()).collect();
    assert_eq!(order, [3, 1, 2].map(|n| id(n).to_string()));
    let worst = &page.risks[0];
    assert_eq!(orgs(&worst.mitigated_by), ["Org 3"]);
    let answer = |answer: &Answer| (answer.who.org_name.clone(), answer.response.clone(), answer.party);
    let answers: Vec<_> = worst.responses.iter().map(answer).collect();
    assert_eq!(answers, [("Org 2".to_owned(), "mitigated".to_owned(), Party::First)], "the newest answer");
    assert_eq!((page.mitigations.len(), page.incidents.len(), page.capabilities.len()), (1, 1, 1));
    assert_eq!((page.releases[0].name.as_str(), page.releases.len()), ("m", 1));
    assert_eq!(page.calls.iter().map(|call| call.ends.clone()).collect::<Vec<_>>(), [None, Some("2026-12-31".into())]);
    assert!(page.names[0].publications >= 6);
}

#[test]
fn results_without_a_number_are_listed_and_what_is_gone_leaves() {
    let mut world = World::default();
    let unscored = json!([{ "task": "lambada", "metric": "ppl", "raw": "NaN", "reason": "no finite number" }]);
    world.add(1, 1, evaluation("m", 0.5, &json!({ "unscored": unscored }))).add(2, 1, plain("m", 0.6));
    world.add(3, 1, retract(2));
    let page = world.about("m");
    assert_eq!((page.unscored[0].task.as_str(), page.unscored[0].raw.as_str()), ("lambada", "NaN"));
    assert_eq!((scores(&page).len(), page.hidden.retracted), (1, 1));
    // The retraction does not stand any more.
    world.0.remove(&BTreeSet::from([id(3)]));
    assert_eq!(scores(&world.about("m")).len(), 2);
    world.0.remove(&BTreeSet::from([id(1)]));
    assert_eq!(scores(&world.about("m")).len(), 1);
}

/// The text of the source is shown for a score that it says, and for no other; what tells metrics apart has its row.
#[test]
fn scores_are_shown_as_their_source_wrote_them_and_in_a_row_for_each_detector() {
    let mut world = World::default();
    let with = |raw: &str, detector: &str| {
        let mut finding = plain("m", 0.5);
        let result = &mut finding["evaluation"]["evaluation_results"][0];
        result["score_details"]["details"]["raw"] = raw.into();
        result["metric_config"]["additional_details"] = json!({ "detector": detector });
        finding
    };
    world.add(1, 1, with("0.50", "a.Detector")).add(2, 2, with("0.99", "b.Detector"));
    let page = world.about("m");
    let rows: Vec<_> =
        page.evaluations.iter().map(|row| (row.filter.as_deref(), row.scores[0].score.as_str())).collect();
    assert_eq!(rows, [(Some("a.Detector"), "0.50"), (Some("b.Detector"), "0.5")]);
}

#[test]
fn numbers_of_another_model_are_not_of_this_one_and_replicate_nothing() {
    let mut world = World::default();
    let measured = |model: &str, task: &str, rel: &str, score: f64| {
        let mut finding = evaluation(model, score, &json!({ "links": link(rel, 1) }));
        finding["evaluation"]["evaluation_results"][0]["evaluation_name"] = task.into();
        finding
    };
    world.add(1, 1, plain("m", 0.5));
    world.add(2, 2, measured("other", "arc", "replicates", 0.99)).add(3, 3, measured("m", "else", "replicates", 0.4));
    world.add(4, 4, measured("m", "arc", "replicates", 0.51));
    let page = world.about("m");
    assert!(scores(&page).iter().all(|score| score.score != "0.9900"), "it is of another model");
    let first = scores(&page).into_iter().find(|one| one.id == id(1).to_string()).unwrap();
    assert_eq!(orgs(&first.replicated_by), ["Org 4"]);
    let reasons: Vec<&str> = first.not_counted.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons, ["other_model", "other_task"]);
}

#[test]
fn saying_a_disputed_thing_once_more_joins_no_names() {
    let mut world = World::default();
    world.add(1, 1, plain("a", 0.1)).add(2, 1, plain("b", 0.2));
    world.add(11, 2, same(&["a", "b"])).add(21, 3, review("disputes", "disputes", 11)).add(12, 2, same(&["a", "b"]));
    let page = world.about("a");
    assert_eq!((page.names[1].joined, page.names[1].said.len()), (false, 2));
    world.add(13, 4, same(&["a", "b"]));
    assert!(world.about("a").names[1].joined, "somebody else says it");
}

#[test]
fn a_table_has_room_for_the_newest_of_every_organisation() {
    let mut world = World::default();
    for n in 0..40 {
        world.add(n, n % 2, plain("m", f64::from(n)));
    }
    let row = &world.about("m").evaluations[0];
    assert_eq!((row.scores.len(), row.more), (20, 20));
    assert_eq!(row.scores.iter().filter(|one| one.id == id(39).to_string() || one.id == id(38).to_string()).count(), 2);
}

proptest! {
    /// Same set, same bytes: neither the order in which entries came nor that of a map shows.
    #[test]
    fn the_order_in_which_entries_came_changes_nothing(
        rows in prop::collection::vec((1_u8..5, 0_u64..4, 0_u8..6, 0_u8..20), 1..20), seed: u64,
    ) {
        let make = |order: &[usize]| {
            let mut world = World::default();
            for at in order {
                let (by, time, kind, to) = rows[*at];
                let n = u8::try_from(*at).unwrap();
                let to = to.min(n.saturating_sub(1));
                let publication = match kind {
                    0 => plain("a", 0.5),
                    1 => plain("b", 0.5),
                    2 => same(&["a", "b"]),
                    3 => review("disputes", "disputes", to),
                    4 => review("replicates", "replicates", to),
                    _ => retract(to),
                };
                world.add_at(n, by, time, publication);
            }
            // Links come in order of the index, which is theirs.
            world.0.links.values_mut().for_each(|links| links.sort());
            serde_json::to_string(&world.page("a", seed % 2 == 0)).unwrap()
        };
        let forward: Vec<usize> = (0..rows.len()).collect();
        let mut other = forward.clone();
        other.sort_by_key(|at| (seed >> (at % 60)) & 0xff ^ (*at as u64).wrapping_mul(seed | 1));
        prop_assert_eq!(make(&forward), make(&other));
    }
}

#[test]
fn a_finding_is_known_by_what_its_record_calls_the_model_and_its_numbers_are_of_that_one_alone() {
    let mut both = plain("lab/tiny", 0.5);
    both["models"] = json!([{ "name": "tiny" }, { "name": "other" }]);
    both["evaluation"]["model_info"]["additional_details"]["revision"] = "8cde5ca".into();
    let mut world = World::default();
    world.add(1, 1, both);
    for name in ["tiny", "lab/tiny", "8cde5ca"] {
        let page = world.about(name);
        assert_eq!(scores(&page).len(), 1, "{name}");
        assert_eq!(scores(&page)[0].model.as_deref(), Some("tiny"));
        assert_eq!(scores(&page)[0].revision.as_deref(), Some("8cde5ca"));
    }
    let page = world.about("other");
    assert_eq!((scores(&page).len(), page.names[0].publications), (0, 1), "it is about it, and measured another");
}
