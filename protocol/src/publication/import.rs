//! Where an imported publication came from.

use super::fields::Fields;
use super::{EntryId, Json, PublicationFault};

/// What an import says of the file that it read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The format, such as `lm-eval`.
    pub format: String,
    /// The program that wrote the file, and its version.
    pub tool: Option<(String, Option<String>)>,
    /// SHA-256 over the file.
    pub file_sha256: [u8; 32],
    /// Hash over the normalised content, without the time of retrieval: equal for what is the same finding.
    pub content: [u8; 32],
    /// Which part, if it is one of several.
    pub part: Option<Part>,
    /// Whether the model was a stand-in and nothing was measured.
    pub stub: bool,
    /// Samples that stayed behind: how many, and the SHA-256 over them.
    pub samples: Option<(u64, Option<[u8; 32]>)>,
}

/// One of the parts into which a long finding was divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which, from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
    /// The entry of part 1; none in part 1 itself.
    pub first: Option<EntryId>,
}

impl Import {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let tool = match fields.object("tool")? {
            None => None,
            Some(tool) => Some((tool.required("name")?, tool.text("version")?)),
        };
        let samples = match fields.object("samples")? {
            None => None,
            Some(samples) => Some((counted(&samples, "count")?, samples.hash("sha256")?)),
        };
        Ok(Self {
            format: fields.required("format")?,
            tool,
            file_sha256: fields.required_hash("file_sha256")?,
            content: fields.required_hash("content")?,
            part: fields.object("part")?.map(|part| Part::read(&part)).transpose()?,
            stub: fields.flag("stub")?,
            samples,
        })
    }

    /// As it stands in a publication.
    pub fn to_json(&self) -> Json {
        let hex = |hash: &[u8; 32]| Json::Text(data_encoding::HEXLOWER.encode(hash));
        let tool = self.tool.as_ref().map(|(name, version)| {
            let version = version.as_ref().map(|version| ("version", version.as_str().into()));
            some([Some(("name", name.as_str().into())), version])
        });
        let part = self.part.map(|part| {
            let first = part.first.map(|id| ("first", id.to_string().into()));
            some([Some(("number", count(part.number))), Some(("of", count(part.of))), first])
        });
        let samples = self.samples.as_ref().map(|(number, hash)| {
            some([Some(("count", count(*number))), hash.as_ref().map(|hash| ("sha256", hex(hash)))])
        });
        some([
            Some(("format", self.format.as_str().into())),
            tool.map(|tool| ("tool", tool)),
            Some(("file_sha256", hex(&self.file_sha256))),
            Some(("content", hex(&self.content))),
            part.map(|part| ("part", part)),
            self.stub.then_some(("stub", Json::Bool(true))),
            samples.map(|samples| ("samples", samples)),
        ])
    }
}

impl Part {
    fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let (number, of) = (counted(fields, "number")?, counted(fields, "of")?);
        if number == 0 || number > of {
            return Err(fields.fault("number", format!("is not one of 1 to {of}")));
        }
        let first = fields.text("first")?;
        let first = first.map(|id| id.parse().map_err(|_| fields.fault("first", "is not the id of an entry")));
        Ok(Self { number, of, first: first.transpose()? })
    }
}

fn counted(fields: &Fields<'_>, name: &str) -> Result<u64, PublicationFault> {
    fields.count(name)?.ok_or_else(|| fields.fault(name, "is missing"))
}

fn count(number: u64) -> Json {
    Json::Number(number.into())
}

/// An object of the fields that are there.
fn some<const N: usize>(fields: [Option<(&str, Json)>; N]) -> Json {
    Json::Object(fields.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect())
}
