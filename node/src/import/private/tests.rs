//! Each detector finds the example planted for it, and leaves alone what only looks like it.

use super::*;

/// An example for each detector, in pieces so that this file holds none.
const PLANTED: &[(&str, &[&str])] = &[
    ("Anthropic key", &["sk-", "ant-api03-Qm7ZrT2vK9xLw4Hb81NdPa"]),
    ("OpenRouter key", &["sk-", "or-v1-7f3a9c1be2d4460f8a5b7c9d1e3f5a7b9c1d3e5f"]),
    ("OpenAI project key", &["sk-", "proj-a8-Xk2LmQ9rTz4V_bN7cWd1EfG6hJp3Ys"]),
    ("OpenAI key", &["sk-", "a8Xk2LmQ9rTz4VbN7cWd1EfG6hJp3YsT3BlbkFJa"]),
    ("Hugging Face token", &["hf", "_QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"]),
    ("GitHub token", &["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"]),
    ("GitLab token", &["gl", "pat-aB3dE6gH9jK2mN5pQ8sT"]),
    ("Slack token", &["xo", "xb-2718281828-aBcDeFgHiJkL"]),
    ("Slack hook", &["https://hooks.slack.com", "/services/T01AB2CD3/B04EF5GH6/aBcDeFgHiJkLmNoPqRsT"]),
    ("AWS key id", &["AK", "IAQ7RZ5T3XW9KLM2PB"]),
    ("AWS secret key", &["aws_secret_access_key = ", "wJalr7UtnF3MI9K7MDENGbPxRfiCYq2Zk8Lm4Np6"]),
    ("Google API key", &["AI", "zaSyD3f9K2mQ7xR4vT8wZ1bN6cL5pJ0hG2sYqE"]),
    ("Google OAuth token", &["ya29", ".a0AfH6SMBx7Kq2Lm9Pz4Rt8Wv3Yb6Nc1"]),
    (
        "Azure storage key",
        &[
            "AccountKey=",
            "q7RzT3xW9KLm2PbQ7rZt5X3w9Klm2pBq7rZ",
            "T3xW9KLm2PbQ7rZt5X3w9Klm2pBq7rZT3xW9KLm2PbQ7rZt5X3w==",
        ],
    ),
    ("Azure key", &["AZURE_OPENAI_API_KEY=", "4f9a1c7be2d8460fa35b7c9d1e6f5a2b"]),
    (
        "Azure signature",
        &["https://x.blob.core.windows.net/a?sv=1&", "sig=aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE6gH9jK2mN"],
    ),
    ("Nvidia key", &["nv", "api-aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE6gH9jK2"]),
    ("Groq key", &["gs", "k_aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE6gH9jK2"]),
    ("Perplexity key", &["pp", "lx-aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE6gH9jK2"]),
    ("xAI key", &["xa", "i-aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0"]),
    ("Fireworks key", &["fw", "_aB3dE6gH9jK2mN5pQ8sT"]),
    ("Replicate token", &["r8", "_aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE6g"]),
    ("Databricks token", &["da", "pi4f9a1c7be2d8460fa35b7c9d1e6f5a2b"]),
    ("LangSmith key", &["ls", "v2_pt_4f9a1c7be2d8460fa35b7c9d1e6f5a2b_9c1be2d846"]),
    ("Weights & Biases key", &["WANDB_API_KEY=", "4f9a1c7be2d8460fa35b7c9d1e6f5a2b4f9a1c7b"]),
    ("npm token", &["np", "m_aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE6"]),
    ("PyPI token", &["py", "pi-AgEIcHlwaS5vcmcaB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE6gH9jK2mN5pQ8sT1u"]),
    ("crates.io token", &["ci", "oaB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC"]),
    ("SendGrid key", &["SG", ".aB3dE6gH9jK2mN5pQ8sT1u.V4wX7yZ0bC3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3dE"]),
    ("Stripe key", &["sk", "_live_aB3dE6gH9jK2mN5pQ8sT"]),
    ("Telegram token", &["271828182:", "AAaB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC3"]),
    ("DigitalOcean token", &["do", "p_v1_4f9a1c7be2d8460fa35b7c9d1e6f5a2b4f9a1c7be2d8460fa35b7c9d1e6f5a2b"]),
    ("Docker token", &["dc", "kr_pat_aB3dE6gH9jK2mN5pQ8sT1uV4wX7"]),
    ("age secret key", &["AGE-SECRET", "-KEY-1QW3ER5TY7UI9OP2AS4DF6GH8JK0LZ1XC3VB5NM7QW9ER2TY4UI6OP8A"]),
    ("private key", &["-----BEGIN OPENSSH ", "PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----"]),
    (
        "PuTTY key",
        &["PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "Private-Lines: 1\nAAAA\nPrivate-MAC: 4f9a1c7b"],
    ),
    ("JSON Web Token", &["ey", "JhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.aB3dE6gH9jK2mN5pQ8sT"]),
    ("bearer token", &["Authorization: ", "Bearer aB3dE6gH9jK2mN5pQ8sT1uV4"]),
    ("token of a bearer", &["curl -H 'X: Bearer ", "q7aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC'"]),
    ("basic authorization", &["Authorization: ", "Basic YWRhOnRyMHViNGRvcjM="]),
    ("key in an address", &["https://api.lab.test/v1?", "key=aB3dE6gH9jK2mN5pQ8sT1uV4"]),
    ("Discord hook", &["https://discord.com", "/api/webhooks/271828182845904523/aB3dE6gH9jK2mN5pQ8sT1uV4"]),
    ("netrc password", &["machine git.lab.test login ada ", "password tr0ub4dor"]),
    ("password in an address", &["postgres://", "ada:tr0ub4dor3@db.lab.test/x"]),
    ("password or key", &["TOGETHER_API_KEY: ", "aB3dE6gH9jK2mN5pQ8sT1uV4wX7yZ0bC"]),
    ("home folder", &["/home", "/ada/models/llama"]),
    ("internal host", &["http://10", ".12.7.3:8000/v1"]),
    ("account", &["arn:aws:iam::", "271828182845:user/ada"]),
    ("e-mail address", &["ada@", "lab.test"]),
];

#[test]
fn every_detector_finds_what_was_planted_for_it() {
    for detector in DETECTORS {
        let (_, pieces) =
            PLANTED.iter().find(|(name, _)| *name == detector.name).unwrap_or_else(|| panic!("{}", detector.name));
        let text = format!("see {} here", pieces.concat());
        let hits = scan(&text);
        assert!(hits.iter().any(|hit| hit.name == detector.name), "{}: {hits:?} in {text}", detector.name);
    }
    assert_eq!(PLANTED.len(), DETECTORS.len());
}

#[test]
fn what_is_planted_does_not_leave_in_any_field() {
    for (name, pieces) in PLANTED {
        let text = pieces.concat();
        let mut json = Json::from([
            ("body", format!("a\nb {text} c").into()),
            ("list", Json::List(vec![Json::from([(text.as_str(), "x".into())])])),
        ]);
        let left_out = clean(&mut json, &Keep::default());
        let left = String::from_utf8(json.to_bytes()).unwrap();
        let hit = scan(&text).into_iter().find(|hit| hit.name == *name).unwrap();
        let gone = &text[hit.start..hit.end];
        assert!(!left.contains(gone), "{name}: {left}");
        assert!(left_out.len() >= 2, "{name}: {left_out:?}");
    }
}

#[test]
fn what_only_looks_like_it_stays() {
    for text in [
        concat!("AKIA", "IOSFODNN7EXAMPLE"),
        "https://user:password@host is the shape: postgres://USER:${PASSWORD}@db",
        "git@github.com:org/repo.git",
        "ada@example.org",
        "sk-learn and task-specific-evaluation-of-large-language-models",
        "the password: never written down",
        "api_key: your-api-key-goes-here-000000",
        "threading.local() and self.lan",
        "/home/user",
        "version 10.1.2 of 2024",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "pass@1 and acc@5",
    ] {
        let hits: Vec<Hit> =
            scan(text).into_iter().filter(|hit| hit.kind == Kind::Secret || hit.kind == Kind::Email).collect();
        let shape = text.contains("user:password");
        assert!(hits.is_empty() || shape, "{text}: {hits:?}");
    }
}

#[test]
fn a_place_to_fill_in_is_told_from_a_password_with_odd_signs() {
    let secret = |text: &str| scan(text).iter().any(|hit| hit.kind == Kind::Secret);
    for filled in ["${SECRET_1_OF_THE_LAB}", "{{ db_password_1_value }}", "<the-password-of-db-2-here>"] {
        assert!(!secret(&format!("password = \"{filled}\"")), "{filled}");
    }
    for middle in ["$", "{", "<", "}"] {
        let text = ["password = \"Kq7", middle, "vR2mZ9xT4bN8wL1cY6\""].concat();
        assert!(secret(&text), "{text}");
    }
    assert!(secret(&["postgres://lab:Kq7vR2", "$mZ9xT4@db.lab.test/x"].concat()));
}

#[test]
fn private_details_are_kept_by_name_and_secrets_never() {
    let secret = ["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].concat();
    let text = format!("ada@lab.test /home/ada/x {secret}");
    let cleaned = |names: &[&str]| {
        let mut json = Json::from([("a", text.as_str().into())]);
        let left_out = clean(&mut json, &Keep::new(names.iter().map(|name| (*name).to_owned())));
        (String::from_utf8(json.to_bytes()).unwrap(), left_out.len())
    };
    assert_eq!(cleaned(&[]).1, 3);
    assert!(cleaned(&["email"]).0.contains("ada@lab.test"));
    assert!(!cleaned(&["email"]).0.contains("/home/ada"));
    let (all, left_out) = cleaned(&["a", "secret"]);
    assert!(all.contains("/home/ada/x") && !all.contains(&secret), "{all}");
    assert_eq!(left_out, 1);
}

#[test]
fn a_secret_is_named_with_its_field_and_line() {
    let secret = ["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].concat();
    let json =
        Json::from([("title", "t".into()), ("tags", Json::List(vec!["a".into(), format!("x\ny {secret}").into()]))]);
    let found = first_secret(&json).unwrap();
    assert_eq!((found.field.as_str(), found.name, found.line), ("tags[1]", "GitHub token", 2));
    assert_eq!(found.text, secret);
    assert_eq!(first_secret(&Json::from([("title", "t".into())])), None);
}

#[test]
fn what_a_field_is_called_says_what_its_value_is() {
    for (key, value) in [
        ("auth_token", "aB3dE6gH9jK2mN5pQ8sT1uV4"),
        ("aws_secret_access_key", "wJalr7UtnF3MI9K7MDENGbPxRfiCYq2Zk8Lm4Np6"),
        ("azure_openai_key", "4f9a1c7be2d8460fa35b7c9d1e6f5a2b"),
        ("Authorization", "Bearer aB3dE6gH9jK2mN5pQ8sT1uV4"),
        ("x-api-key", "aB3dE6gH9jK2mN5pQ8sT1uV4"),
        ("db_password", "tr0ub4dor"),
        ("passphrase", "correcthorse"),
    ] {
        let plain = Json::from([("settings", Json::from([(key, value.into())]))]);
        let pair =
            Json::from([("headers", Json::List(vec![Json::from([("name", key.into()), ("value", value.into())])]))]);
        for mut json in [plain, pair] {
            assert!(first_secret(&json).is_some(), "{key}");
            let left_out = clean(&mut json, &Keep::default());
            let left = String::from_utf8(json.to_bytes()).unwrap();
            assert!(!left.contains(value.trim_start_matches("Bearer ")) && left_out.len() == 1, "{left} {left_out:?}");
        }
    }
    for (key, value) in [
        ("eos_token", "<|endoftext|>"),
        ("tokenizer", "EleutherAI/pythia-1.4b-deduped-v0"),
        ("public_key", "AAAAC3NzaC1lZDI1NTE5AAAAIJxKQ7"),
        ("password", "required"),
        ("task_hash", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("name", "a-name-of-2024-with-many-parts"),
    ] {
        let json = Json::from([(key, value.into())]);
        assert_eq!(first_secret(&json), None, "{key}");
    }
}

#[test]
fn a_private_key_goes_whole() {
    let head = ["-----BEGIN RSA PRIV", "ATE KEY-----"].concat();
    let tail = ["-----END RSA PRIV", "ATE KEY-----"].concat();
    let body = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00-11\n\nMIIEowIBAAKCAQEA7bq\n+diff-like-line\n";
    for text in [format!("{head}\n{body}{tail}"), format!("{head}\n{body}"), format!("+{head}\n+{body}+{tail}\n")] {
        let mut json = Json::from([("body", format!("before\n{text}").into())]);
        clean(&mut json, &Keep::default());
        let left = String::from_utf8(json.to_bytes()).unwrap();
        assert!(left.contains("before") && !left.contains("MIIE") && !left.contains("diff-like"), "{left}");
    }
    let ssh2 = [
        "---- BEGIN SSH2 ENCRYPTED PRIV",
        "ATE KEY ----\nComment: x\nP2/56wAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
    ]
    .concat();
    assert_eq!(scan(&ssh2).first().map(|hit| (hit.start, hit.end)), Some((0, ssh2.len())));
}

#[test]
fn a_cut_goes_through_no_secret() {
    let token = ["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].concat();
    for before in 0..70 {
        let text = format!("{} {token} and more that is long enough to be cut", "é".repeat(before));
        let cut = cut(&text, 60);
        assert!(cut.chars().count() <= 60 && (!cut.contains("ghp") || cut.contains(&token)), "{cut}");
    }
    assert_eq!((cut("short", 5).as_str(), cut("longer", 5).as_str()), ("short", "long…"));
}

#[test]
fn names_that_become_the_same_lose_no_value() {
    let mut json = Json::from([("ada@lab.test", "one".into()), ("bob@lab.test", "two".into())]);
    assert_eq!(clean(&mut json, &Keep::default()).len(), 2);
    let left = String::from_utf8(json.to_bytes()).unwrap();
    assert!(left.contains("one") && left.contains("two"), "{left}");
}

#[test]
fn private_details_of_many_shapes_are_found() {
    for text in [
        "/home/jörg/models/x",
        "/scratch/kim/ckpt-7",
        "hf//gscratch/lab/kim",
        " /u/kim/run",
        "271828182845.dkr.ecr.eu-west-1.amazonaws.com",
        "worker-3.cluster.local",
        "jörg@müller.test",
        "alice@notexample.com",
    ] {
        let hits = scan(text);
        assert_eq!(hits.len(), 1, "{text}: {hits:?}");
        assert!(
            text[..hits[0].start].trim_start_matches("hf/").trim().is_empty() && hits[0].end == text.len(),
            "{text}: {hits:?}"
        );
    }
    for text in ["https://reddit.com/u/ada", "a@example.com", "b@mail.example.org", "http://localhost:8080/x?mail=a"] {
        assert_eq!(scan(text), [], "{text}");
    }
}
