//! A disk that keeps only what it was told to keep.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::trace::Operation;

/// What of the rest survives a cut. All of them are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Keeps {
    /// Contents as of the last sync of each file, names as of the last sync of each folder.
    Synced,
    /// Contents as of the last sync of each file, and all names.
    Names,
    /// As `Names`, and of each file the newest write that was not synced, without those before it.
    NewestWrites,
    /// Everything: the process was killed.
    All,
}

/// All ways in which a disk may keep more than it must.
pub(crate) const KEEPS: [Keeps; 4] = [Keeps::Synced, Keeps::Names, Keeps::NewestWrites, Keeps::All];

/// What a disk holds after a cut: folders without content, files with it.
pub(crate) type Image = BTreeMap<PathBuf, Option<Arc<Vec<u8>>>>;

#[derive(Debug, Clone, Default)]
struct Content {
    now: Arc<Vec<u8>>,
    durable: Arc<Vec<u8>>,
    /// Writes and cuts since the last sync began.
    unsynced: Vec<Edit>,
}

#[derive(Debug, Clone)]
enum Edit {
    Write(usize, Vec<u8>),
    Len(usize),
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Len(len) => bytes.resize(*len, 0),
            Self::Write(offset, new) => {
                let end = offset + new.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset..end].copy_from_slice(new);
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File(usize),
}

type Names = BTreeMap<PathBuf, Node>;

enum Syncing {
    File { content: usize, bytes: Arc<Vec<u8>>, edits: usize },
    Folder { path: PathBuf, names: Names },
}

/// The disk, while operations are replayed onto it.
#[derive(Default)]
pub(crate) struct Disk {
    contents: Vec<Content>,
    /// By full path.
    now: Names,
    durable: Names,
    open: BTreeMap<i32, (PathBuf, Node, usize)>,
    syncing: BTreeMap<u32, Syncing>,
}

fn children(names: &Names, folder: &Path) -> Names {
    let inside = names.iter().filter(|(path, _)| path.parent() == Some(folder));
    inside.map(|(path, node)| (path.clone(), *node)).collect()
}

impl Disk {
    /// A disk on which only this folder exists.
    pub(crate) fn with_folder(root: &Path) -> Self {
        let names: Names = [(root.to_path_buf(), Node::Folder)].into();
        Self { now: names.clone(), durable: names, ..Self::default() }
    }

    /// Replays one operation.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Open { fd, path, create, truncate } => self.open(*fd, path, *create, *truncate),
            Operation::Close { fd } => {
                self.open.remove(fd);
            }
            Operation::Write { fd, offset, bytes } => {
                let (_, node, position) = self.open.get_mut(fd).expect("an open file");
                let at = offset.unwrap_or(*position);
                if offset.is_none() {
                    *position += bytes.len();
                }
                let node = *node;
                self.edit(node, Edit::Write(at, bytes.clone()));
            }
            Operation::Seek { fd, to } => self.open.get_mut(fd).expect("an open file").2 = *to,
            Operation::Truncate { fd, len } => {
                let node = self.open.get(fd).expect("an open file").1;
                self.edit(node, Edit::Len(*len));
            }
            Operation::SyncBegins { thread, fd } => {
                let (path, node, _) = self.open.get(fd).expect("an open file");
                let syncing = match *node {
                    Node::Folder => Syncing::Folder { path: path.clone(), names: children(&self.now, path) },
                    Node::File(content) => {
                        let Content { now, unsynced, .. } = &self.contents[content];
                        Syncing::File { content, bytes: Arc::clone(now), edits: unsynced.len() }
                    }
                };
                self.syncing.insert(*thread, syncing);
            }
            Operation::SyncEnds { thread } => match self.syncing.remove(thread).expect("a sync that began") {
                Syncing::File { content, bytes, edits } => {
                    let content = &mut self.contents[content];
                    content.durable = bytes;
                    // Another sync may have ended meanwhile.
                    content.unsynced.drain(..edits.min(content.unsynced.len()));
                }
                Syncing::Folder { path, names } => {
                    self.durable.retain(|name, _| name.parent() != Some(&path));
                    self.durable.extend(names);
                }
            },
            Operation::Rename { from, to } => {
                let node = self.now.remove(from).expect("a file that is renamed");
                self.now.insert(to.clone(), node);
            }
            Operation::Remove { path } => {
                self.now.remove(path).expect("a file that is removed");
            }
            Operation::MakeFolder { path } => {
                self.now.insert(path.clone(), Node::Folder);
            }
            Operation::Said(_) => {}
        }
    }

    fn open(&mut self, fd: i32, path: &Path, create: bool, truncate: bool) {
        let node = match self.now.get(path) {
            Some(node) => *node,
            None => {
                assert!(create, "{} is opened and was never made", path.display());
                self.contents.push(Content::default());
                let node = Node::File(self.contents.len() - 1);
                self.now.insert(path.to_path_buf(), node);
                node
            }
        };
        if truncate {
            self.edit(node, Edit::Len(0));
        }
        self.open.insert(fd, (path.to_path_buf(), node, 0));
    }

    fn edit(&mut self, node: Node, edit: Edit) {
        let Node::File(content) = node else { panic!("a folder is written to") };
        let content = &mut self.contents[content];
        edit.apply(Arc::make_mut(&mut content.now));
        content.unsynced.push(edit);
    }

    /// What is left if the power is cut now.
    pub(crate) fn cut(&self, keeps: Keeps) -> Image {
        let names = if keeps == Keeps::Synced { &self.durable } else { &self.now };
        let reachable = |path: &Path| {
            let mut above = path.ancestors().skip(1).take_while(|folder| folder.starts_with(self.root()));
            above.all(|folder| names.contains_key(folder))
        };
        let kept = names.iter().filter(|(path, _)| reachable(path));
        let image = kept.map(|(path, node)| {
            let content = match node {
                Node::Folder => None,
                Node::File(content) => Some(self.contents[*content].after_cut(keeps)),
            };
            (path.clone(), content)
        });
        image.collect()
    }

    fn root(&self) -> &Path {
        self.now.keys().next().expect("the root is never removed")
    }
}

impl Content {
    fn after_cut(&self, keeps: Keeps) -> Arc<Vec<u8>> {
        match keeps {
            Keeps::All => Arc::clone(&self.now),
            Keeps::Synced | Keeps::Names => Arc::clone(&self.durable),
            Keeps::NewestWrites => {
                let mut bytes = Arc::clone(&self.durable);
                if let Some(edit) = self.unsynced.last() {
                    edit.apply(Arc::make_mut(&mut bytes));
                }
                bytes
            }
        }
    }
}
