//! What is read, what is read over, and that it agrees with serde_json wherever both read a text.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Tree, String> {
    let mut values = Values::new(text.as_bytes());
    let value = values.next_value(hold_all).map_err(|fault| fault.to_string())?;
    if values.more().map_err(|fault| fault.to_string())? {
        return Err("more follows".to_owned());
    }
    value.ok_or_else(|| "nothing".to_owned())
}

#[test]
fn numbers_keep_their_text_and_what_python_writes_is_taken() {
    let tree = read(r#"{"a": 0.10, "b": NaN, "c": [-Infinity, Infinity, 1.1e-308], "d": "NaN"}"#).unwrap();
    assert_eq!(tree.get("a"), Some(&Tree::Number("0.10".into())));
    assert_eq!(tree.get("b"), Some(&Tree::Number("NaN".into())));
    assert_eq!(tree.get("c").unwrap().items()[0], Tree::Number("-Infinity".into()));
    assert_eq!(tree.get("d"), Some(&Tree::Text("NaN".into())));
}

#[test]
fn texts_are_read_with_their_escapes() {
    assert_eq!(read(r#""a\n\"\u00e9\ud83d\ude00\/""#).unwrap(), Tree::Text("a\n\"é😀/".into()));
    assert_eq!(read(r#""\ud800x""#).unwrap(), Tree::Text("\u{fffd}x".into()));
    assert_eq!(read("\u{feff}{}").unwrap(), Tree::Map(Vec::new()));
}

#[test]
fn what_is_cut_off_and_what_is_broken_are_told_apart() {
    for text in ["{", "{\"a\"", "[1,", "\"abc", "[1, 2", "{\"a\": tr", "\"\\u00"] {
        assert!(read(text).unwrap_err().contains("is cut off"), "{text}: {:?}", read(text));
    }
    for text in ["{a: 1}", "[1 2]", "01 ", "nul ", "{\"a\" 1}", "\"\\x\"", "[1,]"] {
        assert!(read(text).unwrap_err().contains("is not JSON at byte"), "{text}: {:?}", read(text));
    }
    assert!(read(&"[".repeat(10_000)).unwrap_err().contains("too deeply"));
}

#[test]
fn what_is_read_over_is_counted_and_hashed() {
    let text = r#"{"samples": [{"a": "]}"}, 2, "\"x"], "b": 1}"#;
    let mut values = Values::new(text.as_bytes());
    let tree = values.next_value(|path| path == ["samples"]).unwrap().unwrap();
    let Some(Tree::Aside(aside)) = tree.get("samples") else { panic!("{tree:?}") };
    assert_eq!(aside.count, 3);
    let bytes = r#"[{"a": "]}"}, 2, "\"x"]"#;
    assert_eq!(aside.sha256, data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)));
    assert_eq!(tree.get("b"), Some(&Tree::Number("1".into())));
    assert_eq!(values.finish().unwrap(), data_encoding::HEXLOWER.encode(&Sha256::digest(text)));
}

#[test]
fn what_would_need_too_much_memory_is_refused() {
    let text = format!("[{}0]", "0,".repeat(HELD_MAX / NODE_COST));
    assert!(read(&text).unwrap_err().contains("is too large"));
    let text = format!("{{\"samples\": [{}0]}}", "0,".repeat(HELD_MAX / NODE_COST));
    assert!(Values::new(text.as_bytes()).next_value(|path| path == ["samples"]).is_ok());
}

#[test]
fn lines_are_values_one_after_the_other() {
    let mut values = Values::new("{\"a\":1}\n[2]\n\n\"x\"\n".as_bytes());
    let mut seen = Vec::new();
    while let Some(value) = values.next_value(hold_all).unwrap() {
        seen.push(value.raw(20));
    }
    assert_eq!(seen, ["{a: 1}", "[2]", "x"]);
}

/// As serde_json has it.
fn same(tree: &Tree, value: &serde_json::Value) -> bool {
    match (tree, value) {
        (Tree::Null, serde_json::Value::Null) => true,
        (Tree::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Tree::Number(a), serde_json::Value::Number(b)) => a.parse::<f64>().ok() == b.as_f64(),
        (Tree::Text(a), serde_json::Value::String(b)) => a == b,
        (Tree::List(a), serde_json::Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Tree::Map(_), serde_json::Value::Object(b)) => b.iter().all(|(key, b)| {
            tree.entries().iter().rev().find(|(known, _)| known == key).is_some_and(|(_, a)| same(a, b))
        }),
        _ => false,
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_reads_what_serde_json_writes(value in any_json()) {
        let tree = read(&value.to_string()).unwrap();
        prop_assert!(same(&tree, &value), "{tree:?} {value}");
    }

    #[test]
    fn it_refuses_what_serde_json_refuses(text in "[\\[\\]{}\",:0-9a-z.\\\\ -]{0,24}") {
        if let Ok(tree) = read(&text) {
            let value: Result<serde_json::Value, _> = serde_json::from_str(&text);
            prop_assert!(value.is_ok_and(|value| same(&tree, &value)), "{text}");
        }
    }

    #[test]
    fn the_beginning_of_a_text_is_cut_off_and_never_a_panic(value in any_json(), cut in 0_usize..200) {
        let text = value.to_string();
        let _ = read(&String::from_utf8_lossy(text.as_bytes().get(..cut).unwrap_or_default()));
    }
}
