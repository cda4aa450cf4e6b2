//! The committed list of what is sought.

/// What kind of thing must not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It opens something. Never published.
    Secret,
    /// A folder that names a user.
    HomeFolder,
    /// A machine inside somebody's network.
    Host,
    /// An account with a service.
    Account,
    /// An e-mail address.
    Email,
}

impl Kind {
    /// What may leave if somebody says so: all but secrets.
    pub const PRIVATE: [Self; 4] = [Self::HomeFolder, Self::Host, Self::Account, Self::Email];

    /// The name that `--keep` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::HomeFolder => "home-folder",
            Self::Host => "host",
            Self::Account => "account",
            Self::Email => "email",
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Secret => "a secret",
            Self::HomeFolder => "a home folder",
            Self::Host => "a host",
            Self::Account => "an account",
            Self::Email => "an e-mail address",
        }
    }
}

/// One thing that is sought.
#[derive(Debug, Clone, Copy)]
pub struct Detector {
    /// What it finds.
    pub name: &'static str,
    /// What kind of thing that is.
    pub kind: Kind,
    /// A regular expression; a group named `x` is the thing itself, else all of it is. `\b` is a boundary of ASCII words.
    pub pattern: &'static str,
}

const fn secret(name: &'static str, pattern: &'static str) -> Detector {
    Detector { name, kind: Kind::Secret, pattern }
}

/// Everything that is sought, secrets first.
pub const DETECTORS: &[Detector] = &[
    secret("Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    secret("OpenRouter key", r"\bsk-or-v1-[a-f0-9]{40,}"),
    secret("OpenAI project key", r"(?:\b|_)(?P<x>sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,})"),
    secret("OpenAI key", r"(?:\b|_)(?P<x>sk-[A-Za-z0-9_]{20,}[A-Za-z0-9_-]{10,})"),
    secret("Hugging Face token", r"(?:\b|_)(?P<x>(?:hf|api_org)_[A-Za-z0-9]{30,})\b"),
    secret("GitHub token", r"(?:\b|_)(?P<x>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"),
    secret("GitLab token", r"(?:\b|_)(?P<x>gl(?:pat|dt|ptt|cbt)-[A-Za-z0-9_-]{20,})"),
    secret("Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    secret("Slack hook", r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}"),
    secret("AWS key id", r"(?:\b|_)(?P<x>(?:AKIA|ASIA)[A-Z0-9]{16})\b"),
    secret("AWS secret key", r#"(?i)aws_?secret_?(?:access_?)?key["'\s:=]{1,6}(?P<x>[A-Za-z0-9/+]{40})\b"#),
    secret("Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    secret("Google OAuth token", r"\b(?:ya29\.[0-9A-Za-z_-]{30,}|GOCSPX-[A-Za-z0-9_-]{28})"),
    secret("Azure storage key", r"(?i)\bAccountKey=(?P<x>[A-Za-z0-9+/]{86}==)"),
    secret("Azure key", r#"(?i)azure[a-z_-]{0,24}key["'\s:=]{1,6}(?P<x>[A-Za-z0-9]{32,84})\b"#),
    secret("Azure signature", r"[?&]sig=(?P<x>[A-Za-z0-9%/+]{40,})"),
    secret("Nvidia key", r"\bnvapi-[A-Za-z0-9_-]{40,}"),
    secret("Groq key", r"\bgsk_[A-Za-z0-9]{40,}"),
    secret("Perplexity key", r"\bpplx-[A-Za-z0-9]{40,}"),
    secret("xAI key", r"\bxai-[A-Za-z0-9]{60,}"),
    secret("Fireworks key", r"\bfw_[A-Za-z0-9]{20,}\b"),
    secret("Replicate token", r"\br8_[A-Za-z0-9]{37}\b"),
    secret("Databricks token", r"\bdapi[a-f0-9]{32}\b"),
    secret("LangSmith key", r"\blsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}\b"),
    secret("Weights & Biases key", r#"(?i)wandb[a-z_]{0,10}key["'\s:=]{1,6}(?P<x>[a-f0-9]{40})\b"#),
    secret("npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    secret("PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    secret("crates.io token", r"\bcio[A-Za-z0-9]{32}\b"),
    secret("SendGrid key", r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}"),
    secret("Stripe key", r"\b[sr]k_live_[A-Za-z0-9]{20,}"),
    secret("Telegram token", r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    secret("DigitalOcean token", r"\bdop_v1_[a-f0-9]{64}\b"),
    secret("Docker token", r"\bdckr_pat_[A-Za-z0-9_-]{27}"),
    secret("age secret key", r"\bAGE-SECRET-KEY-1[0-9A-Za-z]{50,}"),
    // Whole, also where its end is missing: then everything that follows.
    secret(
        "private key",
        r"-{4,5} ?BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)? ?-{4,5}(?s:.*?)(?:-{4,5} ?END [A-Z0-9 ]{0,60}-{4,5}|\z)",
    ),
    secret("PuTTY key", r"PuTTY-User-Key-File-[0-9]: (?s:.*?)(?:Private-MAC: ?[0-9a-fA-F]+|\z)"),
    secret("JSON Web Token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    secret("bearer token", r"(?i)authorization[\x22'\s:=]{1,6}bearer\s+(?P<x>[A-Za-z0-9._~+/-]{20,})"),
    secret("token of a bearer", r"(?i)\bbearer\s+(?P<x>[A-Za-z0-9._~+/=-]*[0-9][A-Za-z0-9._~+/=-]{20,})"),
    secret("basic authorization", r"(?i)authorization[\x22'\s:=]{1,6}basic\s+(?P<x>[A-Za-z0-9+/=_-]{8,})"),
    secret(
        "key in an address",
        r"(?i)[?&](?:key|api[_-]?key|token|access_token|auth)=(?P<x>[A-Za-z0-9._~%+/-]*[0-9][A-Za-z0-9._~%+/-]{15,})",
    ),
    secret("Discord hook", r"https://(?:[a-z]+\.)?discord(?:app)?\.com/api/webhooks/[0-9]{10,}/[A-Za-z0-9_-]{20,}"),
    secret("netrc password", r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+(?P<x>\S{2,}[0-9!#$%^&*]\S*)"),
    secret(
        "password in an address",
        r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@\x22'<>]{1,64}:(?P<x>[^\s\x22'<>]{3,128})@[A-Za-z0-9\[]",
    ),
    secret(
        "password or key",
        r#"(?i)\b[a-z0-9_-]{0,30}(?:(?:api|secret|access|private|signing|encryption|openai|anthropic|together|azure|groq|hf|huggingface|replicate|cohere|mistral|gemini|google|deepseek|fireworks|openrouter|perplexity|xai|auth|service|account|master|admin|storage|subscription)[_-]?key|(?:client|app|[a-z0-9]{2,20})[_-]secret|(?:access|auth|session|refresh|security|api)[_-]?token|password|passwd|passphrase)["']?\s{0,3}[:=]\s{0,3}["']?(?P<x>[A-Za-z0-9_/+.!@#%^&*$?~{}<>=-]*[0-9][A-Za-z0-9_/+.!@#%^&*$?~{}<>=-]{15,})"#,
    ),
    Detector {
        name: "home folder",
        kind: Kind::HomeFolder,
        pattern: r#"(?:/(?:var/)?home|/Users|/export/home|/(?:nfs|mnt/nfs|cluster|work)/(?:users?|home|u)|/(?:g?scratch|lustre|gpfs|fsx)(?:/(?:users?|home|u))?)/[^\s/"'`<>,;:)\]}|]+(?:/[^\s"'`<>,;:)\]}|]*)?|/root/[^\s"'`<>,;:)\]}|]+|(?:^|[\s"'`=(,])(?P<x>/u/[^\s/"'`<>,;:)\]}|]+(?:/[^\s"'`<>,;:)\]}|]*)?)|\b[A-Za-z]:\\+Users\\+[^\s"'`<>,;|]+"#,
    },
    Detector {
        name: "internal host",
        kind: Kind::Host,
        pattern: r"\b(?:10\.[0-9]{1,3}|192\.168|172\.(?:1[6-9]|2[0-9]|3[01]))\.[0-9]{1,3}\.[0-9]{1,3}\b|\b[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.(?:internal|corp|intranet|lan)\b|(?:://|@)[A-Za-z0-9][A-Za-z0-9.-]*\.local\b|\b[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.cluster\.local\b",
    },
    Detector {
        name: "account",
        kind: Kind::Account,
        pattern: r"\barn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]{12}:[^\s\x22']*|\b[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\b|\borg-[A-Za-z0-9]{20,}\b|\bproj_[A-Za-z0-9]{20,}\b",
    },
    Detector {
        name: "e-mail address",
        kind: Kind::Email,
        pattern: r"[A-Za-z0-9À-ɏ][A-Za-z0-9À-ɏ._%+-]{0,63}@[A-Za-z0-9À-ɏ][A-Za-z0-9À-ɏ-]*(?:\.[A-Za-z0-9À-ɏ-]+)*\.[A-Za-z]{2,24}\b",
    },
];

/// Whether something of a private shape is public all the same: the user of a git remote, an address for examples.
pub(super) fn is_public(text: &str) -> bool {
    let lower = text.to_lowercase();
    match lower.rsplit_once('@') {
        Some((user, domain)) => {
            let is_example =
                |end: &&str| domain.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            user == "git" || ["example.com", "example.org", "example.net"].iter().any(is_example)
        }
        None => ["/home/user", "/users/username", "/home/username", "/users/you", "/users/user"]
            .contains(&lower.trim_end_matches('/')),
    }
}

/// Whether what stands between a colon and an `@` is a port with a path behind it, and no password.
pub(super) fn is_port(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=5).contains(&digits) && text.get(digits..).is_some_and(|rest| rest.starts_with(['/', '?', '#']))
}

/// Fields whose value is a secret however it looks.
const SECRET_NAMES: [&str; 12] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "api_key",
    "apikey",
    "secret",
    "secret_key",
    "client_secret",
    "access_key",
    "private_key",
    "authorization",
];

/// Whether a field is called like a secret and its value is one word that may be one.
pub(super) fn is_named_secret(key: &str, value: &str) -> bool {
    let name = key.to_lowercase().replace('-', "_");
    let named = SECRET_NAMES
        .iter()
        .any(|secret| name.strip_suffix(secret).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')));
    let value = value.trim();
    let none = ["none", "null", "true", "false", "required", "empty", "unknown", "default", "optional"];
    named
        && value.chars().count() >= 6
        && !value.contains(char::is_whitespace)
        && !value.starts_with(['<', '{', '$', '['])
        && !none.contains(&value.to_lowercase().as_str())
        && !super::is_placeholder(value, value)
}
