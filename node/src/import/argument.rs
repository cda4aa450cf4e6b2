//! The arguments that something was run with: what of them may be published.
//!
//! They hold whatever a person typed, so what opens something and what lies on a machine is left out by its name and its
//! look, and not only where the scan of all texts knows it.

use super::path::is_local;
use super::private::LeftOut;
use super::tree::Tree;

/// Words in the name of an argument that opens something.
const OPENS: [&str; 14] = [
    "key",
    "keys",
    "apikey",
    "token",
    "auth",
    "authorization",
    "bearer",
    "header",
    "headers",
    "pwd",
    "passphrase",
    "cookie",
    "cookies",
    "pat",
];
/// What makes such a name wherever it stands in it.
const OPENS_ANYWHERE: [&str; 5] = ["apikey", "secret", "password", "passwd", "credential"];
/// Tokens of a text, which open nothing.
const OF_TEXT: [&str; 10] = ["bos", "eos", "pad", "unk", "sep", "cls", "mask", "prefix", "stop", "think"];

/// Whether an argument is called like what opens something; tokens of a text are none.
pub(super) fn opens_something(name: &str) -> bool {
    let mut spaced = String::with_capacity(name.len());
    let mut after_small = false;
    for c in name.chars() {
        // `apiKey` is two words, `API_KEY` is two as well.
        if after_small && c.is_uppercase() {
            spaced.push(' ');
        }
        after_small = c.is_lowercase();
        spaced.extend(c.to_lowercase().map(|c| if c.is_alphanumeric() { c } else { ' ' }));
    }
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let run_together: String = words.concat();
    OPENS_ANYWHERE.iter().any(|part| run_together.contains(part))
        || words.iter().enumerate().any(|(at, word)| {
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            let of_text = *word == "token" && before.is_some_and(|before| OF_TEXT.contains(before));
            // `hftoken`, `authtoken`, `openaikey`: written as one word.
            let ends =
                word.ends_with("token") || word.ends_with("headers") || (word.len() > 6 && word.ends_with("key"));
            (OPENS.contains(word) || ends) && !of_text
        })
}

/// Why an argument is not published, if it is not.
pub(super) fn withheld(name: &str, value: &Tree) -> Option<&'static str> {
    if opens_something(name) {
        return Some("is called like a secret: such arguments are never published");
    }
    match value {
        Tree::Text(text) if is_place(text.trim()) => Some("a place on a machine"),
        _ => None,
    }
}

/// Whether an argument is a path: `...` and `/` are texts at which a model stops.
fn is_place(text: &str) -> bool {
    is_local(text) && text.contains(['/', '\\']) && text.contains(char::is_alphanumeric)
}

/// The same arguments without those that are not published, which are listed under `place`.
pub(super) fn shown(given: &Tree, place: &str, left_out: &mut Vec<LeftOut>) -> Tree {
    match given {
        Tree::Map(entries) => {
            let mut kept = Vec::new();
            for (name, value) in entries {
                let place = format!("{place}.{name}");
                match withheld(name, value) {
                    Some(why) => left_out.push(LeftOut::new(place, why)),
                    None => kept.push((name.clone(), shown(value, &place, left_out))),
                }
            }
            Tree::Map(kept)
        }
        Tree::List(items) => {
            let mut kept = Vec::new();
            for (n, item) in items.iter().enumerate() {
                let place = format!("{place}[{n}]");
                match withheld("", item) {
                    Some(why) => left_out.push(LeftOut::new(place, why)),
                    None => kept.push(shown(item, &place, left_out)),
                }
            }
            Tree::List(kept)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_something_is_known_by_its_name() {
        for name in [
            "api_key",
            "azure-api-key",
            "apiKey",
            "OPENAI_API_KEY",
            "openaikey",
            "auth_token",
            "hf_token_path",
            "authtoken",
            "token",
            "extra_headers",
            "header_x",
            "password",
            "dbPassword2",
            "client_secret_name",
            "aws_credentials",
            "auth",
            "key_id",
        ] {
            assert!(opens_something(name), "{name}");
        }
        for name in [
            "add_bos_token",
            "eos_token",
            "pad_token_id",
            "tokenizer_backend",
            "max_new_tokens",
            "keyword",
            "author",
            "monkey",
            "path",
            "dtype",
            "batch_size",
        ] {
            assert!(!opens_something(name), "{name}");
        }
    }

    #[test]
    fn what_is_not_published_is_listed_wherever_it_stands() {
        let text = |text: &str| Tree::Text(text.to_owned());
        let map = |entries: Vec<(&str, Tree)>| {
            Tree::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        };
        let given = map(vec![
            ("subject", text("law")),
            ("server", map(vec![("api_key", text("hunter2hunter2")), ("port", Tree::Number("80".into()))])),
            ("files", Tree::List(vec![text("/mnt/kim/a"), text("b")])),
            ("separator", text(".")),
            ("until", Tree::List(vec![text("..."), text("/")])),
        ]);
        let mut left_out = Vec::new();
        let shown = shown(&given, "eval.task_args", &mut left_out);
        assert_eq!(shown.raw(200), "{subject: law, server: {port: 80}, files: [b], separator: ., until: [..., /]}");
        let fields: Vec<&str> = left_out.iter().map(|left| left.field.as_str()).collect();
        assert_eq!(fields, ["eval.task_args.server.api_key", "eval.task_args.files[0]"]);
        assert!(left_out.iter().all(|left| !left.reason.contains("hunter2")));
    }
}
