//! Templates: what they hold is what is read.

use exchange::{File, Grid, GridRow, Kind};

use super::books::canonical;
use crate::{Limits, example, meaning, read, template};

#[test]
fn a_template_is_read_as_its_files_without_rows() {
    let bytes = template(&[]).unwrap();
    let grids = read(&bytes, &Limits::default()).unwrap();
    let files: Vec<File> = grids.iter().map(|grid| grid.file).collect();
    assert_eq!(files, File::ALL);
    for grid in &grids {
        let chinese: Vec<&str> = grid.file.columns().iter().map(|column| column.zh).collect();
        assert_eq!(grid.header, chinese);
        assert_eq!(grid.rows, []);
        assert_eq!(canonical(grid), Vec::<Vec<String>>::new());
    }
    let two = template(&[File::Loans, File::LoanEvents]).unwrap();
    assert_eq!(read(&two, &Limits::default()).unwrap().len(), 2);
    assert_eq!(two, template(&[File::Loans, File::LoanEvents]).unwrap());
}

#[test]
fn every_column_has_a_meaning_and_the_examples_can_be_imported() {
    for file in File::ALL {
        let columns = file.columns();
        for column in columns {
            let (zh, en) = meaning(*file, column);
            assert!(
                !zh.is_empty() && !en.is_empty(),
                "{} {}",
                file.as_str(),
                column.name
            );
            assert!(
                !column.key || !example(*file, column).is_empty(),
                "{} {}",
                file.as_str(),
                column.name
            );
        }
        let grid = Grid {
            file: *file,
            title: file.zh().to_owned(),
            header_row: 1,
            header: columns.iter().map(|column| column.zh.to_owned()).collect(),
            rows: vec![GridRow {
                number: 2,
                cells: columns
                    .iter()
                    .map(|column| example(*file, column).to_owned())
                    .collect(),
                faults: Vec::new(),
            }],
        };
        assert_eq!(canonical(&grid).len(), 1, "{}", file.as_str());
    }
}

#[test]
fn closed_lists_fit_a_drop_down() {
    for column in File::ALL.iter().flat_map(|file| file.columns()) {
        let Kind::Word(list) = column.kind else { continue };
        let words: Vec<&str> = list.iter().map(|word| exchange::words::zh(word)).collect();
        assert!(words.join(",").chars().count() <= 255, "{}", column.name);
        assert!(words.iter().all(|word| !word.contains(',')), "{}", column.name);
    }
}
