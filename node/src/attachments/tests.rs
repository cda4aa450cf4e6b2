//! Files are put, come in pieces, are read and go bad.

use lyceum_protocol::attachment::builder::OutlineBuilder;
use lyceum_protocol::attachment::outline::Outline;
use lyceum_protocol::hash::OrgId;

use super::part::Part;
use super::*;

const MIB: usize = 1 << 20;

fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn open(folder: &tempfile::TempDir) -> Attachments {
    Attachments::open(folder.path().join("attachments"), AttachmentSettings::default()).unwrap()
}

fn put(attachments: &Attachments, content: &[u8]) -> FileHash {
    let mut upload = attachments.put(content.len() as u64).unwrap();
    for block in content.chunks(MIB / 3) {
        upload.write(block).unwrap();
    }
    upload.finish().unwrap().blake3
}

fn outline(content: &[u8]) -> Outline {
    let mut builder = OutlineBuilder::new();
    builder.update(content).unwrap();
    builder.finish().unwrap()
}

fn want(size: usize) -> Want {
    Want {
        size: size as u64,
        entry: EntryId([7; 32]),
        org: OrgId([8; 32]),
        reason: Reason::Demand,
        waiting: String::new(),
    }
}

/// A piece comes, as a fetch takes and shows it.
fn take(part: &Part, index: u32, content: &[u8]) {
    let (mut outline, mut held) = (part.outline(), part.held());
    let proof = self::outline(content).proof(index).unwrap();
    part.write(&outline.accept(index, piece_of(content, index), &proof).unwrap()).unwrap();
    held.insert(index);
    part.show(outline, held).unwrap();
}

fn piece_of(content: &[u8], index: u32) -> Vec<u8> {
    content.chunks(MIB).nth(index as usize).unwrap_or_default().to_vec()
}

#[test]
fn a_file_that_was_put_is_read_back_with_proofs_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for len in [0, 1, MIB, MIB + 1, 5 * MIB + 17] {
        let content = bytes(len, len as u64);
        let attachments = open(&folder);
        let hash = put(&attachments, &content);
        assert_eq!(hash, outline(&content).root());
        for attachments in [attachments, open(&folder)] {
            let pieces = attachments.pieces(hash).unwrap();
            assert!(pieces.is_all());
            let mut other = Outline::new(hash, len as u64).unwrap();
            let mut read = Vec::new();
            for index in pieces.iter() {
                let piece = attachments.piece(hash, index).unwrap().unwrap();
                read.extend_from_slice(other.accept(index, piece.bytes, &piece.proof).unwrap().bytes());
            }
            assert!(read == content, "{len} bytes");
            assert!(attachments.piece(hash, pieces.shape().pieces()).unwrap().is_none());
        }
    }
}

#[test]
fn an_upload_that_breaks_off_or_lies_about_its_length_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let attachments = open(&folder);
    let mut upload = attachments.put(10).unwrap();
    upload.write(b"half").unwrap();
    assert_eq!(attachments.usage().bytes, 10, "its room is promised");
    drop(upload);
    let mut upload = attachments.put(3).unwrap();
    assert!(upload.write(b"four").is_err());
    drop(upload);
    let mut upload = attachments.put(3).unwrap();
    upload.write(b"no").unwrap();
    assert!(upload.finish().is_err());
    assert_eq!(attachments.usage().bytes, 0);
    assert_eq!(std::fs::read_dir(folder.path().join("attachments/incoming")).unwrap().count(), 0);
    // Killed meanwhile: the next start removes it.
    std::fs::write(folder.path().join("attachments/incoming/5"), "half").unwrap();
    drop(open(&folder));
    assert_eq!(std::fs::read_dir(folder.path().join("attachments/incoming")).unwrap().count(), 0);
}

#[test]
fn a_file_that_comes_is_resumed_from_its_bytes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let content = bytes(5 * MIB + 100, 3);
    let whole = outline(&content);
    let hash = whole.root();
    let attachments = open(&folder);
    attachments.want(vec![(hash, want(content.len()))]).unwrap();
    let part = attachments.open_part(hash, content.len() as u64).unwrap();
    for index in [0, 2, 5] {
        take(&part, index, &content);
    }
    drop((part, attachments));
    // Killed; and while it was down one piece was damaged.
    let path = Folder::open(folder.path().join("attachments")).unwrap().part(hash);
    let mut raw = std::fs::read(&path).unwrap();
    raw[2 * MIB + 5] ^= 1;
    std::fs::write(&path, raw).unwrap();
    let attachments = open(&folder);
    assert!(matches!(attachments.whereabouts(hash), Whereabouts::Wanted(..)), "it is still wanted");
    let part = attachments.open_part(hash, content.len() as u64).unwrap();
    assert_eq!(part.held().iter().collect::<Vec<_>>(), [0, 5]);
    assert!(attachments.piece(hash, 0).unwrap().unwrap().bytes == piece_of(&content, 0), "a part is served");
    assert!(attachments.piece(hash, 1).unwrap().is_none());
    for index in [1, 2, 3, 4] {
        take(&part, index, &content);
    }
    drop(part);
    attachments.finish_part(hash, &outline(&content)).unwrap();
    assert!(matches!(attachments.whereabouts(hash), Whereabouts::Here(_)));
    assert!(attachments.piece(hash, 5).unwrap().unwrap().bytes == piece_of(&content, 5));
    drop(attachments);
    let attachments = open(&folder);
    assert!(matches!(attachments.whereabouts(hash), Whereabouts::Here(_)));
    assert!(attachments.all_wanted().is_empty());
}

#[test]
fn a_file_that_rests_is_served_and_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let content = bytes(3 * MIB, 8);
    let (attachments, hash) = (open(&folder), outline(&content).root());
    attachments.want(vec![(hash, want(content.len()))]).unwrap();
    let part = attachments.open_part(hash, content.len() as u64).unwrap();
    take(&part, 1, &content);
    // Written twice, and one that was written and not shown.
    take(&part, 1, &content);
    part.write(&part.outline().accept(0, piece_of(&content, 0), &outline(&content).proof(0).unwrap()).unwrap())
        .unwrap();
    attachments.rest_part(hash);
    assert!(matches!(attachments.whereabouts(hash), Whereabouts::Wanted(_, bytes) if bytes == MIB as u64));
    assert!(attachments.piece(hash, 1).unwrap().unwrap().bytes == piece_of(&content, 1));
    let again = attachments.open_part(hash, content.len() as u64).unwrap();
    assert!(Arc::ptr_eq(&part, &again));
    // Of one that nothing came of, nothing stays open, and no more stay open than a few.
    for n in 0..100 {
        let content = bytes(2 * MIB, 100 + n);
        let hash = outline(&content).root();
        attachments.want(vec![(hash, want(content.len()))]).unwrap();
        let part = attachments.open_part(hash, content.len() as u64).unwrap();
        if n % 2 == 0 {
            take(&part, 0, &content);
        }
        drop(part);
        attachments.rest_part(hash);
        assert!(n % 2 == 0 || attachments.pieces(hash).is_none());
    }
    assert!(attachments.table().parts.len() <= 32);
    attachments.unwant(hash).unwrap();
    assert!(attachments.pieces(hash).is_none());
}

#[test]
fn a_damaged_file_is_found_and_only_what_is_bad_of_it_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let content = bytes(3 * MIB, 4);
    let attachments = open(&folder);
    let hash = put(&attachments, &content);
    attachments.remember(&[(hash, EntryId([1; 32]))]);
    let path = Folder::open(folder.path().join("attachments")).unwrap().whole(hash);
    let mut raw = std::fs::read(&path).unwrap();
    raw[MIB] ^= 1;
    std::fs::write(&path, raw).unwrap();
    assert!(attachments.piece(hash, 0).unwrap().is_some());
    assert!(attachments.piece(hash, 1).unwrap().is_none(), "what is not that file is not given away");
    let usage = attachments.usage();
    assert_eq!((usage.files, usage.faults.len(), usage.wanted.len()), (0, 1, 1), "{usage:?}");
    let part = attachments.open_part(hash, content.len() as u64).unwrap();
    assert_eq!(part.held().iter().collect::<Vec<_>>(), [0, 2]);
    take(&part, 1, &content);
    drop(part);
    attachments.finish_part(hash, &outline(&content)).unwrap();
    assert!(attachments.usage().faults.is_empty());
    // One that was cut, or taken away by hand, and which no entry names: it is gone.
    let lone = put(&attachments, b"lone");
    std::fs::remove_file(Folder::open(folder.path().join("attachments")).unwrap().whole(lone)).unwrap();
    assert!(attachments.piece(lone, 0).unwrap().is_none());
    assert_eq!(attachments.whereabouts(lone), Whereabouts::Absent);
}

#[test]
fn a_lost_outline_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let content = bytes(2 * MIB + 1, 5);
    let attachments = open(&folder);
    let hash = put(&attachments, &content);
    let outline = Folder::open(folder.path().join("attachments")).unwrap().outline(hash);
    std::fs::write(&outline, "garbage").unwrap();
    assert!(attachments.piece(hash, 2).unwrap().is_some());
    assert!(std::fs::metadata(&outline).unwrap().len() > 40);
}

#[test]
fn there_is_room_for_as_much_as_the_settings_say() {
    let folder = tempfile::tempdir().unwrap();
    let settings = AttachmentSettings { max_file: 100, keep: 250, ..AttachmentSettings::default() };
    let attachments = Attachments::open(folder.path().join("attachments"), settings).unwrap();
    put(&attachments, &bytes(100, 1));
    let refused = |sizes: &[u64]| attachments.room_for(sizes).unwrap_err().to_string();
    assert!(refused(&[101]).contains("files of at most 100 bytes"), "{}", refused(&[101]));
    assert!(refused(&[100, 51]).contains("at most 250 bytes"), "{}", refused(&[100, 51]));
    attachments.want(vec![(FileHash([1; 32]), want(100))]).unwrap();
    let faults = attachments.want(vec![(FileHash([2; 32]), want(51)), (FileHash([1; 32]), want(99))]).unwrap_err();
    assert!(matches!(faults[0].1, RoomFault::Keep { taken: 200, needed: 51, .. }), "{faults:?}");
    assert_eq!(faults.len(), 1, "what did not come with one size may come with the other");
    let other = attachments.want(vec![(FileHash([1; 32]), Want { reason: Reason::Policy, ..want(98) })]).unwrap_err();
    assert!(matches!(other[0].1, RoomFault::OtherSize { wanted: 98, named: 99 }), "{other:?}");
    attachments.unwant(FileHash([1; 32])).unwrap();
    assert!(attachments.room_for(&[100, 50]).is_ok());
}

#[test]
fn what_the_settings_want_takes_no_room_before_it_comes_and_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        AttachmentSettings { max_file: 10 * MIB as u64, keep: 4 * MIB as u64, ..AttachmentSettings::default() };
    let attachments = Attachments::open(folder.path().join("attachments"), settings).unwrap();
    let content = bytes(3 * MIB, 6);
    let hash = outline(&content).root();
    let policy = |size: usize| Want { reason: Reason::Policy, ..want(size) };
    // A hash that nobody has, with a size that is a lie.
    attachments.want(vec![(FileHash([9; 32]), policy(4 * MIB)), (hash, policy(MIB))]).unwrap();
    assert_eq!(attachments.usage().bytes, 0);
    drop(attachments.open_part(FileHash([9; 32]), 4 * MIB as u64).unwrap());
    assert!(attachments.room_for(&[1]).is_err(), "it is coming");
    attachments.close_part(FileHash([9; 32]));
    assert!(attachments.room_for(&[4 * MIB as u64]).is_ok(), "nothing of it came");
    // Somebody asks for the file by an entry that says its true size.
    attachments.want(vec![(hash, want(3 * MIB))]).unwrap();
    let part = attachments.open_part(hash, 3 * MIB as u64).unwrap();
    for index in 0..3 {
        take(&part, index, &content);
    }
    attachments.finish_part(hash, &outline(&content)).unwrap();
    assert!(matches!(attachments.whereabouts(hash), Whereabouts::Here(held) if held.size == 3 * MIB as u64));
    let fault = attachments.open_part(FileHash([9; 32]), 4 * MIB as u64).unwrap_err();
    assert!(fault.to_string().contains("keeps at most 4 MiB"), "{fault}");
}

#[test]
fn a_file_that_nobody_wants_any_more_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let content = bytes(2 * MIB, 7);
    let attachments = open(&folder);
    let hash = outline(&content).root();
    attachments.want(vec![(hash, want(content.len()))]).unwrap();
    let part = attachments.open_part(hash, content.len() as u64).unwrap();
    take(&part, 0, &content);
    attachments.unwant(hash).unwrap();
    take(&part, 1, &content);
    attachments.finish_part(hash, &outline(&content)).unwrap();
    assert_eq!(attachments.whereabouts(hash), Whereabouts::Absent);
    assert!(attachments.strays().is_empty());
    assert_eq!(open(&folder).usage().bytes, 0);
}
