//! Which replications of an entry count, told by the rule of the page of its model.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::hash::EntryId;
use lyceum_protocol::publication::{Publication, Rel};

use super::about::{Place, gone};
use super::shapes::OutcomeShape;
use super::{Node, NodeFault};
use crate::index::SearchFault;
use crate::views::about::{Counted, counted};

/// Models of one entry on whose pages it is looked for.
const MODELS_MAX: usize = 4;

/// Entries by a name of the model on whose page they are looked for.
#[derive(Debug, Default)]
pub(super) struct Wanted(BTreeMap<String, BTreeSet<EntryId>>);

impl Wanted {
    /// Adds an entry under the models that it is about.
    pub(super) fn add(&mut self, id: EntryId, publication: &Publication) {
        for model in publication.models().iter().take(MODELS_MAX) {
            self.0.entry(model.name.clone()).or_default().insert(id);
        }
    }
}

/// Whether other organisations say that they replicated it.
pub(super) fn is_replicated(outcome: &OutcomeShape) -> bool {
    outcome.said.iter().any(|said| said.rel == Rel::Replicates.name() && !said.own)
}

/// Looks for entries on the pages of their models.
pub(super) async fn look_up<N: Node>(node: &N, wanted: Wanted) -> Result<BTreeMap<EntryId, Counted>, NodeFault> {
    let mut all: BTreeMap<EntryId, Counted> = BTreeMap::new();
    for (model, ids) in wanted.0 {
        let (index, asked) = (node.index().clone(), model.clone());
        let gathered = tokio::task::spawn_blocking(move || index.about(&asked)).await;
        let gathered = gathered.map_err(|_| {
            // It panicked: only files that are not what was written do that.
            node.index().doubt();
            NodeFault::Store("the search index cannot be read".to_owned())
        });
        let mut known = match gathered? {
            Ok(known) => known,
            // It is being made; what is asked for says then that not everything was looked at.
            Err(SearchFault::NotReady) => return Ok(all),
            Err(fault) => return Err(NodeFault::Store(format!("the search index: {fault}"))),
        };
        let places: Vec<Place> =
            known.items.values().map(|item| (item.at.id, item.at.log, item.at.seq, item.at.org)).collect();
        let gone = node.look(move |state| gone(state, &places)).await?;
        let found = tokio::task::spawn_blocking(move || {
            known.remove(&gone);
            counted(&model, &known, &ids)
        });
        for (id, counted) in found.await.map_err(|fault| NodeFault::Store(fault.to_string()))? {
            // Of several models, what does not count for one counts for none.
            let whole = all.entry(id).or_default();
            whole.copy_of = whole.copy_of.or(counted.copy_of);
            whole.not_counted.extend(counted.not_counted);
        }
    }
    Ok(all)
}

/// Marks on an outcome which replications do not count.
pub(super) fn mark(outcome: &mut OutcomeShape, counted: &Counted) {
    for said in outcome.said.iter_mut().filter(|said| said.rel == Rel::Replicates.name() && !said.own) {
        let reason = said.org.parse().ok().and_then(|org| counted.not_counted.get(&org));
        said.not_counted = reason.map(|reason| (*reason).to_owned());
    }
}
