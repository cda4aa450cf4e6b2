//! Which files are published, which were before, and which replace an earlier version.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use lyceum_protocol::publication::{Link, Publication, Rel};

use super::{Context, short_id};
use crate::api::shapes::{PublishedMatch, Source};
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::Prepared;

/// Files that are asked about at once.
const ASKED_AT_ONCE: usize = 1_000;

/// What is to be done with one file.
pub(super) enum Plan {
    /// It was published before, as this entry.
    Unchanged { file: PathBuf, prepared: Box<Prepared>, id: String },
    /// It is published.
    Publish(Box<Prepared>),
}

/// What the command line says about files that were published before in another version.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Changed {
    /// The new version replaces the earlier one.
    pub(in crate::cli) supersede: bool,
    /// It stands beside it.
    pub(in crate::cli) new: bool,
}

/// Asks the node what it knows of the files, and the person about those that have changed. Nothing goes on if it is
/// not clear of one file what is meant.
pub(super) async fn plan(
    prepared: Vec<(PathBuf, Prepared)>,
    client: &Client,
    wish: Changed,
    context: &Context,
) -> Result<Vec<Plan>, Failure> {
    let sources: Vec<Source> = prepared.iter().map(|(_, prepared)| source(&prepared.publication)).collect();
    let mut matches = Vec::with_capacity(sources.len());
    for sources in sources.chunks(ASKED_AT_ONCE) {
        matches.extend(client.published(sources.to_vec()).await?);
    }
    if !wish.new {
        one_title_each(&prepared, &matches)?;
    }
    let mut plans = Vec::new();
    let mut changed = Vec::new();
    for ((file, mut prepared), PublishedMatch { unchanged, earlier }) in prepared.into_iter().zip(matches) {
        if let Some(id) = unchanged {
            plans.push(Plan::Unchanged { file, prepared: Box::new(prepared), id });
            continue;
        }
        if let Some(id) = earlier.filter(|_| !wish.new) {
            if !wish.supersede && !asked(&file, &id, context)? {
                changed.push(format!(
                    "{} has the title of {}, which was published before, and has changed",
                    file.display(),
                    short_id(&id)
                ));
                continue;
            }
            let link = Link { rel: Rel::Supersedes, target: id };
            prepared.publication = prepared.publication.with_link(&link).map_err(|fault| {
                Failure::usage(format!("{} cannot replace its earlier version", file.display())).because(&fault)
            })?;
        }
        plans.push(Plan::Publish(Box::new(prepared)));
    }
    if changed.is_empty() {
        return Ok(plans);
    }
    let failure = Failure::refused("nothing was published: some files were published before in another version");
    let failure = changed.into_iter().fold(failure, Failure::cause);
    Err(failure.next("replace the earlier version with --supersede, or publish beside it with --new"))
}

/// An earlier version is known by its title: of two files that would replace the same one neither may.
fn one_title_each(prepared: &[(PathBuf, Prepared)], matches: &[PublishedMatch]) -> Result<(), Failure> {
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    for ((file, _), found) in prepared.iter().zip(matches) {
        let Some(id) = found.unchanged.as_deref().or(found.earlier.as_deref()) else { continue };
        let Some(other) = seen.insert(id, file).filter(|_| found.unchanged.is_none() || found.earlier.is_some()) else {
            continue;
        };
        let (one, other) = (file.display(), other.display());
        let failure =
            Failure::refused(format!("{one} and {other} have the title of one publication, {}", short_id(id)));
        return Err(failure.next("give them titles of their own, or publish beside it: --new"));
    }
    Ok(())
}

fn source(publication: &Publication) -> Source {
    Source {
        content: data_encoding::HEXLOWER.encode(&publication.content_hash()),
        kind: publication.kind.name().to_owned(),
        language: publication.language.as_ref().map(|tag| tag.as_str().to_owned()),
        title: publication.title.clone(),
    }
}

/// Asks the person at the terminal, if there is one.
fn asked(file: &Path, earlier: &str, context: &Context) -> Result<bool, Failure> {
    if context.out.is_json() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let id = short_id(earlier);
    context.out.note(&format!(
        "{} has the title of {id}, which was published before, and has changed. Replace that version? [y/N]",
        file.display()
    ));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|fault| Failure::new("no answer").because(&fault))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui" | "j" | "ja"))
}
