use super::cells;
use crate::row::Key;
use crate::{Allow, Cells, Fact, File, RefusalCode, Row, content_digest, parse_row, print_row};

fn read(file: File, changes: &[(&'static str, &str)]) -> Row {
    parse_row(file, &cells(file, changes), &Allow::default())
        .unwrap()
        .0
}

fn printed(row: &Row, column: &str) -> String {
    Cells::from_values(row.file, print_row(row))
        .get(column)
        .to_owned()
}

#[test]
fn the_columns_of_the_tables_and_of_the_closed_lists_agree() {
    use policy::facts::{
        AwardLevel, Collateral, EndReason, ExclusionGrade, HolderRole, InstitutionKind, LoanEventKind,
        OtherLevel, OtherMeasure, PremiumEventKind, Product, Verdict,
    };
    let words = |file: File, name| match file.column(name).unwrap().kind {
        crate::Kind::Word(words) => words.to_vec(),
        other => panic!("{name} is {other:?}"),
    };
    macro_rules! same {
        ($($file:ident $column:literal $list:ident),+ $(,)?) => {
            $(assert_eq!(words(File::$file, $column), $list::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());)+
        };
    }
    same!(
        Institutions "kind" InstitutionKind, Patents "end_reason" EndReason, PatentOwners "role" HolderRole, Awards "level" AwardLevel,
        Exclusions "grade" ExclusionGrade, Loans "collateral" Collateral, LoanEvents "kind" LoanEventKind, Policies "product" Product,
        PremiumEvents "kind" PremiumEventKind, OtherAwards "measure" OtherMeasure, OtherAwards "level" OtherLevel,
        Decisions "decision" Verdict,
    );
}

#[test]
fn every_file_prints_its_columns_and_its_key_in_their_order() {
    for file in File::ALL {
        let row = read(*file, &[]);
        let printed = print_row(&row);
        assert_eq!(printed.len(), file.columns().len());
        let keys: Vec<_> = file
            .columns()
            .iter()
            .zip(&printed)
            .filter(|(column, _)| column.key)
            .map(|(_, cell)| cell.as_str())
            .collect();
        assert_eq!(row.key.cells().collect::<Vec<_>>(), keys, "{file:?}");
        assert_eq!(row.key, Key::of_cells(keys));
        let last: Vec<_> = file
            .columns()
            .iter()
            .rev()
            .take(2)
            .map(|column| column.name)
            .collect();
        assert_eq!(last, ["withdrawn", "revision"]);
        assert_eq!(row.content.as_ref().map(Fact::file), Some(*file));
    }
}

#[test]
fn dates_instants_and_amounts_are_printed_in_one_form() {
    let dated = |text| printed(&read(File::Loans, &[("signed_on", text)]), "signed_on");
    assert_eq!(
        [
            dated("2018-04-03"),
            dated("2018/4/3"),
            dated("2018年4月3日"),
            dated("２０１８／０４／０３")
        ],
        ["2018-04-03"; 4]
    );
    let at = |text| printed(&read(File::LoanEvents, &[("occurred_at", text)]), "occurred_at");
    assert_eq!(at("2025-12-31T16:00:00Z"), "2026-01-01T00:00:00+08:00");
    assert_eq!(at("2025-12-31t16:00:00.5z"), "2026-01-01T00:00:00.500+08:00");
    assert_eq!(
        at("2025-12-31T16:00:00.000001-00:30"),
        "2026-01-01T00:30:00.000001+08:00"
    );
    assert_eq!(at("2025-12-31T23:59:00+23:59"), "2025-12-31T08:00:00+08:00");
    assert_eq!(at("2025-12-31T00:00:00-23:59"), "2026-01-01T07:59:00+08:00");
    assert_eq!(at("2025/12/31"), "2025-12-31T00:00:00+08:00");
    let amount = |text| {
        printed(
            &read(File::Loans, &[("contract_amount", text)]),
            "contract_amount",
        )
    };
    assert_eq!(
        [amount("150000"), amount("150000.0"), amount(" 000150000.00 ")],
        ["150000.00"; 3]
    );
    let share = |text| {
        printed(
            &read(File::Loans, &[("collateral", "mixed"), ("patent_share", text)]),
            "patent_share",
        )
    };
    assert_eq!(
        [share("0.50"), share("1"), share("1.000"), share("0")],
        ["0.5", "1", "1", "0"]
    );
}

#[test]
fn offsets_of_a_day_and_characters_of_a_tag_are_refused() {
    let refused = |file, column, text: &str| {
        let refusals = parse_row(file, &cells(file, &[(column, text)]), &Allow::default()).unwrap_err();
        refusals[0].code
    };
    for offset in ["+24:00", "-24:00", "+08:60"] {
        let instant = format!("2025-02-03T10:00:00{offset}");
        assert_eq!(
            refused(File::LoanEvents, "occurred_at", &instant),
            RefusalCode::InstantMalformed
        );
    }
    for symbol in '\u{e0000}'..='\u{e007f}' {
        assert_eq!(
            refused(File::Patents, "title", &format!("a{symbol}b")),
            RefusalCode::TextControlCharacter
        );
    }
}

#[test]
fn words_and_identifiers_are_printed_in_one_form() {
    for (text, flag) in [
        ("TRUE", "true"),
        ("是", "true"),
        ("1", "true"),
        ("False", "false"),
        ("否", "false"),
        ("0", "false"),
    ] {
        assert_eq!(
            printed(&read(File::Loans, &[("revolving", text)]), "revolving"),
            flag
        );
    }
    let patents = "ZL201610123456.6； 2012105933 28X;201610123456.6;";
    assert_eq!(
        printed(&read(File::Pledges, &[("patents", patents)]), "patents"),
        "201210593328.X;201610123456.6"
    );
    assert_eq!(
        printed(
            &read(File::Loans, &[("contract_no", " ｈt（1） ")]),
            "contract_no"
        ),
        "ht(1)"
    );
    assert_eq!(
        printed(
            &read(File::Enterprises, &[("name", " 某某（安阳）e\u{301} ")]),
            "name"
        ),
        "某某（安阳）\u{e9}"
    );
    assert_eq!(
        printed(&read(File::Loans, &[("collateral", " Mixed ")]), "collateral"),
        "mixed"
    );
    assert_eq!(
        printed(
            &read(File::PatentOwners, &[("holder", "９1410502ma3x00029p")]),
            "holder"
        ),
        "91410502MA3X00029P"
    );
    assert_eq!(
        printed(
            &read(File::Exclusions, &[("subject", "ZL 201610123456.6")]),
            "subject"
        ),
        "201610123456.6"
    );
}

#[test]
fn a_decision_is_printed_in_one_form_and_states_a_value_where_one_is_decided() {
    let accepted = read(
        File::Decisions,
        &[
            ("code", " share＿unstated "),
            ("decision", "ACCEPT"),
            ("value", "0.60"),
        ],
    );
    let cells = ["code", "decision", "value"].map(|column| printed(&accepted, column));
    assert_eq!(cells, ["SHARE_UNSTATED", "accept", "0.6"]);
    // The code is part of the key: a contract has one decision a finding.
    let other = read(File::Decisions, &[("code", "LOAN_UPPER_MONEY")]);
    assert_ne!(accepted.key, other.key);
    assert_eq!(accepted.named_institution(), Some("313491000232"));
    assert_eq!(accepted.institution_code(), None);
}

#[test]
fn a_withdrawn_record_is_read_by_its_key_alone() {
    for file in File::ALL {
        let mut withdrawn = Cells::new(*file);
        for (column, text) in super::sample(*file) {
            let text = if file.column(column).unwrap().key {
                text
            } else {
                "\u{0}nonsense"
            };
            withdrawn.set(column, text).unwrap();
        }
        withdrawn.set("withdrawn", "是").unwrap();
        withdrawn.set("revision", "2").unwrap();
        let (row, _) = parse_row(*file, &withdrawn, &Allow::default()).unwrap();
        assert_eq!(
            (row.key.clone(), row.revision, row.content.clone()),
            (read(*file, &[]).key, 2, None)
        );
        let again = parse_row(
            *file,
            &Cells::from_values(*file, print_row(&row)),
            &Allow::default(),
        )
        .unwrap()
        .0;
        assert_eq!(again, row);
        withdrawn
            .set(file.key_columns().next().unwrap().name, "")
            .unwrap();
        assert_eq!(
            parse_row(*file, &withdrawn, &Allow::default()).unwrap_err().len(),
            1
        );
    }
}

#[test]
fn equal_content_after_normalisation_has_an_equal_digest() {
    let digest = |changes: &[(&'static str, &str)]| content_digest(&read(File::Loans, changes));
    assert_eq!(
        digest(&[]),
        digest(&[
            ("contract_amount", "3000000.00"),
            ("signed_on", "2025年2月1日"),
            ("revision", "7")
        ])
    );
    assert_ne!(digest(&[]), digest(&[("contract_amount", "3000000.01")]));
    assert_ne!(digest(&[("renewal_of", "x")]), digest(&[("syndicate_no", "x")]));
    let withdrawn = read(File::Loans, &[("withdrawn", "true")]);
    assert_ne!(content_digest(&withdrawn), digest(&[]));
}

#[test]
fn a_cell_of_an_unknown_column_is_an_error() {
    assert_eq!(
        Cells::new(File::Loans).set("colour", "red").unwrap_err().column,
        "colour"
    );
}
