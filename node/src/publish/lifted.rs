//! Evaluations of the versions 0.2, lifted to what is published today, before anything else is checked.

use lyceum_protocol::publication::evaluation::lift;
use lyceum_protocol::publication::{Json, PublicationFault, Unscored};

/// The same publication; a record of version 0.2 under `evaluation` is lifted, and what is no score goes to `unscored`.
///
/// # Errors
/// [`PublicationFault`] for a record that cannot be lifted.
pub fn lifted(json: Json) -> Result<Json, PublicationFault> {
    let Json::Object(mut fields) = json else { return Ok(json) };
    let Some(Json::Object(record)) = fields.get("evaluation") else { return Ok(Json::Object(fields)) };
    let is_old = matches!(record.get("schema_version"), Some(Json::Text(version)) if version.starts_with("0.2."));
    if !is_old {
        return Ok(Json::Object(fields));
    }
    let (record, unscored) = lift("evaluation", &Json::Object(record.clone()))?;
    fields.insert("evaluation".to_owned(), record.json().clone());
    if !unscored.is_empty() {
        let mut all = match fields.remove("unscored") {
            Some(Json::List(items)) => items,
            Some(_) | None => Vec::new(),
        };
        all.extend(unscored.iter().map(Unscored::to_json));
        fields.insert("unscored".to_owned(), Json::List(all));
    }
    Ok(Json::Object(fields))
}
