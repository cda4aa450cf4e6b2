//! Whether the organisation's quota has room for all of them, asked before the first is signed.

use lyceum_protocol::limits::SALT_LEN;
use lyceum_protocol::publication::Rel;

use super::plan::Plan;
use crate::api::shapes::PlanRequest;
use crate::client::Client;
use crate::failure::Failure;

/// All of them have room, or nothing is published and it is said how many would, and when the others.
pub(super) async fn check_quota(client: &Client, plans: &[Plan]) -> Result<(), Failure> {
    let payload = |plan: &Plan| match plan {
        // A withdrawal may use what is kept back for it: the node knows whether that has room.
        Plan::Publish(prepared) if prepared.publication.links.iter().any(|link| link.rel == Rel::Retracts) => None,
        Plan::Publish(prepared) => u64::try_from(prepared.publication.to_bytes().len().saturating_add(SALT_LEN)).ok(),
        Plan::Unchanged { .. } => None,
    };
    let payloads: Vec<u64> = plans.iter().filter_map(payload).collect();
    let total = payloads.len();
    if total == 0 {
        return Ok(());
    }
    let plan = client.plan(&PlanRequest { payloads }).await?;
    let (Some(next), Some(last)) = (plan.next, plan.last) else { return Ok(()) };
    let failure = match (total, plan.fits) {
        (1, _) => Failure::refused("not published: your organisation has used up its quota")
            .next(format!("publish it again from {last} on")),
        (_, 0) => Failure::refused("nothing was published: your organisation has used up its quota")
            .next(format!("the first may go at {next}, the last of these {total} at {last}")),
        (_, fits) => Failure::refused(format!(
            "nothing was published: your organisation's quota has room for {fits} of these {total} now"
        ))
        .next(format!("publish the first {fits} alone; the next may go at {next}, the last of them at {last}")),
    };
    Err(failure.cause(plan.rule).until(next))
}
