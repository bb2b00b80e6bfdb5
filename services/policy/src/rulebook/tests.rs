use super::*;

fn broken(from: &str, to: &str) -> RulebookError {
    assert!(ANYANG_2018_9.contains(from), "the text to break is there: {from}");
    Rulebook::load(&ANYANG_2018_9.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn the_shipped_rulebook_loads_and_holds_the_default_readings() {
    let rulebook = Rulebook::load(ANYANG_2018_9).unwrap();
    let year = PolicyYear::new(2025).unwrap();
    let revision = rulebook.revision_of(year).unwrap();
    assert_eq!(revision.readings, Readings::default());
    let approved: Vec<&str> = revision.approvals.iter().map(|one| one.id.as_str()).collect();
    let read: Vec<&str> = revision.readings.list().iter().map(|(id, _)| *id).collect();
    assert_eq!(approved, read);
    assert!(
        revision
            .approvals
            .iter()
            .all(|one| one.reference == "未经批复，缺省读法")
    );
    assert_eq!(
        rulebook
            .revision_of(PolicyYear::new(2017).unwrap())
            .unwrap_err()
            .reason(),
        "YEAR_WITHOUT_RULEBOOK"
    );
}

#[test]
fn every_way_to_break_it_is_refused_by_name() {
    let gap = broken(
        "from = { value = \"3000000.00\"",
        "from = { value = \"3000000.01\"",
    );
    assert_eq!(gap.reason(), "POLICY_TIERS_BROKEN");
    assert_eq!(
        broken("to_inclusive = true", "to_inclusive = false").reason(),
        "POLICY_TIERS_BROKEN"
    );
    assert_eq!(
        broken("to_inclusive = false", "to_inclusive = true").reason(),
        "POLICY_TIERS_BROKEN"
    );
    assert_eq!(
        broken("clause = \"A8.2\"", "clause = \"A8.2\"\nnew_key = 1").reason(),
        "POLICY_MALFORMED"
    );
    assert_eq!(
        broken("source = \"给予5万元补助\"", "source = \"\"").reason(),
        "POLICY_VALUE_WITHOUT_SOURCE"
    );
    assert_eq!(
        broken("value = \"0.01\"", "value = \"1e-2\"").reason(),
        "POLICY_VALUE_INVALID"
    );
    assert_eq!(
        broken("value = \"WORD\"", "value = \"MAYBE\"").reason(),
        "READING_NOT_SUPPORTED"
    );
    assert_eq!(
        broken("valid_from = 2018-01-01", "valid_from = 2018-02-21").reason(),
        "POLICY_VALIDITY_BROKEN"
    );
    assert_eq!(broken("R15 = {", "R99 = {").reason(), "READING_NOT_SUPPORTED");
    let lines: String = ANYANG_2018_9
        .lines()
        .filter(|line| !line.starts_with("R15"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        Rulebook::load(&lines).unwrap_err().reason(),
        "POLICY_READING_MISSING"
    );
}

#[test]
fn the_edges_belong_where_the_reading_says() {
    let rulebook = Rulebook::load(ANYANG_2018_9).unwrap();
    let tiers = &rulebook
        .revision_of(PolicyYear::new(2025).unwrap())
        .unwrap()
        .loan_subsidy;
    let amounts = |boundary| {
        [
            "2999999.99",
            "3000000.00",
            "3000000.01",
            "5999999.99",
            "6000000.00",
            "6000000.01",
        ]
        .map(|base| {
            tiers
                .tier_of(Money::parse_yuan(base).unwrap(), boundary)
                .unwrap()
                .amount
                .fen()
                / 1_000_000
        })
    };
    assert_eq!(amounts(Boundary::Word), [5, 5, 10, 10, 15, 15]);
    assert_eq!(amounts(Boundary::High), [5, 10, 10, 10, 15, 15]);
    assert_eq!(amounts(Boundary::Low), [5, 5, 10, 10, 10, 15]);
}

#[test]
fn the_shipped_thresholds_of_the_review_are_the_defaults() {
    let rulebook = Rulebook::load(ANYANG_2018_9).unwrap();
    assert_eq!(rulebook.review, ReviewThresholds::default());
    let (without, _) = ANYANG_2018_9.split_once("[review]").unwrap();
    let read = Rulebook::load(without).unwrap();
    let text = rulebook.text.clone();
    assert_eq!(Rulebook { text, ..read }, rulebook);
    let one = "[review]\ntiny_loan = { value = \"5.00\", article = \"(八)\", source = \"市局\" }";
    let stated = Rulebook::load(&format!("{without}{one}")).unwrap().review;
    let expected = ReviewThresholds {
        tiny_loan: Money::from_fen(500),
        ..ReviewThresholds::default()
    };
    assert_eq!(stated, expected);
}

#[test]
fn every_broken_threshold_is_refused_by_name() {
    let refused = |key: &str, value: &str| {
        let (without, _) = ANYANG_2018_9.split_once("[review]").unwrap();
        let row = format!("{key} = {{ value = \"{value}\", article = \"(八)\", source = \"市局\" }}");
        Rulebook::load(&format!("{without}[review]\n{row}")).unwrap_err()
    };
    for (key, value) in [
        ("splitting_days", "-1"),
        ("splitting_days", "3661"),
        ("splitting_contracts", "+3"),
        ("quick_repayment_days", ""),
        ("premium_times", "1.5"),
        ("tiny_loan", "1e5"),
        ("unit_high", "-1.00"),
        ("decorative_share", "1.1"),
        ("refund_share", "50%"),
    ] {
        let name = format!("review.{key}");
        assert_eq!(refused(key, value), RulebookError::InvalidValue(name), "{value}");
    }
    assert_eq!(refused("tiny_loans", "5").reason(), "POLICY_MALFORMED");
    let unsourced = broken("source = \"本系统缺省：保费超过保额的20%\"", "source = \"\"");
    assert_eq!(
        unsourced,
        RulebookError::WithoutSource("review.premium_share".to_owned())
    );
}

#[test]
fn the_procedure_has_defaults_and_refuses_broken_values_by_name() {
    let text = |table: &str| {
        let (before, rest) = ANYANG_2018_9.split_once("[procedure]").unwrap();
        let (_, after) = rest.split_once("[[revision]]").unwrap();
        format!("{before}{table}\n[[revision]]{after}")
    };
    let procedure = |table: &str| Rulebook::load(&text(table)).map(|rulebook| rulebook.procedure);
    assert_eq!(procedure(""), Ok(Procedure::default()));
    assert_eq!(
        Rulebook::load(ANYANG_2018_9).unwrap().procedure,
        Procedure::default()
    );
    assert_eq!(
        procedure("[procedure]\nnotice_working_days = 7\nlate_window_days = 0\nnegative = \"recovery\""),
        Ok(Procedure {
            notice_working_days: 7,
            late_window_days: Some(0),
            negative: Negative::Recovery,
        })
    );
    // The ends of both ranges are taken.
    for (notice, window) in [(60, 3660), (1, 0)] {
        let stated = procedure(&format!(
            "[procedure]\nnotice_working_days = {notice}\nlate_window_days = {window}"
        ))
        .unwrap();
        let read = (stated.notice_working_days, stated.late_window_days);
        assert_eq!(read, (notice, Some(window)));
    }
    for (name, value) in [
        ("notice_working_days", "0"),
        ("notice_working_days", "61"),
        ("late_window_days", "-1"),
        ("late_window_days", "3661"),
        ("negative", "\"ignore\""),
    ] {
        let refused = procedure(&format!("[procedure]\n{name} = {value}"));
        let expected = RulebookError::InvalidValue(format!("procedure.{name}"));
        assert_eq!(refused, Err(expected), "{name} = {value}");
    }
    let unknown = procedure("[procedure]\nnotice_days = 5").unwrap_err();
    assert_eq!(unknown.reason(), "POLICY_MALFORMED");
}
