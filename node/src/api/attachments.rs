//! Attached files over the socket: put, plan, fetch, read, let go.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use lyceum_protocol::hash::{EntryId, FileHash, OrgId};
use lyceum_protocol::publication::Publication;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::entries::{find, read};
use super::listing::publication_of;
use super::shapes::{AttachmentPlan, FetchRequest, FilePlace, FileShape, FilesPage, PutShape};
use super::{Node, Problem};
use crate::attachments::access::AccessFault;
use crate::attachments::named::{NamedFile, files_of};
use crate::attachments::room::RoomFault;
use crate::attachments::{Attachments, Reason, Want, Whereabouts};
use crate::failure::Failure;
use crate::size;

/// Pieces of a download that wait for the reader.
const AHEAD: usize = 4;

/// Files of an entry, and of what organisation.
struct Named {
    id: EntryId,
    org: Option<OrgId>,
    standing: String,
    files: Vec<NamedFile>,
}

async fn named<N: Node>(node: &N, id: &str) -> Result<Named, Problem> {
    let (placed, _) = find(node, id).await?;
    let entry = read(node, placed.log, placed.seq).await?;
    let publication = publication_of(&entry).map_err(|why| {
        let failure = Failure::refused(format!("{} has no files that can be fetched", entry.id())).cause(why);
        Problem::new(StatusCode::CONFLICT, &failure)
    })?;
    Ok(Named { id: entry.id(), org: placed.org, standing: placed.standing, files: files_of(&publication) })
}

/// What is known here of the files that a publication names.
pub(super) fn shapes<N: Node>(node: &N, publication: &Publication) -> Vec<FileShape> {
    shapes_of(node.attachments(), &files_of(publication))
}

fn shapes_of(attachments: Option<&Attachments>, files: &[NamedFile]) -> Vec<FileShape> {
    files.iter().map(|file| shape(attachments, file)).collect()
}

fn shape(attachments: Option<&Attachments>, file: &NamedFile) -> FileShape {
    let whereabouts = file.blake3.zip(attachments).map(|(hash, attachments)| attachments.whereabouts(hash));
    let (place, held_bytes, waiting) = match whereabouts {
        None => (FilePlace::Elsewhere, 0, None),
        Some(Whereabouts::Absent) => (FilePlace::Absent, 0, None),
        Some(Whereabouts::Here(held)) if held.size == file.size => (FilePlace::Here, held.size, None),
        Some(Whereabouts::Here(held)) => {
            let words = format!("the entry says {} bytes, and the file of that hash has {}", file.size, held.size);
            (FilePlace::Wrong, 0, Some(words))
        }
        Some(Whereabouts::Wanted(want, bytes)) => {
            (FilePlace::Wanted, bytes, Some(want.waiting).filter(|words| !words.is_empty()))
        }
    };
    FileShape {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size: file.size,
        sha256: data_encoding::HEXLOWER.encode(&file.sha256),
        blake3: file.blake3.map(|hash| hash.to_string()),
        address: file.address.clone(),
        place,
        held_bytes,
        waiting,
    }
}

fn attachments<N: Node>(node: &N) -> Result<Attachments, Problem> {
    node.attachments().cloned().ok_or_else(|| {
        let failure = Failure::new("this node keeps no attached files").next("see what `lyceum status` says");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, &failure)
    })
}

fn no_room(what: &str, fault: &RoomFault) -> Problem {
    let (status, failure) = match fault {
        RoomFault::Io(_) => (StatusCode::INTERNAL_SERVER_ERROR, Failure::new(what)),
        _ => (StatusCode::INSUFFICIENT_STORAGE, Failure::refused(what)),
    };
    Problem::new(status, &failure.because(fault).next(fault.next_step()))
}

fn unwritten(fault: &std::io::Error) -> Problem {
    let failure = Failure::new("the file was not taken").because(fault);
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &failure.next("see what `lyceum status` says of the disk"))
}

impl From<AccessFault> for Problem {
    fn from(fault: AccessFault) -> Self {
        let failure = Failure::new("the node cannot say now what is attached").because(&fault);
        Self::new(StatusCode::SERVICE_UNAVAILABLE, &failure.next("try again in a moment"))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|fault| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &Failure::new("the node failed at this").because(&fault))
    })
}

/// The files of an entry.
pub(super) async fn of_entry<N: Node>(
    Shared(node): Shared<N>,
    Path(id): Path<String>,
) -> Result<Json<FilesPage>, Problem> {
    let named = named(&node, &id).await?;
    Ok(Json(FilesPage { id: named.id.to_string(), files: shapes_of(node.attachments(), &named.files) }))
}

/// Those of the files that a request means; a name that is not there is an error.
fn meant<'a>(named: &'a Named, names: &[String]) -> Result<Vec<&'a NamedFile>, Problem> {
    if let Some(name) = names.iter().find(|name| !named.files.iter().any(|file| file.name == **name)) {
        let failure = Failure::usage(format!("{} has no file {name:?}", named.id));
        return Err(Problem::new(StatusCode::NOT_FOUND, &failure.next("`lyceum show` lists its files")));
    }
    Ok(named.files.iter().filter(|file| names.is_empty() || names.contains(&file.name)).collect())
}

fn unread(fault: &JsonRejection, example: &str) -> Problem {
    let failure = Failure::usage("the request cannot be read").cause(fault.body_text());
    Problem::new(fault.status(), &failure.next(format!("send JSON: {example}")))
}

/// What `fetch` and `forget` are asked about: the request, the files of this node, the entry.
async fn asked<N: Node>(
    node: &N,
    id: &str,
    request: Result<Json<FetchRequest>, JsonRejection>,
) -> Result<(FetchRequest, Attachments, Named), Problem> {
    let Json(request) = request.map_err(|fault| unread(&fault, "{\"names\": []}"))?;
    Ok((request, attachments(node)?, named(node, id).await?))
}

/// Wants files of an entry.
pub(super) async fn fetch<N: Node>(
    Shared(node): Shared<N>,
    Path(id): Path<String>,
    request: Result<Json<FetchRequest>, JsonRejection>,
) -> Result<Json<FilesPage>, Problem> {
    let (request, attachments, named) = asked(&node, &id, request).await?;
    if named.standing != "good" {
        let failure = Failure::refused(format!("the files of {} are not given away by members", named.id));
        return Err(Problem::new(StatusCode::CONFLICT, &failure.cause(format!("it stands {}", named.standing))));
    }
    let files = meant(&named, &request.names)?;
    let org = named.org.unwrap_or(OrgId::ZERO);
    let want = |file: &&NamedFile| {
        let want = Want { size: file.size, entry: named.id, org, reason: Reason::Demand, waiting: String::new() };
        Some((file.blake3?, want))
    };
    // One hash under two names is one file.
    let wanted: BTreeMap<FileHash, Want> = files.iter().filter_map(want).collect();
    let wanting = attachments.clone();
    let refused = blocking(move || wanting.want(wanted.into_iter().collect())).await?.err().unwrap_or_default();
    if let Some((hash, fault)) = refused.first() {
        let all = refused.len();
        let name = files.iter().find(|file| file.blake3 == Some(*hash)).map_or("", |file| file.name.as_str());
        let what = match all {
            1 => format!("{name:?} is not fetched"),
            _ => format!("{all} files are not fetched, the first is {name:?}"),
        };
        return Err(no_room(&what, fault));
    }
    let files: Vec<NamedFile> = files.into_iter().cloned().collect();
    Ok(Json(FilesPage { id: named.id.to_string(), files: shapes_of(Some(&attachments), &files) }))
}

/// Lets files of an entry go: they are wanted no more, and what is here of them is removed.
pub(super) async fn forget<N: Node>(
    Shared(node): Shared<N>,
    Path(id): Path<String>,
    request: Result<Json<FetchRequest>, JsonRejection>,
) -> Result<Json<FilesPage>, Problem> {
    let (request, attachments, named) = asked(&node, &id, request).await?;
    let own = node.look(|state| state.own()).await?;
    if named.org.is_some() && named.org == own {
        let failure =
            Failure::refused(format!("{} is your own organisation's: others have its files from here", named.id));
        let failure = failure.next("retract or supersede it; the files stay until no entry names them any more");
        return Err(Problem::new(StatusCode::CONFLICT, &failure));
    }
    let files: Vec<NamedFile> = meant(&named, &request.names)?.into_iter().cloned().collect();
    let hashes: Vec<FileHash> = files.iter().filter_map(|file| file.blake3).collect();
    // What an entry of the own organisation names as well stays.
    let kept = match (own, node.access()) {
        (Some(own), Some(access)) => access.files_of(own).await?,
        _ => BTreeMap::new(),
    };
    let removing = attachments.clone();
    let removed = blocking(move || {
        hashes.into_iter().filter(|hash| !kept.contains_key(hash)).try_for_each(|hash| removing.remove(hash))
    });
    removed.await?.map_err(|fault| unwritten(&fault))?;
    Ok(Json(FilesPage { id: named.id.to_string(), files: shapes_of(Some(&attachments), &files) }))
}

/// Whether files of these sizes may be attached: by the quota of the own organisation, and by what this node keeps.
pub(super) async fn plan<N: Node>(
    Shared(node): Shared<N>,
    request: Result<Json<AttachmentPlan>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(request) = request.map_err(|fault| unread(&fault, "{\"sizes\": [300000000]}"))?;
    let attachments = attachments(&node)?;
    let new: u64 = request.sizes.iter().copied().fold(0, u64::saturating_add);
    check_quota(&node, &BTreeMap::new(), new).await?;
    let room = blocking(move || attachments.room_for(&request.sizes)).await?;
    room.map_err(|fault| no_room("nothing was attached", &fault)).map(|()| StatusCode::NO_CONTENT)
}

/// Whether the own organisation may name these files beside those that its entries name already, and `more` bytes.
pub(super) async fn check_quota<N: Node>(node: &N, files: &BTreeMap<FileHash, u64>, more: u64) -> Result<(), Problem> {
    let Some(access) = node.access().filter(|_| more > 0 || !files.is_empty()) else { return Ok(()) };
    let (Some(granted), Some(own)) = (access.granted().await?, node.look(|state| state.own()).await?) else {
        return Ok(());
    };
    let mut all = access.files_of(own).await?;
    let used = all.values().copied().fold(0, u64::saturating_add);
    for (hash, size) in files {
        let known = all.entry(*hash).or_default();
        *known = (*known).max(*size);
    }
    let then = all.values().copied().fold(more, u64::saturating_add);
    if then <= granted || then == used {
        return Ok(());
    }
    let failure = Failure::refused("nothing was published: the files are more than your organisation may attach")
        .cause(format!(
            "the charter grants each organisation {} of attached files; yours names {} and {} would come to it",
            size::words(granted),
            size::words(used),
            size::words(then.saturating_sub(used)),
        ));
    let failure = failure.next("attach less, or ask the voters for a charter that grants more");
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &failure))
}

/// What is said of a file that is put.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PutQuery {
    /// Bytes that will come.
    size: u64,
}

/// Takes a file. Reads on only as fast as the disk takes it.
pub(super) async fn put<N: Node>(
    Shared(node): Shared<N>,
    Query(query): Query<PutQuery>,
    body: Body,
) -> Result<Json<PutShape>, Problem> {
    let attachments = attachments(&node)?;
    let upload = blocking(move || attachments.put(query.size)).await?;
    let mut upload = upload.map_err(|fault| no_room("the file was not taken", &fault))?;
    let (blocks, mut queue) = mpsc::channel::<Bytes>(AHEAD);
    let writing = tokio::task::spawn_blocking(move || {
        while let Some(block) = queue.blocking_recv() {
            upload.write(&block)?;
        }
        Ok::<_, std::io::Error>(upload)
    });
    let mut stream = body.into_data_stream();
    let mut broken = None;
    while let Some(block) = stream.next().await {
        match block {
            // Its end says why it takes no more.
            Ok(block) => {
                if blocks.send(block).await.is_err() {
                    break;
                }
            }
            Err(fault) => {
                broken = Some(fault.to_string());
                break;
            }
        }
    }
    drop(blocks);
    let ended = writing.await.map_err(|fault| unwritten(&std::io::Error::other(fault)))?;
    let upload = ended.map_err(|fault| unwritten(&fault))?;
    if let Some(reason) = broken {
        let failure = Failure::new("the file was not taken: it did not come to its end").cause(reason);
        return Err(Problem::new(StatusCode::BAD_REQUEST, &failure));
    }
    let digests = blocking(move || upload.finish()).await?.map_err(|fault| unwritten(&fault))?;
    Ok(Json(PutShape {
        size: digests.size,
        blake3: digests.blake3.to_string(),
        sha256: data_encoding::HEXLOWER.encode(&digests.sha256),
    }))
}

/// A file that is here, checked on its way out; one that turns out to be damaged breaks off.
pub(super) async fn download<N: Node>(Shared(node): Shared<N>, Path(hash): Path<String>) -> Result<Response, Problem> {
    let attachments = attachments(&node)?;
    let unknown = || {
        let failure = Failure::new(format!("this node does not hold the file {hash}"));
        Problem::new(StatusCode::NOT_FOUND, &failure.next("fetch it: lyceum fetch ID"))
    };
    let hash: FileHash = hash.parse().map_err(|_| unknown())?;
    let Whereabouts::Here(held) = attachments.whereabouts(hash) else { return Err(unknown()) };
    let (blocks, queue) = mpsc::channel::<Result<Bytes, std::io::Error>>(AHEAD);
    tokio::task::spawn_blocking(move || {
        let Some(pieces) = attachments.pieces(hash) else { return };
        for index in pieces.iter() {
            let piece = match attachments.piece(hash, index) {
                Ok(Some(piece)) => Ok(piece.bytes.into()),
                Ok(None) => Err(std::io::Error::other("the file is damaged here, and is fetched again")),
                Err(fault) => Err(fault),
            };
            let ends = piece.is_err();
            // Nobody reads on.
            if blocks.blocking_send(piece).is_err() || ends {
                return;
            }
        }
    });
    let stream = futures::stream::unfold(queue, |mut queue| async { Some((queue.recv().await?, queue)) });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, held.size.to_string()),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}
