//! What is published a day, and what comes later because somebody is over that.

use lyceum_protocol::quota::Cost;
use lyceum_protocol::replica::{Now, OverQuota, OwnQuota, Replica};

use crate::api::name_of;
use crate::api::shapes::{Quota, QuotaWait};
use crate::time;

/// What is known of quotas from inside the replica.
#[derive(Debug, Clone)]
pub(super) struct QuotaFacts {
    own: OwnQuota,
    over: Vec<(OverQuota, String)>,
}

impl QuotaFacts {
    /// What is known where nobody is limited.
    #[cfg(test)]
    pub(super) const fn unlimited() -> Self {
        let params =
            lyceum_protocol::document::charter::Params { entries_per_day: 0, bytes_per_day: 0, attachment_bytes: 0 };
        Self { own: OwnQuota { params, left: Cost { entries: u64::MAX, bytes: u64::MAX } }, over: Vec::new() }
    }

    pub(super) fn gather(replica: &Replica, now: Now) -> Self {
        let over = replica.over_quota(now).into_iter();
        let over = over.map(|over| (over, name_of(replica.state(), over.org))).collect();
        Self { own: replica.own_quota(now), over }
    }

    /// In words. That something waits for a quota is no problem: it mends itself, and all nodes end the same.
    pub(super) fn explain(&self) -> Quota {
        let OwnQuota { params, left: Cost { entries, bytes } } = self.own;
        Quota {
            entries_per_day: params.entries_per_day,
            bytes_per_day: params.bytes_per_day,
            entries_left: (params.entries_per_day > 0).then_some(entries),
            bytes_left: (params.bytes_per_day > 0).then_some(bytes),
            waiting: self.over.iter().map(|(over, name)| wait(over, name)).collect(),
        }
    }
}

fn wait(over: &OverQuota, name: &str) -> QuotaWait {
    let until = time::rfc3339(over.until);
    QuotaWait {
        org: over.org.to_string(),
        org_name: name.to_owned(),
        entries: over.entries,
        cause: format!(
            "{} entries of {name} are not here yet: it has published more than the charter grants, and the next of \
             them is taken at {until}",
            over.entries
        ),
        advice:
            "nothing: they come by and by; until then the digest may differ from that of others. If it is a flood, \
                 speak with its people"
                .to_owned(),
        until,
    }
}

#[cfg(test)]
mod tests {
    use lyceum_protocol::hash::OrgId;

    use super::*;

    #[test]
    fn what_waits_is_told_with_cause_and_time() {
        let over = OverQuota { org: OrgId([7; 32]), entries: 51, until: 1_764_000_000_123 };
        let own = OwnQuota {
            params: lyceum_protocol::document::charter::Params::default(),
            left: Cost { entries: 12, bytes: 34 },
        };
        let told = QuotaFacts { own, over: vec![(over, "Example Lab".to_owned())] }.explain();
        assert_eq!((told.entries_left, told.bytes_left), (Some(12), Some(34)));
        let [waiting] = told.waiting.as_slice() else { panic!("{told:?}") };
        assert_eq!((waiting.entries, waiting.until.as_str()), (51, "2025-11-24T16:00:00.123Z"));
        assert!(waiting.cause.contains("51 entries of Example Lab"), "{}", waiting.cause);
        assert!(waiting.cause.contains("more than the charter grants"), "{}", waiting.cause);
        assert!(waiting.cause.ends_with(&waiting.until), "{}", waiting.cause);
    }
}
