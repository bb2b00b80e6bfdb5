//! Hostile files against the real program, with its memory limited.

use zhirong_tests::hostile::{self, Outcome};

/// How this binary is started to read as the twin.
const TWIN: &[&str] = &[
    "hostile::the_twin_that_reads_a_whole_range",
    "--exact",
    "--ignored",
];

#[test]
fn every_hostile_file_is_refused_by_its_name_in_bounded_memory_and_the_naive_reader_dies() {
    let outcome = hostile::all(TWIN);
    assert_eq!(outcome.wrong, Vec::<String>::new());
    assert_eq!(outcome.refused, outcome.files);
    assert!(outcome.twin_died);
    let Outcome {
        files,
        peak_bytes,
        base_kib,
        ..
    } = outcome;
    println!(
        "{files} files, at most {peak_bytes} bytes resident, {base_kib} KiB of address space to begin with"
    );
}

#[test]
#[ignore = "a child of the test above, which it ends without memory"]
fn the_twin_that_reads_a_whole_range() {
    hostile::read_as_the_twin();
}
