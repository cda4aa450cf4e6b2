//! OWASP Top 10 for applications of large language models: the codes were given out anew in 2025.

/// Edition of 2023, version 1.1.
pub(super) const E2023: &[(&str, &str)] = &[
    ("LLM01", "Prompt Injection"),
    ("LLM02", "Insecure Output Handling"),
    ("LLM03", "Training Data Poisoning"),
    ("LLM04", "Model Denial of Service"),
    ("LLM05", "Supply Chain Vulnerabilities"),
    ("LLM06", "Sensitive Information Disclosure"),
    ("LLM07", "Insecure Plugin Design"),
    ("LLM08", "Excessive Agency"),
    ("LLM09", "Overreliance"),
    ("LLM10", "Model Theft"),
];

/// Edition of 2025.
pub(super) const E2025: &[(&str, &str)] = &[
    ("LLM01", "Prompt Injection"),
    ("LLM02", "Sensitive Information Disclosure"),
    ("LLM03", "Supply Chain"),
    ("LLM04", "Data and Model Poisoning"),
    ("LLM05", "Improper Output Handling"),
    ("LLM06", "Excessive Agency"),
    ("LLM07", "System Prompt Leakage"),
    ("LLM08", "Vector and Embedding Weaknesses"),
    ("LLM09", "Misinformation"),
    ("LLM10", "Unbounded Consumption"),
];

/// `LLM` and two digits, 01 to 10.
pub(super) fn is_code(code: &str) -> bool {
    let digits = code.strip_prefix("LLM").filter(|digits| digits.len() == 2);
    digits.and_then(|digits| digits.parse::<u8>().ok()).is_some_and(|number| (1..=10).contains(&number))
}
