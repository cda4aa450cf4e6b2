//! Terms of taxonomies, such as `owasp-llm-2025:LLM02`: what they are called, and whether they have the right shape.
//!
//! The codes of one edition mean something else in the next, so the edition is part of the name. Of taxonomies that are
//! known here the shape of a code is checked; all others are kept as they are written.

mod ailuminate;
mod atlas;
mod avid;
mod owasp;

/// What stands for an edition that the source does not name.
pub const EDITION_UNKNOWN: &str = "unknown";

/// A taxonomy that this version knows.
#[derive(Debug)]
pub struct Taxonomy {
    /// Its name in a term, before the edition.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Editions whose codes are known, the oldest first.
    pub editions: &'static [Edition],
    is_code: fn(&str) -> bool,
    example: &'static str,
}

/// The codes of one edition.
#[derive(Debug)]
pub struct Edition {
    /// Its name, as it stands in a term.
    pub name: &'static str,
    /// Code and name.
    pub codes: &'static [(&'static str, &'static str)],
}

/// All taxonomies that are known.
pub const KNOWN: &[Taxonomy] = &[
    Taxonomy {
        name: "mitre-atlas",
        title: "MITRE ATLAS",
        editions: &[Edition { name: "5.6.0", codes: atlas::V5_6_0 }],
        is_code: atlas::is_code,
        example: "AML.T0051",
    },
    Taxonomy {
        name: "owasp-llm",
        title: "OWASP LLM Top 10",
        editions: &[Edition { name: "2023", codes: owasp::E2023 }, Edition { name: "2025", codes: owasp::E2025 }],
        is_code: owasp::is_code,
        example: "LLM01",
    },
    Taxonomy {
        name: "ailuminate",
        title: "AILuminate",
        editions: &[Edition { name: "1.0", codes: ailuminate::V1 }, Edition { name: "1.1", codes: ailuminate::V1 }],
        is_code: ailuminate::is_code,
        example: "vcr",
    },
    Taxonomy {
        name: "avid-sep",
        title: "AVID SEP view",
        editions: &[Edition { name: "0.1", codes: avid::SEP }, Edition { name: "0.2", codes: avid::SEP }],
        is_code: avid::is_code,
        example: "S0403",
    },
];

/// A term, taken apart.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a> {
    /// The taxonomy, if it is known.
    pub taxonomy: Option<&'static Taxonomy>,
    /// The edition that it names; none where it names none, or the taxonomy is not known.
    pub edition: Option<&'a str>,
    /// The code.
    pub code: &'a str,
}

impl<'a> Term<'a> {
    /// Takes a term apart.
    ///
    /// # Errors
    /// What is wrong with it, in words: its form, or the shape of a code of a known taxonomy.
    pub fn read(text: &'a str) -> Result<Self, String> {
        let parts = text.split_once(':').filter(|(name, code)| !name.trim().is_empty() && !code.trim().is_empty());
        let Some((name, code)) = parts else { return Err("is not of the form taxonomy:term".to_owned()) };
        let Some((taxonomy, edition)) = KNOWN.iter().find_map(|known| edition_in(known, name)) else {
            return Ok(Self { taxonomy: None, edition: None, code });
        };
        if !(taxonomy.is_code)(code) {
            let shown: String = code.chars().take(40).collect();
            return Err(format!("{shown:?} is no code of {}, such as {}", taxonomy.title, taxonomy.example));
        }
        Ok(Self { taxonomy: Some(taxonomy), edition, code })
    }

    /// Holds a term of one's own to more: a known taxonomy is named with its edition, and the edition has the code.
    ///
    /// # Errors
    /// In words.
    pub(super) fn check_own(&self) -> Result<(), String> {
        let Some(taxonomy) = self.taxonomy else { return Ok(()) };
        let Some(edition) = self.edition else {
            let editions = taxonomy.editions.iter().map(|edition| edition.name).chain([EDITION_UNKNOWN]);
            let names: Vec<String> = editions.map(|edition| format!("{}-{edition}", taxonomy.name)).collect();
            return Err(format!("names no edition: write {}", names.join(" or ")));
        };
        let known = taxonomy.editions.iter().find(|known| known.name == edition);
        match known {
            // Mitigations and case studies of ATLAS, and parts of hazards, are not in the tables.
            Some(known) if is_listed(self.code) && find(known, self.code).is_none() => {
                Err(format!("{} is not in {} {edition}", self.code, taxonomy.title))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What the code is called in its edition; a sub-technique after its technique.
    pub fn name(&self) -> Option<String> {
        let edition = self.taxonomy?.editions.iter().find(|known| Some(known.name) == self.edition)?;
        let name = find(edition, self.code)?;
        let parent = self.code.rmatch_indices('.').next().and_then(|(at, _)| find(edition, self.code.get(..at)?));
        Some(parent.map_or_else(|| name.to_owned(), |parent| format!("{parent}: {name}")))
    }

    /// What people are shown: title, edition, code and name; none where the taxonomy is not known.
    pub fn words(&self) -> Option<String> {
        let title = self.taxonomy?.title;
        let edition = match self.edition {
            Some(EDITION_UNKNOWN) | None => "edition not said",
            Some(edition) => edition,
        };
        let name = self.name().map(|name| format!(" {name}")).unwrap_or_default();
        Some(format!("{title} ({edition}) {}{name}", self.code))
    }
}

/// The taxonomy and the edition in the first half of a term, if it is this taxonomy.
fn edition_in<'a>(taxonomy: &'static Taxonomy, name: &'a str) -> Option<(&'static Taxonomy, Option<&'a str>)> {
    let rest = name.strip_prefix(taxonomy.name)?;
    if rest.is_empty() {
        return Some((taxonomy, None));
    }
    let edition = rest.strip_prefix('-').filter(|edition| !edition.is_empty())?;
    Some((taxonomy, Some(edition)))
}

fn find(edition: &Edition, code: &str) -> Option<&'static str> {
    edition.codes.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// Whether the tables list codes of this kind.
fn is_listed(code: &str) -> bool {
    !code.starts_with("AML.M") && !code.starts_with("AML.CS") && !code.contains('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<String> {
        Term::read(text).unwrap().words()
    }

    #[test]
    fn a_code_is_shown_with_its_name_in_its_edition() {
        let shown = |text: &str| words(text).unwrap();
        assert_eq!(shown("owasp-llm-2023:LLM02"), "OWASP LLM Top 10 (2023) LLM02 Insecure Output Handling");
        assert_eq!(shown("owasp-llm-2025:LLM02"), "OWASP LLM Top 10 (2025) LLM02 Sensitive Information Disclosure");
        assert_eq!(shown("owasp-llm:LLM02"), "OWASP LLM Top 10 (edition not said) LLM02");
        assert_eq!(
            shown("mitre-atlas-5.6.0:AML.T0051.001"),
            "MITRE ATLAS (5.6.0) AML.T0051.001 LLM Prompt Injection: Indirect"
        );
        assert_eq!(shown("mitre-atlas-9.0:AML.T0051"), "MITRE ATLAS (9.0) AML.T0051");
        assert_eq!(shown("ailuminate-1.1:hte"), "AILuminate (1.1) hte Hate");
        assert_eq!(shown("avid-sep-0.2:S0403"), "AVID SEP view (0.2) S0403 Adversarial Example");
        assert_eq!(words("risk-cards:lmrc:bullying"), None, "unknown taxonomies are kept");
    }

    #[test]
    fn codes_of_known_taxonomies_have_their_shape() {
        for good in ["mitre-atlas:AML.TA0002", "mitre-atlas-5.6.0:AML.CS0004", "ailuminate-1.0:spc_hlt", "x:y"] {
            assert!(Term::read(good).is_ok(), "{good}");
        }
        for bad in [
            "owasp-llm-2025:LLM11",
            "owasp-llm-2025:llm01",
            "mitre-atlas-5.6.0:T0051",
            "mitre-atlas:AML.TA0002.001",
            "ailuminate-1.1:hate",
            "avid-sep-0.2:S0403: Adversarial Example",
            "nothing",
            ":x",
        ] {
            assert!(Term::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_term_of_ones_own_names_its_edition_and_a_code_that_is_there() {
        let own = |text: &str| Term::read(text).unwrap().check_own();
        assert_eq!(
            own("owasp-llm:LLM01").unwrap_err(),
            "names no edition: write owasp-llm-2023 or owasp-llm-2025 or owasp-llm-unknown"
        );
        assert_eq!(own("mitre-atlas-5.6.0:AML.T0009").unwrap_err(), "AML.T0009 is not in MITRE ATLAS 5.6.0");
        for good in ["owasp-llm-unknown:LLM01", "mitre-atlas-5.6.0:AML.M0015", "mitre-atlas-4.5.2:AML.T0009", "a:b"] {
            assert_eq!(own(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn every_table_is_ascending_and_holds_codes_of_the_right_shape() {
        for taxonomy in KNOWN {
            for edition in taxonomy.editions {
                assert!(edition.codes.is_sorted_by(|a, b| a.0 < b.0), "{} {}", taxonomy.name, edition.name);
                assert!(edition.codes.iter().all(|(code, _)| (taxonomy.is_code)(code)), "{}", taxonomy.name);
            }
            assert!((taxonomy.is_code)(taxonomy.example));
        }
    }
}
