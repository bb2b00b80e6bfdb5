//! The README shows the figures of the last runs as they are kept, and nothing else.

use zhirong_tests::last_run::{COMMANDS, kept, with_table};

use crate::source::text;

#[test]
fn the_readme_shows_the_figures_that_are_kept() {
    let readme = text("README.md");
    let kept = COMMANDS.map(|command| (command, kept(command)));
    let table = with_table(&readme, &kept).expect("README.md has the marks of the table");
    assert!(table == readme, "run `cargo xtask figures`");
    // The twin: a figure that was altered by hand.
    let mut altered = kept.clone();
    if let Some(line) = altered.iter_mut().flat_map(|(_, lines)| lines).next() {
        line["value"] = serde_json::json!("better");
        assert_ne!(with_table(&readme, &altered).as_ref(), Some(&readme));
    }
}
