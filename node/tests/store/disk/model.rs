//! A disk that keeps only what it was told to keep.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
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
    Folder(usize),
    File(usize),
}

type Names = BTreeMap<OsString, Node>;

#[derive(Debug, Clone, Default)]
struct Folder {
    now: Names,
    durable: Names,
}

enum Syncing {
    File { content: usize, bytes: Arc<Vec<u8>>, edits: usize },
    Folder { folder: usize, names: Names },
}

/// The disk, while operations are replayed onto it.
pub(crate) struct Disk {
    root: PathBuf,
    contents: Vec<Content>,
    /// The root first.
    folders: Vec<Folder>,
    /// What is open, and where its next write goes.
    open: BTreeMap<i32, (Node, usize)>,
    syncing: BTreeMap<u32, Syncing>,
}

impl Disk {
    /// A disk on which only this folder exists.
    pub(crate) fn with_folder(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            contents: Vec::new(),
            folders: vec![Folder::default()],
            open: BTreeMap::new(),
            syncing: BTreeMap::new(),
        }
    }

    fn find(&self, path: &Path) -> Option<Node> {
        let mut node = Node::Folder(0);
        for name in path.strip_prefix(&self.root).expect("a path below the root") {
            let Node::Folder(folder) = node else { return None };
            node = *self.folders[folder].now.get(name)?;
        }
        Some(node)
    }

    /// The names beside a path, and its own.
    fn names_around<'a>(&mut self, path: &'a Path) -> (&mut Names, &'a OsStr) {
        let Some(Node::Folder(above)) = self.find(path.parent().expect("a path has a folder")) else {
            panic!("{} lies in no folder", path.display())
        };
        (&mut self.folders[above].now, path.file_name().expect("a path has a name"))
    }

    fn name(&mut self, path: &Path, node: Node) {
        let (names, name) = self.names_around(path);
        names.insert(name.to_owned(), node);
    }

    fn unname(&mut self, path: &Path) -> Node {
        let (names, name) = self.names_around(path);
        names.remove(name).expect("a name that exists")
    }

    /// Replays one operation.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Open { fd, path, create, truncate } => self.open(*fd, path, *create, *truncate),
            Operation::Close { fd } => {
                self.open.remove(fd);
            }
            Operation::Write { fd, offset, bytes } => {
                let (node, position) = self.open.get_mut(fd).expect("an open file");
                let at = offset.unwrap_or(*position);
                if offset.is_none() {
                    *position += bytes.len();
                }
                let node = *node;
                self.edit(node, Edit::Write(at, bytes.clone()));
            }
            Operation::Seek { fd, to } => self.open.get_mut(fd).expect("an open file").1 = *to,
            Operation::Truncate { fd, len } => {
                let node = self.open.get(fd).expect("an open file").0;
                self.edit(node, Edit::Len(*len));
            }
            Operation::SyncBegins { thread, fd } => {
                let syncing = match self.open.get(fd).expect("an open file").0 {
                    Node::Folder(folder) => Syncing::Folder { folder, names: self.folders[folder].now.clone() },
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
                Syncing::Folder { folder, names } => self.folders[folder].durable = names,
            },
            Operation::Rename { from, to } => {
                let node = self.unname(from);
                self.name(to, node);
            }
            Operation::Remove { path } => {
                self.unname(path);
            }
            Operation::MakeFolder { path } => {
                self.folders.push(Folder::default());
                self.name(path, Node::Folder(self.folders.len() - 1));
            }
            Operation::Said(_) => {}
        }
    }

    fn open(&mut self, fd: i32, path: &Path, create: bool, truncate: bool) {
        let node = self.find(path).unwrap_or_else(|| {
            assert!(create, "{} is opened and was never made", path.display());
            self.contents.push(Content::default());
            let node = Node::File(self.contents.len() - 1);
            self.name(path, node);
            node
        });
        if truncate {
            self.edit(node, Edit::Len(0));
        }
        self.open.insert(fd, (node, 0));
    }

    fn edit(&mut self, node: Node, edit: Edit) {
        let Node::File(content) = node else { panic!("a folder is written to") };
        let content = &mut self.contents[content];
        edit.apply(Arc::make_mut(&mut content.now));
        content.unsynced.push(edit);
    }

    /// What is left if the power is cut now.
    pub(crate) fn cut(&self, keeps: Keeps) -> Image {
        let mut image = Image::new();
        self.collect(keeps, 0, &self.root, &mut image);
        image
    }

    fn collect(&self, keeps: Keeps, folder: usize, path: &Path, image: &mut Image) {
        image.insert(path.to_path_buf(), None);
        let Folder { now, durable } = &self.folders[folder];
        for (name, node) in if keeps == Keeps::Synced { durable } else { now } {
            let path = path.join(name);
            match node {
                Node::Folder(folder) => self.collect(keeps, *folder, &path, image),
                Node::File(content) => {
                    image.insert(path, Some(self.contents[*content].after_cut(keeps)));
                }
            }
        }
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
