//! Who may read a publication, by the Traffic Light Protocol 2.0.

use std::fmt;
use std::str::FromStr;

use lyceum_protocol::entry::header::{MARKING_CLEAR, MARKING_GREEN};

/// A marking that can be published as things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Marking {
    /// May leave the alliance. Has to be said.
    Clear,
    /// For the members. What is not marked is this.
    #[default]
    Green,
}

impl Marking {
    /// As the header carries it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Clear => MARKING_CLEAR,
            Self::Green => MARKING_GREEN,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
        }
    }
}

impl fmt::Display for Marking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a marking is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkingFault {
    /// It would have to be encrypted.
    #[error(
        "{0} cannot be published yet: it has to be encrypted to its readers, which this version cannot do, and nothing \
         restricted is ever published in clear. Use GREEN only if every member may read it"
    )]
    NeedsSealing(&'static str),
    /// Never for a replicated log.
    #[error("RED is for named persons alone and does not belong in a replicated log: nothing marked RED is published")]
    Red,
    /// No such marking.
    #[error("{0:?} is not a marking: CLEAR (anyone may read it) or GREEN (members may)")]
    Unknown(String),
}

impl FromStr for Marking {
    type Err = MarkingFault;

    /// Takes the name in any case, with or without `TLP:` before it.
    fn from_str(text: &str) -> Result<Self, MarkingFault> {
        let upper = text.trim().to_ascii_uppercase();
        let name = upper.strip_prefix("TLP:").unwrap_or(&upper).trim();
        match name {
            "CLEAR" | "WHITE" => Ok(Self::Clear),
            "GREEN" => Ok(Self::Green),
            "AMBER" => Err(MarkingFault::NeedsSealing("AMBER")),
            "AMBER+STRICT" => Err(MarkingFault::NeedsSealing("AMBER+STRICT")),
            "RED" => Err(MarkingFault::Red),
            _ => Err(MarkingFault::Unknown(text.chars().take(40).collect())),
        }
    }
}

/// Whether a file says its marking under this key: `marking` or `tlp`, in any case.
pub fn is_key(key: &str) -> bool {
    key.eq_ignore_ascii_case("marking") || key.eq_ignore_ascii_case("tlp")
}

/// Lines of a text that may be a marking by themselves.
const LINES: usize = 5;

/// Why a text is not published that says so itself: one of its first lines is `TLP:AMBER` or `TLP:RED`, as documents
/// are marked. Only what restricts counts: nothing is made public by a line in a text.
pub fn restricted(text: &str) -> Option<MarkingFault> {
    let lines = text.lines().map(|line| line.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    lines.filter(|line| !line.is_empty()).take(LINES).find_map(|line| {
        let name = line.get(..4).filter(|begin| begin.eq_ignore_ascii_case("tlp:")).and(line.get(4..))?;
        name.parse::<Marking>().err().filter(|fault| !matches!(fault, MarkingFault::Unknown(_)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_restricted_is_refused_in_words() {
        assert_eq!("tlp:clear".parse(), Ok(Marking::Clear));
        assert_eq!(" Green ".parse(), Ok(Marking::Green));
        for (name, words) in
            [("AMBER", "cannot be published yet"), ("tlp:amber+strict", "AMBER+STRICT"), ("Red", "never")]
        {
            let said = name.parse::<Marking>().unwrap_err().to_string();
            assert!(said.contains(words) || said.contains("nothing marked RED"), "{said}");
        }
        assert!("secret".parse::<Marking>().unwrap_err().to_string().contains("not a marking"));
    }

    #[test]
    fn a_text_that_is_marked_by_a_line_is_restricted() {
        for text in ["TLP:RED\nx", "# Title\n\n**TLP:AMBER+STRICT**\n", "> tlp: amber\n"] {
            assert!(restricted(text).is_some(), "{text}");
        }
        for text in ["TLP:CLEAR\nx", "TLP:RED is for named persons\n", "a\nb\nc\nd\ne\nTLP:RED", "red", ""] {
            assert_eq!(restricted(text), None, "{text}");
        }
    }
}
