//! Formats that are recognised and not read, each with the reason.

use super::found::Found;
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest};

/// A format that is recognised and refused.
#[derive(Debug)]
pub(super) struct Refused {
    name: &'static str,
    claims: fn(&Tree) -> bool,
    reason: &'static str,
}

impl Importer for Refused {
    fn name(&self) -> &'static str {
        self.name
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        material.is_json() && (self.claims)(&material.first)
    }

    fn read(&self, _: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        Err(Refusal::new(self.reason))
    }
}

/// Results of lighteval: like those of lm-eval, and another thing.
pub(super) const LIGHTEVAL: Refused = Refused {
    name: "lighteval",
    claims: |first| first.has("config_general") && first.has("results"),
    reason: "holds results of lighteval, which is not read in this version",
};

/// Results of promptfoo.
pub(super) const PROMPTFOO: Refused = Refused {
    name: "promptfoo",
    claims: |first| {
        let results = first.get("results");
        results.is_some_and(|results| results.is_map() && results.has("results") && results.has("timestamp"))
            || (first.has("evalId") && results.is_some())
    },
    reason: "holds results of promptfoo, which is not read in this version: whether a failed test is a flaw is not in the file",
};

/// Results of Moonshot.
pub(super) const MOONSHOT: Refused = Refused {
    name: "moonshot",
    claims: |first| {
        first.at(&["results", "cookbooks"]).is_some()
            || (first.at(&["results", "recipes"]).is_some() && first.at(&["metadata", "endpoints"]).is_some())
    },
    reason: "holds results of Moonshot, which is not read in this version: its models are names of connectors",
};

/// CSAF advisories.
pub(super) const CSAF: Refused = Refused {
    name: "csaf",
    claims: |first| first.at(&["document", "csaf_version"]).is_some(),
    reason: "is a CSAF advisory, which is not read in this version: its products are resolved through a tree. OSV is read",
};

/// Samples of lm-eval, which belong to results.
pub(super) const LM_EVAL_SAMPLES: Refused = Refused {
    name: "lm-eval-samples",
    claims: |first| first.has("doc_id") && first.has("doc") && (first.has("resps") || first.has("filtered_resps")),
    reason: "holds the samples of an lm-eval run and no results: import the results file beside it",
};

/// The hits of garak.
pub(super) const GARAK_HITLOG: Refused = Refused {
    name: "garak-hitlog",
    claims: |first| first.has("goal") && first.has("attempt_id") && first.has("detector") && first.has("probe"),
    reason: "is a hit log of garak: it has the hits alone, and no rate can be made of them. Import the report",
};

/// One file of a HELM run.
pub(super) const HELM_PART: Refused = Refused {
    name: "helm",
    claims: |first| {
        let row = first.items().first().unwrap_or(&Tree::Null);
        let stats = row.at(&["name", "name"]).is_some() && row.has("count");
        let samples = row.has("instance_id") && row.has("stats");
        let spec = first.has("adapter_spec") && (first.has("scenario_spec") || first.has("request_states"));
        let scenario = first.has("definition_path") && first.has("name") && first.has("tags");
        stats || samples || spec || scenario
    },
    reason: "is one file of a HELM run: import the folder that it is in",
};
