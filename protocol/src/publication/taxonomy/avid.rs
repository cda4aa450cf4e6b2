//! The SEP view of the AI Vulnerability Database: security, ethics, performance. Editions 0.1 and 0.2 of its taxonomy.

/// Categories and subcategories, ascending by letter of the view and number.
pub(super) const SEP: &[(&str, &str)] = &[
    ("E0100", "Bias/Discrimination"),
    ("E0101", "Group fairness"),
    ("E0102", "Individual fairness"),
    ("E0200", "Explainability"),
    ("E0201", "Global explanations"),
    ("E0202", "Local explanations"),
    ("E0300", "User actions"),
    ("E0301", "Toxicity"),
    ("E0302", "Polarization/Exclusion"),
    ("E0400", "Misinformation"),
    ("E0401", "Deliberative Misinformation"),
    ("E0402", "Generative Misinformation"),
    ("P0100", "Data issues"),
    ("P0101", "Data drift"),
    ("P0102", "Concept drift"),
    ("P0103", "Data entanglement"),
    ("P0104", "Data quality issues"),
    ("P0105", "Feedback loops"),
    ("P0200", "Model issues"),
    ("P0201", "Resilience/Stability"),
    ("P0202", "OOD generalization"),
    ("P0203", "Scaling"),
    ("P0204", "Accuracy"),
    ("P0300", "Privacy"),
    ("P0301", "Anonymization"),
    ("P0302", "Randomization"),
    ("P0303", "Encryption"),
    ("P0400", "Safety"),
    ("P0401", "Psychological Safety"),
    ("P0402", "Physical safety"),
    ("P0403", "Socioeconomic safety"),
    ("P0404", "Environmental safety"),
    ("S0100", "Software Vulnerability"),
    ("S0200", "Supply Chain Compromise"),
    ("S0201", "Model Compromise"),
    ("S0202", "Software Compromise"),
    ("S0300", "Over-permissive API"),
    ("S0301", "Information Leak"),
    ("S0302", "Excessive Queries"),
    ("S0400", "Model Bypass"),
    ("S0401", "Bad Features"),
    ("S0402", "Insufficient Training Data"),
    ("S0403", "Adversarial Example"),
    ("S0500", "Exfiltration"),
    ("S0501", "Model inversion"),
    ("S0502", "Model theft"),
    ("S0600", "Data Poisoning"),
    ("S0601", "Ingest Poisoning"),
];

/// `S`, `E` or `P` and four digits.
pub(super) fn is_code(code: &str) -> bool {
    let digits = code.strip_prefix(['S', 'E', 'P']);
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}
