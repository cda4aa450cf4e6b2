//! From the files that evaluation tools and researchers write to findings: one file, one importer, zero or more findings.
//!
//! Which format a file has is decided by what is in it, never by its name. A file is imported whole or refused with a
//! reason; nothing is guessed. Reading is streamed: of samples only the number and the hash are kept, so that a log of
//! any length needs little memory.

pub mod found;
pub mod json;
pub mod metric;
pub mod number;
pub mod private;
pub mod record;
pub mod tree;
pub mod yaml;
pub mod zip;

mod aiid;
mod ailuminate;
mod argument;
mod avid;
mod citation;
mod croissant;
mod eval_results;
mod every_eval_ever;
mod garak;
mod helm;
mod inspect;
mod lm_eval;
mod model_card;
mod note;
mod open;
mod osv;
mod path;
mod refused;

use std::fmt;
use std::path::{Path, PathBuf};

use lyceum_protocol::publication::{Json, PublicationFault};

use crate::publish::Marking;
use found::Found;
use json::{AsideRule, JsonFault, Values};
use private::{Keep, LeftOut};
use record::Ready;
use tree::Tree;

pub use note::is_field;
pub use open::import;

/// What the command line says for all files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What is kept although it is private.
    pub keep: Keep,
    /// Take all results of a model card, however many.
    pub all: bool,
    /// Overrules the marking that a note names.
    pub marking: Option<Marking>,
    /// The time of reading, Unix seconds.
    pub now: u64,
}

/// In which shape a file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One JSON value.
    Json,
    /// Several JSON values, one after the other.
    JsonLines,
    /// A zip with the entries of a log; the header is the first value.
    Zip,
    /// A folder; its description is the first value.
    Folder,
    /// YAML.
    Yaml,
    /// Text with YAML before it.
    FrontMatter,
    /// Any other text.
    Text,
}

/// A file as importers are shown it.
#[derive(Debug)]
pub struct Material<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its shape.
    pub shape: Shape,
    /// Its first value, or its front matter.
    pub first: Tree,
    /// The bytes of a text.
    pub text: &'a str,
    /// Why its front matter cannot be read.
    pub front_fault: Option<String>,
    /// Samples in a zip.
    pub samples: Option<u64>,
}

impl Material<'_> {
    /// Whether it is JSON: one value, or the first of several.
    pub const fn is_json(&self) -> bool {
        matches!(self.shape, Shape::Json | Shape::JsonLines)
    }
}

/// What follows the first value of a file.
#[derive(Debug)]
pub struct Rest<'v, 'a>(Option<&'v mut Values<'a>>);

impl Rest<'_, '_> {
    /// The next value.
    ///
    /// # Errors
    /// [`Refusal`] where it cannot be read.
    pub fn next_value(&mut self, aside: AsideRule) -> Result<Option<Tree>, Refusal> {
        match &mut self.0 {
            Some(values) => Ok(values.next_value(aside)?),
            None => Ok(None),
        }
    }
}

/// What is said to people, without what must not leave: it may quote a file.
fn without_private(said: String) -> String {
    let mut json = Json::Text(said);
    private::clean(&mut json, &Keep::default());
    match json {
        Json::Text(said) => said,
        _ => String::new(),
    }
}

/// Why a file gives no finding, in words that follow its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Refusal {
    /// Refused for this reason, which may quote what stands in the file: what must not leave is taken out of it.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(without_private(reason.into()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl From<JsonFault> for Refusal {
    fn from(fault: JsonFault) -> Self {
        Self(fault.to_string())
    }
}

impl From<std::io::Error> for Refusal {
    fn from(fault: std::io::Error) -> Self {
        Self::new(format!("cannot be read: {fault}"))
    }
}

impl From<PublicationFault> for Refusal {
    fn from(fault: PublicationFault) -> Self {
        Self::new(format!("makes no publication: {fault}"))
    }
}

/// One format.
pub trait Importer: Sync {
    /// Its name, as findings carry it.
    fn name(&self) -> &'static str;
    /// Whether a file is of this format, by what is in it.
    fn claims(&self, material: &Material<'_>) -> bool;
    /// What is in the file.
    ///
    /// # Errors
    /// [`Refusal`]: nothing of the file is taken.
    fn read(&self, material: &Material<'_>, rest: &mut Rest<'_, '_>, options: &Options) -> Result<Vec<Found>, Refusal>;
}

/// All formats; the first that claims a file reads it.
const IMPORTERS: &[&dyn Importer] = &[
    &refused::LIGHTEVAL,
    &refused::PROMPTFOO,
    &refused::MOONSHOT,
    &refused::CSAF,
    &refused::LM_EVAL_SAMPLES,
    &refused::GARAK_HITLOG,
    &refused::HELM_PART,
    &every_eval_ever::EveryEvalEver,
    &inspect::Inspect,
    &garak::Garak,
    &avid::Avid,
    &lm_eval::LmEval,
    &helm::Helm,
    &ailuminate::Ailuminate,
    &osv::Osv,
    &aiid::Aiid,
    &croissant::Croissant,
    &citation::Citation,
    &eval_results::EvalResults,
    &model_card::ModelCard,
    &note::Note,
];

/// The parts of a file that no importer reads: samples, and what belongs to them.
fn aside(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(
        path.as_slice(),
        ["samples" | "reductions" | "message_pool" | "attachments" | "request_states" | "embedding"]
            | ["results", _, "details" | "samples"]
            | ["results", "sample_reductions" | "results"]
            | ["eval", "dataset", "sample_ids"]
            | ["data", _, "embedding"]
            | ["data", _, "*", "embedding"]
    )
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The file.
    pub file: PathBuf,
    /// Its format, if it was recognised.
    pub format: Option<&'static str>,
    /// What may be published, with the marking that the file names.
    pub ready: Vec<(Ready, Marking)>,
    /// Why there is nothing, or nothing more.
    pub reason: Option<String>,
}

impl Report {
    /// All that was left out of the file, each thing once.
    pub fn left_out(&self) -> Vec<LeftOut> {
        let mut all: Vec<LeftOut> = self.ready.iter().flat_map(|(ready, _)| ready.left_out.clone()).collect();
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|left| seen.insert(left.clone()));
        all
    }
}
