//! The files of the index: opened or made anew, written, committed with the cursor, cleaned of what was removed.

use std::ops::Range;
use std::path::{Path, PathBuf};

use lyceum_protocol::hash::{LogId, NetworkId};
use tantivy::directory::MmapDirectory;
use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::store::Compressor;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use super::IndexFault;
use super::cursor::Cursor;
use super::schema::{Documents, Fields, Indexed, key_of, schema};
use super::snapshot::Snapshot;
use crate::durable;

/// Memory of the writer, in bytes.
const WRITER_BYTES: usize = 32 * 1024 * 1024;
/// Segments of so many publications are not merged into larger ones, so that one is quickly written anew when
/// something was removed from it, and a search is shared out evenly.
const SEGMENT_DOCS_MAX: usize = 50_000;
/// What is stored beside the index is read in blocks of so many bytes.
const STORED_BLOCK_BYTES: usize = 4_096;

/// How an index was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// As it was left.
    Kept,
    /// There was none.
    New,
    /// It was of no use, for this reason, and was thrown away.
    Thrown(String),
}

/// The index, open for writing. One at a time in one folder.
pub struct Engine {
    folder: PathBuf,
    network: NetworkId,
    index: Index,
    reader: IndexReader,
    writer: IndexWriter,
    fields: Fields,
    documents: Documents,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.folder.display())
    }
}

impl Engine {
    /// Opens the index of a folder. One that is missing, broken, or of another version or alliance is made anew.
    ///
    /// # Errors
    /// [`IndexFault`] if the folder cannot be written.
    pub fn open(folder: &Path, network: NetworkId) -> Result<(Self, Cursor, Opened), IndexFault> {
        let opened = if folder.join("meta.json").exists() {
            match Self::open_there(folder, network) {
                Ok((engine, cursor)) => return Ok((engine, cursor, Opened::Kept)),
                Err(reason) => Opened::Thrown(reason.to_string()),
            }
        } else {
            Opened::New
        };
        Self::wipe(folder)?;
        durable::private_folder(folder)?;
        let (schema, fields) = schema();
        let settings = IndexSettings {
            docstore_compression: Compressor::None,
            docstore_blocksize: STORED_BLOCK_BYTES,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let index = Index::create(MmapDirectory::open(folder).map_err(other)?, schema, settings)?;
        let mut engine = Self::of(folder, network, index, fields)?;
        engine.commit(&Cursor::default())?;
        Ok((engine, Cursor::default(), opened))
    }

    fn open_there(folder: &Path, network: NetworkId) -> Result<(Self, Cursor), IndexFault> {
        let (expected, fields) = schema();
        let index = Index::open(MmapDirectory::open(folder).map_err(other)?)?;
        if index.schema() != expected {
            return Err(IndexFault::Broken("its fields are those of another version".to_owned()));
        }
        let payload = index.load_metas()?.payload.unwrap_or_default();
        let cursor = Cursor::read(&payload, network).map_err(IndexFault::Broken)?;
        let broken = index.validate_checksum()?;
        if !broken.is_empty() {
            return Err(IndexFault::Broken(format!("{} of its files are damaged", broken.len())));
        }
        Ok((Self::of(folder, network, index, fields)?, cursor))
    }

    /// Removes everything in its folder.
    ///
    /// # Errors
    /// [`IndexFault`] if that cannot be done.
    pub fn wipe(folder: &Path) -> Result<(), IndexFault> {
        match std::fs::remove_dir_all(folder) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => Err(fault.into()),
            _ => Ok(()),
        }
    }

    fn of(folder: &Path, network: NetworkId, index: Index, fields: Fields) -> Result<Self, IndexFault> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_BYTES)
            .build();
        let writer: IndexWriter = index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_max_docs_before_merge(SEGMENT_DOCS_MAX);
        writer.set_merge_policy(Box::new(policy));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let documents = Documents::default();
        Ok(Self { folder: folder.to_owned(), network, index, reader, writer, fields, documents })
    }

    /// Writes a publication; it is found after the next commit.
    ///
    /// # Errors
    /// [`IndexFault`] if the writer failed.
    pub fn add(&mut self, indexed: &Indexed) -> Result<(), IndexFault> {
        let document: TantivyDocument = self.documents.document(&self.fields, indexed);
        self.writer.add_document(document)?;
        Ok(())
    }

    /// Removes what stands at some places of a log, with the next commit.
    pub fn remove(&mut self, log: LogId, seqs: Range<u64>) {
        for seq in seqs {
            self.writer.delete_term(Term::from_field_bytes(self.fields.key, &key_of(log, seq)));
        }
    }

    /// Makes everything so far durable, with the cursor that it brings the index to.
    ///
    /// # Errors
    /// [`IndexFault`] if the writer failed; the index then stands as at the commit before.
    pub fn commit(&mut self, cursor: &Cursor) -> Result<(), IndexFault> {
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&cursor.write(self.network));
        commit.commit()?;
        Ok(())
    }

    /// Writes segments anew from which something was removed, and deletes the old files: the text is then gone from
    /// them. Returns whether nothing is left to do; if not, it is worth another try.
    ///
    /// # Errors
    /// [`IndexFault`] if the writer failed.
    pub fn purge(&mut self) -> Result<bool, IndexFault> {
        // Ids alone: the files of a segment are kept as long as anybody holds what describes it.
        let metas = self.index.searchable_segment_metas()?.into_iter();
        let ids: Vec<SegmentId> = metas.filter(SegmentMeta::has_deletes).map(|meta| meta.id()).collect();
        let mut clean = true;
        for id in ids {
            // It fails where a merge of the segment is under way: that one leaves out what was removed, or is followed.
            if let Err(fault) = self.writer.merge(&[id]).wait() {
                tracing::debug!(%fault, "a segment of the search index is not cleaned yet");
                clean = false;
            }
        }
        self.reader.reload()?;
        self.writer.garbage_collect_files().wait()?;
        let left = self.index.searchable_segment_metas()?;
        Ok(clean && !left.iter().any(SegmentMeta::has_deletes))
    }

    /// Deletes files that nothing refers to any more.
    ///
    /// # Errors
    /// [`IndexFault`] if that cannot be done.
    pub fn collect(&self) -> Result<(), IndexFault> {
        self.writer.garbage_collect_files().wait()?;
        Ok(())
    }

    /// The index at the last commit.
    ///
    /// # Errors
    /// [`IndexFault`] if it cannot be read.
    pub fn snapshot(&self, before: Option<&Snapshot>) -> Result<Snapshot, IndexFault> {
        self.reader.reload()?;
        Snapshot::open(self.reader.searcher(), self.fields, before)
    }

    /// Waits for merges that are under way, and closes the index.
    ///
    /// # Errors
    /// [`IndexFault`] if one of them failed.
    pub fn close(self) -> Result<(), IndexFault> {
        self.writer.wait_merging_threads()?;
        Ok(())
    }
}

fn other(fault: impl std::error::Error) -> IndexFault {
    IndexFault::Broken(fault.to_string())
}
