//! What front matter becomes, and what is said where it has an error.

use super::*;

fn read_as(name: &str, text: &str) -> Result<Read, FileFault> {
    read(Path::new(name), text, Dialect::Markdown, None)
}

fn json(name: &str, text: &str) -> String {
    String::from_utf8(read_as(name, text).unwrap().publication.to_bytes()).unwrap()
}

fn refused(front: &str) -> String {
    read_as("note.md", &format!("---\n{front}\n---\ntext\n")).unwrap_err().to_string()
}

#[test]
fn front_matter_becomes_fields() {
    let text = "---\ntitle: \"A: b\"\nlang: fr\nauthor: 'Ada L, Grace H, and Alan T'\ndate: 2024-01-09\ntags: [x, y]\nmarking: clear\nslug: /a\n---\n\n# Other\ntext\r\n";
    let found = read_as("note.md", text).unwrap();
    assert_eq!(found.marking, Some(Marking::Clear));
    assert_eq!(found.warnings, ["\"slug\" in the front matter is not a field of a publication: left out"]);
    assert_eq!(
        String::from_utf8(found.publication.to_bytes()).unwrap(),
        r##"{"authors":[{"name":"Ada L"},{"name":"Grace H"},{"name":"Alan T"}],"body":"# Other\ntext\n","created":"2024-01-09","language":"fr","tags":["x","y"],"title":"A: b","type":"note"}"##
    );
}

#[test]
fn keys_that_are_left_out_are_named_in_one_warning() {
    let warnings = |front: &str| read_as("note.md", &format!("---\n{front}---\ntext\n")).unwrap().warnings;
    assert_eq!(warnings("title: t\n"), [""; 0]);
    let two = "\"layout\", \"slug\" in the front matter are not fields of a publication: left out";
    assert_eq!(warnings("layout: post\ntitle: t\nslug: /a\n"), [two]);
    let many: String = (0..12).map(|n| format!("key{n}: x\n")).collect();
    let [one] = &warnings(&many)[..] else { panic!("one warning") };
    assert!(one.contains("\"key7\" and 4 more in the front matter"), "{one}");
}

#[test]
fn a_finding_is_written_with_its_models() {
    let text = "---\ntype: finding\ntitle: t\nnature: risk\nmodels: [gpt2]\nseverity: low\nauthors:\n  - name: A\n    orcid: 0000-0002-1825-0097\nlinks:\n  - {rel: cites, target: 'https://example.org'}\n---\n";
    let found = read_as("f.md", text).unwrap().publication;
    assert_eq!(found.models()[0].name, "gpt2");
    assert_eq!(found.authors[0].orcid.as_deref(), Some("0000-0002-1825-0097"));
    assert_eq!(found.links.len(), 1);
}

#[test]
fn a_title_is_found_in_the_text_or_the_file_name() {
    assert_eq!(
        json("notes.fr.md", "texte\n\n## Le titre\n"),
        r##"{"body":"texte\n\n## Le titre\n","language":"fr","title":"Le titre","type":"note"}"##
    );
    assert_eq!(json("eval-log.md", "text"), r#"{"body":"text\n","title":"eval-log","type":"note"}"#);
    let plain = read(Path::new("a.txt"), "---\n# no\n", Dialect::PlainText, Some("call")).unwrap().publication;
    assert_eq!((plain.title.as_str(), plain.kind.name()), ("a", "call"));
    let long = read_as("x.md", &format!("# {}\n", "é".repeat(400))).unwrap().publication;
    assert_eq!(long.title.chars().count(), 300);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let unix = "---\ntitle: t\n---\n# a\nb\n";
    let windows = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
    assert_eq!(json("n.md", unix), json("n.md", &windows));
}

#[test]
fn an_error_names_file_line_and_column() {
    assert_eq!(refused("title: a\ntitle: b"), "note.md:3:1: title stands twice");
    assert!(refused("title: a\nx: [1, 2\ny: 3").starts_with("note.md:4:"), "{}", refused("title: a\nx: [1, 2\ny: 3"));
    assert!(refused("title: a\n\tb: c").starts_with("note.md:3:"));
    assert_eq!(refused("title: a\nlanguage: en_US"), "note.md:3:1: language is no language tag (BCP 47)");
    let links = "title: a\nlinks:\n  - rel: cites\n    target: x\n  - rel: supercedes\n    target: y";
    assert!(
        refused(links).starts_with("note.md:6:10: links[1].rel: \"supercedes\" is not a relation"),
        "{}",
        refused(links)
    );
    assert_eq!(refused("links:\n  - target: x"), "note.md:3:5: links[0].rel is missing");
    assert!(refused("type: essay").starts_with("note.md:2:1: type: \"essay\" is none of"));
    assert_eq!(refused("- a\n- b"), "note.md:2:1: front matter is a list of keys with values");
    assert_eq!(
        refused("lang: fr\nlanguage: de"),
        "note.md:3:1: language is said twice, the second time by \"language\""
    );
    assert!(
        read_as("n.md", "---\ntitle: a\n")
            .unwrap_err()
            .to_string()
            .starts_with("n.md:1:1: the front matter is not closed")
    );
}

#[test]
fn what_is_restricted_is_not_published_in_clear() {
    for marking in ["AMBER", "AMBER+STRICT", "RED", "TLP:RED"] {
        assert!(refused(&format!("title: a\nmarking: {marking}")).starts_with("note.md:3:10: marking: "), "{marking}");
    }
    assert!(refused("marking: [GREEN]").contains("is not a text"));
}

#[test]
fn the_fields_of_every_type_can_be_said() {
    let read = |front: &str| read_as("f.md", &format!("---\ntitle: t\n{front}---\n")).unwrap().publication;
    let text = |front: &str| String::from_utf8(read(front).to_bytes()).unwrap();
    let id = "ab".repeat(32);
    assert!(text("type: release\nname: m\nversion: 1.10\nwhere: https://e.org\n").contains(r#""version":"1.10""#));
    let sha = "cd".repeat(32);
    let files = format!("type: release\nname: m\nfiles:\n  - {{name: a.bin, size: 12, sha256: {sha}}}\n");
    assert!(text(&files).contains(r#""size":12"#));
    assert!(text("type: resource\nkind: course\nversion: 2\naudience: all\n").contains(r#""kind":"course""#));
    assert!(text("type: call\nend: 2026-12-31\n").contains(r#""ends":"2026-12-31""#));
    let review = format!("type: review\nverdict: endorses\nlinks: [{{rel: endorses, target: {id}}}]\n");
    assert!(text(&review).contains(r#""verdict":"endorses""#));
    let notice = format!("type: notice\nresponse: affected\nlinks: [{{rel: responds, target: {id}}}]\n");
    assert!(text(&notice).contains(r#""response":"affected""#));
    assert!(text("type: notice\nsame_as: [a, {name: a, provider: p}]\n").contains(r#"[{"name":"a"},{"#));
    let incident = text("type: finding\nnature: incident\naffected: drivers\ndate: 2026-03\nharm: h\n");
    assert!(incident.contains(r#""date":"2026-03""#) && !incident.contains("created"), "{incident}");
    assert!(text("date: 2026-03-01\n").contains(r#""created":"2026-03-01""#));
    assert_eq!(refused("date: 2026\ncreated: 2026"), "note.md:2:1: created is said twice, also by \"date\"");
}

#[test]
fn an_old_record_in_front_matter_is_lifted_and_its_faults_have_a_place() {
    let record = "evaluation:\n  schema_version: '0.2.0'\n  evaluation_results:\n  - evaluation_name: arc\n    metric_config: {lower_is_better: false}\n    score_details: {score: 0.5}\n  - evaluation_name: odd\n    score_details: {score: n/a}\n";
    let front = format!("type: finding\nnature: evaluation\nmodels: [m]\n{record}");
    let found = read_as("f.md", &format!("---\ntitle: t\n{front}---\n")).unwrap().publication;
    let evaluation = found.evaluation().unwrap();
    assert_eq!((evaluation.record.results.len(), evaluation.unscored[0].raw.as_str()), (1, "n/a"));
    let broken = "type: finding\ntitle: t\nnature: evaluation\nmodels: [m]\nevaluation:\n  schema_version: '0.3.0'\n  evaluation_id: 7";
    assert!(refused(broken).starts_with("note.md:8:18: evaluation.evaluation_id is a number"), "{}", refused(broken));
}
