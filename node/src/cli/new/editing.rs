//! Editing a draft until it can be published, or is left for later.

use std::path::Path;
use std::process::Command;

use super::super::output::Output;
use super::super::safe_text;
use crate::failure::Failure;
use crate::publish::{Prepared, Wishes, prepare};

/// What a person decides about a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Go on.
    Yes,
    /// Open the editor again.
    Edit,
    /// Leave it for later.
    No,
}

/// How editing ended.
#[derive(Debug, PartialEq)]
pub(super) enum Ended {
    /// Nothing was changed.
    Untouched,
    /// The draft waits for later.
    Kept,
    /// It is to be published.
    Publish(Box<Prepared>),
}

/// Who edits and decides.
pub(super) trait Editor {
    /// Opens a file and waits until it is closed.
    fn open(&mut self, file: &Path) -> Result<(), Failure>;
    /// Shows something and asks what to do.
    fn ask(&mut self, about: &str, question: &str) -> Result<Choice, Failure>;
}

/// A person at a terminal.
pub(super) struct Person<'a> {
    pub(super) out: &'a Output,
}

impl Editor for Person<'_> {
    fn open(&mut self, file: &Path) -> Result<(), Failure> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        // The variables hold a command with arguments; the path goes along as one, whatever is in it.
        let shell = Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(file).status();
        let kept = format!("the draft is kept as {}", file.display());
        match shell {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(format!("the editor {editor:?} ended with {status}")).cause(kept)),
            Err(fault) => Err(Failure::new(format!("the editor {editor:?} cannot be started"))
                .because(&fault)
                .cause(kept)
                .next("set VISUAL or EDITOR to your editor")),
        }
    }

    fn ask(&mut self, about: &str, question: &str) -> Result<Choice, Failure> {
        self.out.note(about);
        self.out.note(question);
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        let read = read.map_err(|fault| Failure::new("no answer").because(&fault))?;
        Ok(match answer.trim().to_lowercase().as_str() {
            // The terminal was closed.
            _ if read == 0 => Choice::No,
            "y" | "yes" | "o" | "oui" | "j" | "ja" => Choice::Yes,
            "e" | "edit" => Choice::Edit,
            _ => Choice::No,
        })
    }
}

/// Edits a draft. It stays on the disk, however this ends.
///
/// # Errors
/// [`Failure`] where the editor or the terminal fails; the draft is kept and named.
pub(super) fn edit(draft: &Path, template: &str, editor: &mut impl Editor) -> Result<Ended, Failure> {
    loop {
        editor.open(draft)?;
        let bytes = std::fs::read(draft)
            .map_err(|fault| Failure::new(format!("the draft {} cannot be read", draft.display())).because(&fault))?;
        if bytes == template.as_bytes() {
            return Ok(Ended::Untouched);
        }
        let choice = match prepare(draft, &bytes, &Wishes::default()) {
            Ok(prepared) => match editor.ask(&summary(&prepared), "Publish it? [y]es, [e]dit again, [N]o, later")? {
                Choice::Yes => return Ok(Ended::Publish(Box::new(prepared))),
                other => other,
            },
            Err(fault) => editor.ask(&safe_text::line(&fault.to_string()), "Edit it again? [y]es, [N]o, later")?,
        };
        if choice == Choice::No {
            return Ok(Ended::Kept);
        }
    }
}

/// What is about to be published, and who will read it.
fn summary(prepared: &Prepared) -> String {
    let readers = match prepared.marking {
        crate::publish::Marking::Clear => "anyone may read it",
        crate::publish::Marking::Green => "every member of the alliance will read it",
    };
    let publication = &prepared.publication;
    let title = safe_text::short_line(&publication.title, 70);
    format!("{}: {title}\n{}: {readers}", publication.kind.name(), prepared.marking)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "---\ntype: note\ntitle: \"\"\n---\n";
    const GOOD: &str = "---\ntype: note\ntitle: A\n---\ntext\n";

    /// Writes one text after the other, and gives one answer after the other.
    struct Script {
        texts: Vec<&'static str>,
        answers: Vec<Choice>,
        said: Vec<String>,
    }

    impl Editor for Script {
        fn open(&mut self, file: &Path) -> Result<(), Failure> {
            let text = self.texts.remove(0);
            if text == "crash" {
                return Err(Failure::new("the editor crashed"));
            }
            std::fs::write(file, text).unwrap();
            Ok(())
        }
        fn ask(&mut self, about: &str, _: &str) -> Result<Choice, Failure> {
            self.said.push(about.to_owned());
            Ok(self.answers.remove(0))
        }
    }

    fn edited(texts: &[&'static str], answers: &[Choice]) -> (Result<Ended, Failure>, Vec<String>, String) {
        let folder = tempfile::tempdir().unwrap();
        let draft = folder.path().join("note.md");
        std::fs::write(&draft, TEMPLATE).unwrap();
        let mut script = Script { texts: texts.to_vec(), answers: answers.to_vec(), said: Vec::new() };
        let ended = edit(&draft, TEMPLATE, &mut script);
        (ended, script.said, std::fs::read_to_string(&draft).unwrap())
    }

    #[test]
    fn a_draft_with_a_fault_is_opened_again_until_it_has_none() {
        let bad = "---\ntype: note\ntitle: [A\n---\n";
        let (ended, said, kept) =
            edited(&[bad, "---\ntype: x\n---\n", GOOD], &[Choice::Yes, Choice::Edit, Choice::Yes]);
        assert!(matches!(ended, Ok(Ended::Publish(prepared)) if prepared.publication.title == "A"));
        assert!(said[0].contains("note.md:4:") && said[1].contains("is none of"), "{said:?}");
        assert_eq!(said[2], "note: A\nGREEN: every member of the alliance will read it");
        assert_eq!(kept, GOOD);
    }

    #[test]
    fn a_draft_is_kept_whatever_happens() {
        let (ended, _, kept) = edited(&["---\ntitle: [A\n---\n"], &[Choice::No]);
        assert_eq!((ended, kept.as_str()), (Ok(Ended::Kept), "---\ntitle: [A\n---\n"));
        let (ended, _, kept) = edited(&[GOOD], &[Choice::No]);
        assert_eq!((ended, kept.as_str()), (Ok(Ended::Kept), GOOD));
        let (ended, _, kept) = edited(&[GOOD, "crash"], &[Choice::Edit]);
        assert!(ended.is_err());
        assert_eq!(kept, GOOD);
    }

    #[test]
    fn a_template_that_nobody_touched_is_no_draft() {
        assert_eq!(edited(&[TEMPLATE], &[]).0, Ok(Ended::Untouched));
    }
}
