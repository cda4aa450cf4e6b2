//! What is published as it is and is probably a slip of the pen: the person is told before it is signed.

use lyceum_protocol::publication::evaluation::{EvaluationResult, Metric};
use lyceum_protocol::publication::{Json, Publication};

use super::front_matter;

/// Fields that only commands write, beside those of text files.
const WRITTEN: [&str; 2] = ["attachments", "import"];
/// Most doubts that are told of one publication.
const DOUBTS_MAX: usize = 8;
/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// The doubts, in words that follow the name of the file.
pub fn doubts(publication: &Publication) -> Vec<String> {
    let mut all = unknown_fields(publication);
    all.extend(licence(publication));
    all.extend(shortened_ids(publication));
    let results = publication.evaluation().map_or(&[][..], |evaluation| evaluation.record.results.as_slice());
    all.extend(results.iter().filter_map(outside));
    let more = all.len().saturating_sub(DOUBTS_MAX);
    all.truncate(DOUBTS_MAX);
    all.extend((more > 0).then(|| format!("and {more} more of this kind")));
    all
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

fn unknown_fields(publication: &Publication) -> Vec<String> {
    let Json::Object(fields) = publication.json() else { return Vec::new() };
    let known = |name: &str| front_matter::fields().chain(WRITTEN).any(|field| field == name);
    let unknown = fields.keys().filter(|name| !known(name));
    unknown.map(|name| format!("{:?} is no field that this version knows: no view shows it", shown(name))).collect()
}

fn licence(publication: &Publication) -> Option<String> {
    let licence = publication.license.as_deref()?;
    spdx::Expression::parse(licence).is_err().then(|| {
        let like = spdx::Expression::canonicalize(licence).ok().flatten();
        let like = like.filter(|like| spdx::Expression::parse(like).is_ok());
        let like = like.unwrap_or_else(|| "CC-BY-4.0 or LicenseRef-own".to_owned());
        format!("license: {:?} is no SPDX expression, such as {like}", shown(licence))
    })
}

/// Commands take the beginning of an id; links that are published do not.
fn shortened_ids(publication: &Publication) -> Vec<String> {
    let is_short = |target: &str| (8..64).contains(&target.len()) && target.bytes().all(|c| c.is_ascii_hexdigit());
    let short = publication.links.iter().enumerate().filter(|(_, link)| is_short(&link.target));
    short
        .map(|(n, link)| {
            let target = shown(&link.target);
            format!("links[{n}].target: {target} links to no entry: write the 64 digits of its id, see `show {target}`")
        })
        .collect()
}

fn outside(result: &EvaluationResult) -> Option<String> {
    let Metric { min, max, .. } = &result.metric;
    let (low, high) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
    (result.score < low || result.score > high).then(|| {
        let task = shown(&result.task);
        format!("the score {} of {task:?} is outside of what its metric allows: {low} to {high}", result.score)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(more: &str) -> Vec<String> {
        let text = format!(r#"{{"type":"note","title":"t"{more}}}"#);
        doubts(&Publication::read(text.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_well_written_raises_none() {
        let id = "ab".repeat(32);
        assert_eq!(
            of(&format!(r#","license":"MIT OR CC-BY-4.0","links":[{{"rel":"cites","target":"{id}"}}]"#)),
            [""; 0]
        );
        assert_eq!(of(r#","links":[{"rel":"cites","target":"https://example.org"}]"#), [""; 0]);
    }

    #[test]
    fn slips_of_the_pen_are_named() {
        assert!(of(r#","sumary":"s""#)[0].contains("\"sumary\" is no field"));
        assert!(
            of(r#","license":"Apache 2.0""#)[0].contains("such as Apache-2.0"),
            "{:?}",
            of(r#","license":"Apache 2.0""#)
        );
        assert!(of(r#","license":"see the readme""#)[0].contains("such as CC-BY-4.0"));
        assert!(of(r#","links":[{"rel":"cites","target":"d6f1e1a4c7b2"}]"#)[0].contains("write the 64 digits"));
    }
}
