//! Paths on a machine: what of them names a model, and no more of them leaves.

/// What a path on a machine says of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Local {
    /// Its last part, or the name of the hub where the path is that of its cache.
    pub(super) name: String,
    /// The revision that a cache of the hub keeps it under.
    pub(super) revision: Option<String>,
    /// What stands before the path: `vllm` of `vllm//data/model`.
    pub(super) provider: Option<String>,
}

/// Whether a text is a path on a machine: from the root, from a home, from where the program runs, or of a drive.
pub(super) fn is_local(text: &str) -> bool {
    text.starts_with(['/', '~', '.', '\\'])
        || text.starts_with("file:")
        || text.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/")
}

/// Reads the name of a model as a path, also behind providers; none if it is no path.
pub(super) fn local(name: &str) -> Option<Local> {
    let (provider, path) = if is_local(name) {
        (None, name)
    } else if name.contains("://") {
        // An address is none, and says who serves the model.
        return None;
    } else {
        let mut slashes = name.match_indices('/').map(|(at, _)| at);
        let at = slashes.find(|at| name.get(at.saturating_add(1)..).is_some_and(is_local))?;
        (name.get(..at).map(str::to_owned), name.get(at.saturating_add(1)..)?)
    };
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    if let Some(at) = parts.iter().position(|part| part.starts_with("models--")) {
        // As the cache of the hub has it: models--ORG--NAME/snapshots/REVISION.
        let name = parts.get(at).and_then(|part| part.strip_prefix("models--")).unwrap_or_default().replace("--", "/");
        let revision = parts.get(at.saturating_add(1)).filter(|part| **part == "snapshots");
        let revision = revision.and(parts.get(at.saturating_add(2))).map(|revision| (*revision).to_owned());
        return Some(Local { name, revision, provider });
    }
    let last = parts.iter().rev().find(|part| !matches!(**part, "." | ".." | "~"));
    Some(Local { name: (*last.unwrap_or(&"unknown")).to_owned(), revision: None, provider })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_names_a_model() {
        let named = |name: &str| local(name).map(|local| (local.name, local.provider));
        for (path, name, provider) in [
            ("/data/models/llama-3/", "llama-3", None),
            ("~/ckpt", "ckpt", None),
            ("./out/ckpt-7", "ckpt-7", None),
            ("C:\\models\\m", "m", None),
            ("vllm//scratch/kim/ckpt-7", "ckpt-7", Some("vllm")),
            ("hf/./out/ckpt", "ckpt", Some("hf")),
            ("hf/~/x", "x", Some("hf")),
            ("/", "unknown", None),
            ("openai-api/vllm//scratch/kim/ckpt", "ckpt", Some("openai-api/vllm")),
            ("file:///home/kim/ckpt", "ckpt", None),
            ("../kim/ckpt", "ckpt", None),
        ] {
            assert_eq!(named(path), Some((name.to_owned(), provider.map(str::to_owned))), "{path}");
        }
        for name in ["meta-llama/Llama-3", "openai/azure/gpt-4o-mini", "gpt-4o", "https://hub.test/org/m", "org/.m"] {
            let is_path = name == "org/.m";
            assert_eq!(local(name).is_some(), is_path, "{name}");
        }
        let cached = local("/root/.cache/huggingface/hub/models--meta-llama--Llama-3-8B/snapshots/8cde5ca").unwrap();
        assert_eq!((cached.name.as_str(), cached.revision.as_deref()), ("meta-llama/Llama-3-8B", Some("8cde5ca")));
    }
}
