//! The archive of a batch: bytes that follow from the files alone.

use std::collections::BTreeMap;

use crate::archive::{Archive, ArchiveError, read};
use crate::digest::sha256_hex;

fn files() -> BTreeMap<String, Vec<u8>> {
    [
        ("receipt.json", "{}\n"),
        ("facts/loans.csv", "\u{feff}institution_code\r\n知融\r\n"),
        ("lines.csv", "123456789"),
        ("empty.csv", ""),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into()
}

fn bytes(archive: &Archive, offset: u64, most: usize) -> Vec<u8> {
    archive.chunks(offset, most).flatten().copied().collect()
}

#[test]
fn an_archive_reads_back_and_is_the_same_whenever_it_is_made() {
    let archive = Archive::of(files()).unwrap();
    let whole = bytes(&archive, 0, 64);
    assert_eq!(u64::try_from(whole.len()).unwrap(), archive.size());
    assert_eq!(sha256_hex(&whole), archive.sha256());
    // A change of this digest breaks the promise that a batch pulled again is the same bytes for ever.
    assert_eq!(
        archive.sha256(),
        "42e181a7f37b992b514c1d1fb6145a310ef2a1b043d15bcfb1ba17af157f7170"
    );
    let contents = read(&whole).unwrap();
    assert_eq!((contents.files, contents.differs_at), (files(), None));
    // The CRC-32 of "123456789" is the check value of every catalogue: CBF43926.
    let crc = 0xCBF4_3926_u32.to_le_bytes();
    assert_eq!(whole.windows(4).filter(|window| *window == crc).count(), 2);
}

#[test]
fn an_archive_goes_on_from_every_offset() {
    let archive = Archive::of(files()).unwrap();
    let whole = bytes(&archive, 0, usize::MAX);
    for offset in 0..=whole.len() + 1 {
        let rest = bytes(&archive, u64::try_from(offset).unwrap(), 7);
        assert_eq!(rest, whole.get(offset..).unwrap_or_default(), "{offset}");
    }
}

#[test]
fn every_byte_that_is_changed_dropped_or_added_is_noticed() {
    let archive = Archive::of(files()).unwrap();
    let whole = bytes(&archive, 0, usize::MAX);
    let is_noticed = |mutant: &[u8]| {
        read(mutant).map_or(true, |contents| {
            contents.differs_at.is_some() || contents.files != files()
        })
    };
    assert!(!is_noticed(&whole));
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut mutant = whole.clone();
            mutant[place] ^= 1 << bit;
            assert!(is_noticed(&mutant), "byte {place} bit {bit}");
        }
        let mut dropped = whole.clone();
        dropped.remove(place);
        assert!(is_noticed(&dropped), "byte {place} dropped");
        assert!(is_noticed(&whole[..place]), "cut at {place}");
    }
    assert!(is_noticed(&[&whole[..], b"x"].concat()));
    assert_eq!(read(b"PK").unwrap_err(), ArchiveError::Unreadable(0));
}
