//! What the demonstration publishes: notes and findings of three organisations that do not exist, about models and
//! benchmarks that do.

/// An organisation of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOrganisation {
    /// Its name.
    pub name: &'static str,
    /// Its domain, in a zone that is kept for examples.
    pub domain: &'static str,
    /// What it publishes: file name and text, in the format that `publish` reads.
    pub files: &'static [(&'static str, &'static str)],
}

macro_rules! files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("content/", $folder, "/", $name)))),+]
    };
}

/// The three organisations, the founder first.
pub const ORGANISATIONS: [DemoOrganisation; 3] = [
    DemoOrganisation {
        name: "Example Evaluation Lab",
        domain: "evaluation.example",
        files: files!("evaluation": "mmlu-comparisons.md", "hellaswag-normalisation.md", "gsm8k-call.md"),
    },
    DemoOrganisation {
        name: "Institut Exemple",
        domain: "institut.example",
        files: files!("institut": "fiche-de-modele.fr.md", "whisper-silence.fr.md", "truthfulqa.md"),
    },
    DemoOrganisation {
        name: "Sample University",
        domain: "university.example",
        files: files!(
            "university": "indirect-injection.md", "pass-at-k.md", "pythia-for-teaching.md", "digits-in-gpt2.md"
        ),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::publish::{Prepared, Wishes, prepare};

    fn all() -> Vec<(&'static str, Prepared)> {
        let files = ORGANISATIONS.iter().flat_map(|org| org.files.iter().map(|file| (org.name, *file)));
        files
            .map(|(org, (name, text))| {
                let prepared = prepare(Path::new(name), text.as_bytes(), &Wishes::default());
                (org, prepared.unwrap_or_else(|fault| panic!("{fault}")))
            })
            .collect()
    }

    #[test]
    fn every_text_is_a_publication_without_a_warning() {
        for (org, prepared) in all() {
            assert_eq!(prepared.warnings, [""; 0], "{org}");
            assert!(prepared.publication.language.is_some(), "{}", prepared.publication.title);
            assert!(prepared.publication.body.is_some(), "{}", prepared.publication.title);
        }
    }

    #[test]
    fn each_organisation_has_three_texts_and_several_types_and_languages_are_there() {
        for org in ORGANISATIONS {
            assert!(org.files.len() >= 3, "{}", org.name);
        }
        let all = all();
        let kinds: BTreeSet<_> = all.iter().map(|(_, prepared)| prepared.publication.kind.name()).collect();
        assert_eq!(kinds, ["call", "finding", "note", "release", "resource"].into());
        let languages: BTreeSet<_> =
            all.iter().filter_map(|(_, prepared)| prepared.publication.language.as_ref()).collect();
        assert_eq!(languages.len(), 2);
        let keys: BTreeSet<_> = all.iter().map(|(_, prepared)| &prepared.source_key).collect();
        assert_eq!(keys.len(), all.len());
    }
}
