mod fields;

use std::path::PathBuf;

use lyceum_protocol::publication::Publication;
use serde_json::Value;

use super::{Context, outcome, safe_text};
use crate::api::shapes::EntryPage;
use crate::client::Client;
use crate::durable;
use crate::failure::Failure;

/// Show one entry, with its text.
///
/// The signature is checked again. With --raw the entry is written as a file that anyone can check offline with
/// `lyceum verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum show 3f9a1c20
  lyceum show 3f9a1c20 --raw finding.lyceum")]
pub(super) struct Args {
    /// The id, or at least its first 8 digits.
    id: String,
    /// Write the entry with all that proves it to a file, or - for standard output.
    #[arg(long, value_name = "FILE")]
    raw: Option<PathBuf>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let client = Client::connect(&context.home()?).await?;
    if let Some(file) = args.raw {
        return write_raw(&client, &args.id, file, context).await;
    }
    let page = client.entry(&args.id).await?;
    if context.out.is_json() {
        return context.out.object(&page);
    }
    print(&page, context)
}

async fn write_raw(client: &Client, id: &str, file: PathBuf, context: &mut Context) -> Result<(), Failure> {
    let bundle = client.bundle(id).await?;
    if file.as_os_str() == "-" {
        if context.out.is_terminal() {
            return Err(Failure::usage("this is a binary file").next("name a file: --raw FILE"));
        }
        return context.out.bytes(&bundle);
    }
    durable::write(&std::path::absolute(&file).unwrap_or_else(|_| file.clone()), &bundle, durable::READABLE)
        .map_err(|fault| Failure::new(format!("cannot write {}", file.display())).because(&fault))?;
    context.out.note(&format!("Wrote {} bytes. Check them anywhere: lyceum verify {}", bundle.len(), file.display()));
    Ok(())
}

fn print(page: &EntryPage, context: &mut Context) -> Result<(), Failure> {
    let line = &page.line;
    let title = line.title.clone().or_else(|| line.unreadable.clone().map(|why| format!("({why})")));
    context.out.paragraph("", &safe_text::line(&title.unwrap_or_default()))?;
    context.out.line("")?;
    let signature = if page.signature_valid { "valid" } else { "DOES NOT HOLD: do not rely on this entry" };
    let links: Vec<String> = line.links.iter().map(link_words).collect();
    let rows = [
        ("id", line.id.clone()),
        ("type", line.kind.clone().unwrap_or_else(|| format!("kind {}", page.kind_number))),
        ("organisation", format!("{} ({})", line.org_name, line.org)),
        ("node", format!("{}, entry {} of its log", line.author, line.seq)),
        ("time", format!("{} (the author's claim)", line.time)),
        ("marking", line.marking.clone()),
        ("language", line.language.clone().unwrap_or_default()),
        ("standing", line.standing.clone()),
        ("signature", signature.to_owned()),
        ("links", links.join("; ")),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        context.out.paragraph(&format!("{name:<14}"), &safe_text::line(value))?;
    }
    let read = page.publication.as_ref().and_then(|value| serde_json::to_vec(value).ok());
    if let Some(publication) = read.and_then(|bytes| Publication::read(&bytes).ok()) {
        fields::print(&publication, context)?;
    }
    fields::print_files(&page.files, &line.id, context)?;
    outcome::print(page, context)?;
    if let Some(words) = page.outcome.as_ref().and_then(|outcome| outcome::behind(outcome.behind_entries)) {
        context.out.note(&words);
    }
    for field in ["summary", "body"] {
        if let Some(text) = page.publication.as_ref().and_then(|it| it.get(field)).and_then(Value::as_str) {
            context.out.line("")?;
            context.out.line(safe_text::block(text).trim_end())?;
        }
    }
    Ok(())
}

fn link_words(link: &Value) -> String {
    let text = |name| link.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("rel"), text("target"))
}
