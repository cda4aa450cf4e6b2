//! A finding: what was learnt about models. One file a nature that has fields of its own.

mod incident;
mod mitigation;
mod risk;

use super::PublicationFault;
use super::evaluation::{Record, UNKNOWN, names};
use super::fields::Fields;
use super::parts::{Link, Model, Rel, models, same_name};
use super::unscored::Unscored;

pub use incident::Incident;
pub use mitigation::{Mitigation, MitigationStatus};
pub use risk::{Likelihood, Risk, RiskStatus, Severity};

/// Characters of the id of a model that a fault names.
const ID_SHOWN: usize = 100;

/// What only a finding says.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What kind of finding: see [`Finding::NATURES`]; an unknown one is kept as written.
    pub nature: String,
    /// The models that it is about.
    pub models: Vec<Model>,
    /// What its nature adds.
    pub detail: Detail,
}

/// What the natures add to a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    /// Scores.
    Evaluation(Evaluation),
    /// Something that may go wrong.
    Risk(Risk),
    /// Something that went wrong.
    Incident(Incident),
    /// What was done about a risk.
    Mitigation(Mitigation),
    /// What a model can do: no fields of its own.
    Capability,
    /// A nature that this version does not know.
    Other,
}

/// Scores: an Every Eval Ever record, and what is no score.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The record.
    pub record: Record,
    /// Results that are not comparable numbers.
    pub unscored: Vec<Unscored>,
}

impl Evaluation {
    /// Reads the scores of these models; none are named where a review leaves them to its target.
    pub(super) fn read(fields: &Fields<'_>, models: &[Model]) -> Result<Self, PublicationFault> {
        let value = fields.value("evaluation").ok_or_else(|| fields.fault("evaluation", "is missing"))?;
        let record = Record::read(&fields.path("evaluation"), value)?;
        let unscored = fields.list("unscored")?;
        let unscored = unscored.iter().map(|(path, value)| Unscored::read(path, value)).collect::<Result<_, _>>()?;
        let read = Self { record, unscored };
        if !models.is_empty() && !models.iter().any(|model| read.is_of(model)) {
            let id: String = read.record.model.id.chars().take(ID_SHOWN).collect();
            let reason = format!("{id:?} is none of `models`: an evaluation holds the scores of a model that it names");
            return Err(PublicationFault::at(fields.path("evaluation.model_info.id"), reason));
        }
        Ok(read)
    }

    /// Whether its scores may be those of a model: its record calls it so, or does not say.
    pub(super) fn is_of(&self, model: &Model) -> bool {
        let info = &self.record.model;
        info.id == UNKNOWN || model.is_named(&info.id, &info.name)
    }

    /// Adds what the record calls its model: its revision where none is said, and its id where it is another name.
    pub(super) fn name(&self, models: &mut Vec<Model>) {
        let info = &self.record.model;
        if info.id == UNKNOWN {
            return;
        }
        let revision = info.details.get(names::REVISION).filter(|revision| !revision.trim().is_empty());
        for model in models.iter_mut().filter(|model| self.is_of(model)) {
            model.revision = model.revision.take().or_else(|| revision.cloned());
        }
        if !models.iter().any(|model| same_name(&model.name, &info.id)) {
            models.push(Model { revision: revision.cloned(), ..Model::named(info.id.as_str()) });
        }
    }
}

impl Finding {
    /// The natures that this version knows.
    pub const NATURES: [&'static str; 5] = ["evaluation", "risk", "incident", "mitigation", "capability"];

    pub(super) fn read(fields: &Fields<'_>, links: &[Link]) -> Result<Self, PublicationFault> {
        let nature = fields.required("nature")?;
        let models = models(fields, "models")?;
        let detail = match nature.as_str() {
            "evaluation" => Detail::Evaluation(Evaluation::read(fields, &models)?),
            "risk" => Detail::Risk(Risk::read(fields)?),
            "incident" => Detail::Incident(Incident::read(fields)?),
            "mitigation" => Detail::Mitigation(Mitigation::read(fields)?),
            "capability" => Detail::Capability,
            _ => Detail::Other,
        };
        // What went wrong, or may, is now and then no model but a package or a service.
        let is_about_something = match &detail {
            Detail::Risk(risk) => !risk.affected.is_empty(),
            Detail::Incident(incident) => !incident.affected.is_empty(),
            Detail::Mitigation(_) => links.iter().any(|link| link.rel == Rel::Mitigates),
            Detail::Evaluation(_) | Detail::Capability | Detail::Other => false,
        };
        if models.is_empty() && !is_about_something {
            let or = match &detail {
                Detail::Risk(_) | Detail::Incident(_) => ", or what else is `affected`",
                Detail::Mitigation(_) => ", or has a link `mitigates`",
                Detail::Evaluation(_) | Detail::Capability | Detail::Other => "",
            };
            return Err(fields.fault("models", format!("a finding names at least one model{or}")));
        }
        Ok(Self { nature, models, detail })
    }

    /// Its scores, if it is an evaluation.
    pub const fn evaluation(&self) -> Option<&Evaluation> {
        match &self.detail {
            Detail::Evaluation(evaluation) => Some(evaluation),
            Detail::Risk(_) | Detail::Incident(_) | Detail::Mitigation(_) | Detail::Capability | Detail::Other => None,
        }
    }

    /// How bad it is, if it is a risk or an incident that says so.
    pub const fn severity(&self) -> Option<Severity> {
        match &self.detail {
            Detail::Risk(risk) => risk.severity,
            Detail::Incident(incident) => incident.severity,
            Detail::Evaluation(_) | Detail::Mitigation(_) | Detail::Capability | Detail::Other => None,
        }
    }
}
