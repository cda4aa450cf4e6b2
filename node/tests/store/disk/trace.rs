//! What a process did to its files, out of the lines of `strace -f -xx`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One thing that was done, in the order of the trace. What takes time has a beginning and an end, and others may
/// come between.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// A file or folder was opened.
    Open { fd: i32, path: PathBuf, create: bool, truncate: bool },
    /// A file was closed.
    Close { fd: i32 },
    /// Bytes were written, at an offset or where the last write ended.
    Write { fd: i32, offset: Option<usize>, bytes: Vec<u8> },
    /// The place of the next write was set.
    Seek { fd: i32, to: usize },
    /// A file was cut or grown.
    Truncate { fd: i32, len: usize },
    /// A sync began: what was done before will be durable.
    SyncBegins { thread: u32, fd: i32 },
    /// The sync of this thread ended: it is durable.
    SyncEnds { thread: u32 },
    /// A name was changed.
    Rename { from: PathBuf, to: PathBuf },
    /// A name was removed.
    Remove { path: PathBuf },
    /// A folder was made.
    MakeFolder { path: PathBuf },
    /// The process said something on its standard output: began to, so it may have been heard.
    Said(String),
}

/// The system calls that are traced: all that change files.
pub(crate) const CALLS: &str = "openat,open,creat,close,write,pwrite64,writev,pwritev,pwritev2,lseek,truncate,ftruncate,\
    fallocate,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,\
    copy_file_range,sendfile,dup,dup2,dup3";

/// Reads a trace. What does not concern files below `root` is left out.
pub(crate) fn read(trace: &str, root: &Path) -> Vec<Operation> {
    let mut reader = Reader { root, open: BTreeMap::new(), unfinished: BTreeMap::new(), operations: Vec::new() };
    for line in trace.lines() {
        reader.line(line);
    }
    reader.operations
}

struct Reader<'a> {
    root: &'a Path,
    /// Descriptors of files below the root.
    open: BTreeMap<i32, PathBuf>,
    /// Calls that another thread's call interrupted in the trace, by thread.
    unfinished: BTreeMap<u32, String>,
    operations: Vec<Operation>,
}

impl Reader<'_> {
    fn line(&mut self, line: &str) {
        let (thread, rest) = line.trim_start().split_once(' ').expect("a line begins with its thread");
        let thread: u32 = thread.parse().expect("threads are numbers");
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            return;
        }
        if let Some(call) = rest.strip_suffix(" <unfinished ...>") {
            self.begins(thread, call);
            self.unfinished.insert(thread, call.to_owned());
            return;
        }
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let (_, tail) = resumed.split_once(" resumed>").expect("a resumed call");
            let call = self.unfinished.remove(&thread).expect("it was begun");
            self.ends(thread, &format!("{call}{tail}"));
            return;
        }
        self.begins(thread, rest);
        self.ends(thread, rest);
    }

    fn begins(&mut self, thread: u32, call: &str) {
        let (name, arguments) = call.split_once('(').expect("a call has arguments");
        let fd = || number(arguments);
        match name {
            "fsync" | "fdatasync" if self.open.contains_key(&fd()) => {
                self.operations.push(Operation::SyncBegins { thread, fd: fd() });
            }
            "write" if fd() == 1 => {
                let text = String::from_utf8(strings(arguments).remove(0)).expect("text");
                self.operations.push(Operation::Said(text));
            }
            // From here on another thread may get the same number.
            "close" if self.open.remove(&fd()).is_some() => self.operations.push(Operation::Close { fd: fd() }),
            _ => {}
        }
    }

    fn ends(&mut self, thread: u32, call: &str) {
        let (call, result) = call.rsplit_once(" = ").expect("a call has a result");
        let result = result.split(' ').next().unwrap_or_default();
        if result.starts_with('-') || result == "?" {
            return;
        }
        let (name, arguments) = call.split_once('(').expect("a call has arguments");
        let fd = number(arguments);
        let known = self.open.contains_key(&fd);
        let texts = strings(arguments);
        let path = |index: usize| {
            let text = String::from_utf8(texts[index].clone()).expect("paths are text");
            PathBuf::from(text)
        };
        let last = || arguments.trim_end_matches(')').rsplit(", ").next().map(number).expect("a last argument");
        match name {
            "openat" | "open" if path(0).starts_with(self.root) => {
                let (create, truncate) = (arguments.contains("O_CREAT"), arguments.contains("O_TRUNC"));
                let fd = number(result);
                self.open.insert(fd, path(0));
                self.operations.push(Operation::Open { fd, path: path(0), create, truncate });
            }
            "write" | "pwrite64" if known => {
                let written: usize = result.parse().expect("a length");
                let mut bytes = texts[0].clone();
                assert!(bytes.len() >= written, "the trace has all bytes");
                bytes.truncate(written);
                let offset = (name == "pwrite64").then(|| usize::try_from(last()).expect("an offset"));
                self.operations.push(Operation::Write { fd, offset, bytes });
            }
            "lseek" if known => {
                self.operations.push(Operation::Seek { fd, to: result.parse().expect("an offset") });
            }
            "ftruncate" if known => {
                self.operations.push(Operation::Truncate { fd, len: usize::try_from(last()).expect("a length") });
            }
            "fsync" | "fdatasync" if known => self.operations.push(Operation::SyncEnds { thread }),
            "rename" | "renameat" | "renameat2" if path(1).starts_with(self.root) => {
                self.operations.push(Operation::Rename { from: path(0), to: path(1) });
            }
            "unlink" | "unlinkat" if path(0).starts_with(self.root) => {
                self.operations.push(Operation::Remove { path: path(0) });
            }
            "mkdir" | "mkdirat" if path(0).starts_with(self.root) => {
                self.operations.push(Operation::MakeFolder { path: path(0) });
            }
            // Without a sync of the file this keeps nothing (STACK 2.1): as if it were not there.
            "sync_file_range" | "close" | "openat" | "open" | "write" | "lseek" | "fsync" | "fdatasync" | "mkdir" => {}
            _ if !known && !call.contains(&hex(self.root)) => {}
            other => panic!("the model knows no {other}: {call}"),
        }
    }
}

fn hex(path: &Path) -> String {
    path.display().to_string().bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

fn number(text: &str) -> i32 {
    let digits: String = text.chars().take_while(|digit| *digit == '-' || digit.is_ascii_digit()).collect();
    // AT_FDCWD and addresses are no descriptors of ours.
    digits.parse().unwrap_or(-1)
}

/// The strings of a call, out of their hex.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    let byte = |digits: &str| u8::from_str_radix(digits, 16).expect("all strings are in hex");
    quoted.map(|text| text.split("\\x").skip(1).map(byte).collect()).collect()
}
