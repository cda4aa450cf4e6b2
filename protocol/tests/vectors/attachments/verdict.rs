//! What the code says of the cases of attachments.

use lyceum_protocol::attachment::builder::OutlineBuilder;
use lyceum_protocol::attachment::message::{Answer, Request};
use lyceum_protocol::attachment::outline::Outline;
use lyceum_protocol::attachment::{ANSWER_MAX, REQUEST_MAX};
use lyceum_protocol::hash::FileHash;
use serde_json::{Value, json};

use crate::case::{Given, Verdict, hex, unhex};
use crate::judge::{Judgement, framed, gives, holds, invalid};

/// The bytes of a case: as they are, or so many that are counted.
pub(super) fn content(bytes: &Value) -> Vec<u8> {
    bytes["counted"].as_u64().map_or_else(|| unhex(&bytes["hex"]), super::counted)
}

/// A1, A2: the pieces and the hash of a file.
pub(crate) fn file(given: &Given<'_>) -> Judgement {
    let mut builder = OutlineBuilder::default();
    for part in super::counted(given.number("counted")).chunks(300_000) {
        builder.update(part).unwrap();
    }
    let outline = builder.finish().unwrap();
    let gives = json!({ "blake3": hex(outline.root().0), "pieces": outline.shape().pieces() });
    (Verdict::Valid, gives)
}

/// A3.
pub(crate) fn piece(given: &Given<'_>) -> Judgement {
    let index = u32::try_from(given.number("index")).unwrap();
    let proof: Vec<[u8; 32]> = given.list("proof").iter().map(|value| unhex(value).try_into().unwrap()).collect();
    let Ok(mut outline) = Outline::new(FileHash(given.array("blake3")), given.number("size")) else {
        return invalid();
    };
    holds(outline.accept(index, content(given.get("bytes")), &proof).is_ok())
}

fn read_request(frame: &Value) -> Result<Request, ()> {
    Request::read(&framed(frame, REQUEST_MAX)?).map_err(drop)
}

fn read_answer(frame: &Value) -> Result<Answer, ()> {
    Answer::read(&framed(frame, ANSWER_MAX)?).map_err(drop)
}

/// A4.
pub(crate) fn request(given: &Given<'_>) -> Judgement {
    gives(read_request(given.get("frame")), |request| match request {
        Request::Has { hashes } => json!({ "name": "has", "files": hashes.len() }),
        Request::Piece { blake3, index } => json!({ "name": "piece", "blake3": hex(blake3.0), "index": index }),
    })
}

/// A5.
pub(crate) fn answer(given: &Given<'_>) -> Judgement {
    gives(read_answer(given.get("frame")), |answer| match answer {
        Answer::Has(files) => {
            let pieces = files.iter().flat_map(|held| held.ranges.iter()).map(|range| u64::from(range.count));
            json!({ "name": "has", "files": files.len(), "pieces": pieces.sum::<u64>() })
        }
        Answer::Piece { proof, bytes } => json!({ "name": "piece", "values": proof.len(), "bytes": bytes.len() }),
        Answer::Refused { code, .. } => json!({ "name": format!("refused {}", code as u32) }),
    })
}

/// A5: whether that answers this.
pub(crate) fn exchange(given: &Given<'_>) -> Judgement {
    let (request, answer) = (read_request(given.get("request")), read_answer(given.get("answer")));
    holds(answer.unwrap().answers(&request.unwrap()))
}
