//! YAML as model cards and advisories write it, read into a tree.

use super::json;
use super::tree::Tree;
use crate::publish::yaml::{Rules, Yaml, YamlFault, YamlValue};

/// Reads one document: of a repeated key the last value counts, tags are passed over.
///
/// # Errors
/// [`YamlFault`].
pub fn read(text: &str) -> Result<Tree, YamlFault> {
    Yaml::read(text, &Rules::FILE).map(tree)
}

fn tree(yaml: Yaml) -> Tree {
    match yaml.value {
        YamlValue::Scalar { text, plain: true } => plain(text),
        YamlValue::Scalar { text, plain: false } => Tree::Text(text),
        YamlValue::List(items) => Tree::List(items.into_iter().map(tree).collect()),
        YamlValue::Map(fields) => Tree::map(fields.into_iter().map(|(key, _, value)| (key, tree(value))).collect()),
    }
}

fn plain(text: String) -> Tree {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Tree::Null,
        "true" | "True" | "TRUE" => Tree::Bool(true),
        "false" | "False" | "FALSE" => Tree::Bool(false),
        ".nan" | ".NaN" | ".NAN" | ".inf" | "-.inf" | ".Inf" | "-.Inf" => Tree::Number(text),
        number if json::is_number(number) => Tree::Number(text),
        _ => Tree::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_what_they_say() {
        let tree = read("a: no\nb: 0,857\nc: .nan\nd: 2.0\ne: 2024-05-10\nf: '1'\ng:\na: yes\n").unwrap();
        assert_eq!(tree.raw(100), "{b: 0,857, c: .nan, d: 2.0, e: 2024-05-10, f: 1, g: null, a: yes}");
        assert_eq!(tree.get("d"), Some(&Tree::Number("2.0".into())));
        assert_eq!(tree.get("f"), Some(&Tree::Text("1".into())));
        assert_eq!(tree.text_at("a"), Some("yes"), "of a repeated key the last one counts");
        assert_eq!(read("a: !!str 1\n").unwrap().raw(20), "{a: 1}", "a tag is passed over");
    }

    #[test]
    fn nothing_grows_while_it_is_read() {
        assert!(read("a: &x [1]\nb: *x\n").unwrap_err().reason.contains("anchors"));
        assert!(read(&format!("{}1", "- ".repeat(40))).unwrap_err().reason.contains("too deep"));
        assert_eq!(read("a: 1\n\tb: 2\n").unwrap_err().position.line, 2);
        // A tab inside a text is none of the reasons why an anchor is refused.
        assert!(read("a: |\n  x\n  \ty\nb: &x 1\n").unwrap_err().reason.contains("anchors"));
        assert_eq!(read(""), Ok(Tree::Map(Vec::new())));
    }
}
