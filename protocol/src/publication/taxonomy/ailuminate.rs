//! Hazards of MLCommons AILuminate, versions 1.0 and 1.1, by the keys that its files use.

/// The twelve hazards.
pub(super) const V1: &[(&str, &str)] = &[
    ("cse", "Child Sexual Exploitation"),
    ("dfm", "Defamation"),
    ("hte", "Hate"),
    ("ipv", "Intellectual Property"),
    ("iwp", "Indiscriminate Weapons"),
    ("ncr", "Non-Violent Crimes"),
    ("prv", "Privacy"),
    ("spc", "Specialized Advice"),
    ("src", "Sex-Related Crimes"),
    ("ssh", "Suicide and Self-Harm"),
    ("sxc", "Sexual Content"),
    ("vcr", "Violent Crimes"),
];

/// Three small letters; a part of a hazard has three more behind `_`.
pub(super) fn is_code(code: &str) -> bool {
    let three = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_lowercase());
    match code.split_once('_') {
        Some((hazard, part)) => three(hazard) && three(part),
        None => three(code),
    }
}
