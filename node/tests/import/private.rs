//! What must not leave, sought in every byte of every publication, in every format and field.

use lyceum_node::import::private::{Keep, Kind, scan};
use lyceum_node::import::{Options, import};

use crate::fixture::file;

/// Planted into texts of every file. In pieces, so that this file holds none.
fn planted() -> Vec<String> {
    [
        &["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"][..],
        &["hf", "_QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"],
        &["sk-", "ant-api03-Qm7ZrT2vK9xLw4Hb81NdPa"],
        &["/home", "/ada/models/llama"],
        &["ada@", "lab.test"],
        &["10.12", ".7.3"],
    ]
    .map(|pieces| pieces.concat())
    .to_vec()
}

/// Every text of a JSON or YAML file, one after the other, gets something planted.
#[test]
fn nothing_planted_leaves_in_any_format_and_any_field() {
    let folder = tempfile::tempdir().unwrap();
    let mut imported = 0;
    for entry in std::fs::read_dir(file("")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        // A zip holds the same header as its twin in JSON.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let ends: Vec<usize> = text
            .match_indices('"')
            .map(|(at, _)| at)
            .filter(|at| text[..*at].ends_with(|c: char| c.is_alphanumeric()))
            .collect();
        for secret in planted() {
            for at in &ends {
                let changed = format!("{} {secret} {}", &text[..*at], &text[*at..]);
                let copy = folder.path().join(path.file_name().unwrap());
                std::fs::write(&copy, changed).unwrap();
                let report = import(&copy, &Options::default(), &|_| {});
                for (ready, _) in &report.ready {
                    let bytes = String::from_utf8(ready.publication.to_bytes()).unwrap();
                    assert!(!bytes.contains(&secret), "{} at {at}", path.display());
                    imported += 1;
                }
            }
        }
    }
    assert!(imported > 1_000, "{imported}");
}

#[test]
fn what_is_private_is_kept_by_name_and_a_secret_never() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("a.md");
    std::fs::write(&note, format!("# A note\n\n{}\n", planted().join("\n"))).unwrap();
    let body = |names: &[&str]| {
        let keep = Keep::new(names.iter().map(|name| (*name).to_owned()));
        let report = import(&note, &Options { keep, ..Options::default() }, &|_| {});
        report.ready[0].0.publication.body.clone().unwrap()
    };
    assert!(scan(&body(&[])).is_empty());
    assert!(body(&["email"]).contains("lab.test"));
    let kept = body(&["body"]);
    assert!(kept.contains("/ada/models") && scan(&kept).iter().all(|hit| hit.kind != Kind::Secret), "{kept}");
}
