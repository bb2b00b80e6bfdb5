use crate::identifiers::{
    check_bank_code, cnaps_check, organisation_check, patent_check, read_institution_code, read_patent_no,
    read_pledge_no, read_uscc, uscc_check,
};
use crate::{Allow, RefusalCode};

const GOOD_CODES: &[&str] = &[
    "91110000101623741K",
    "911101066976941872",
    "91350100M000100Y43",
    "91410502MA3X00010T",
    "91410502MA3X00029P",
    "91410505MA3X000106",
    "91410505MA3X000293",
    "91410522MA3X00010R",
    "91410522MA3X00029N",
    "91410581MA3X000108",
    "91410581MA3X000295",
    "91411002MA3X00010D",
    "91411002MA3X00029A",
    "91411502MA3X000107",
    "91411502MA3X000294",
    "91210902MA3X000102",
    "91210902MA3X00029Y",
];

#[test]
fn credit_codes_pass_by_both_check_characters() {
    for code in GOOD_CODES {
        assert_eq!(read_uscc(code, &Allow::default()).unwrap().as_str(), *code);
    }
    for code in [
        "91110108772551611Y",
        "91310115MA1H8R7C6D",
        "91350211M0000XUF46",
        "91110000101623741J",
    ] {
        assert_eq!(
            read_uscc(code, &Allow::default()),
            Err(RefusalCode::UsccCheckDigit),
            "{code}"
        );
    }
    assert_eq!(uscc_check("91110108772551611"), Some('J'));
    assert_eq!(uscc_check("91310115MA1H8R7C6"), Some('7'));
    assert_eq!(uscc_check("91350211M0000XUF4"), Some('R'));
    assert_eq!(organisation_check("10162374"), Some('1'));
    for code in [
        "",
        "9111000010162374",
        "91110000101623741KK",
        "9111000010162374IK",
        "9.14105E+17",
    ] {
        assert_eq!(
            read_uscc(code, &Allow::default()),
            Err(RefusalCode::UsccMalformed),
            "{code}"
        );
    }
}

#[test]
fn an_inner_fault_is_found_where_the_outer_check_holds() {
    // The organisation code's own check character is off by one, and the outer one computed to fit.
    let wrong = "91410502MA3X00011";
    let code = format!("{wrong}{}", uscc_check(wrong).unwrap());
    assert_eq!(
        read_uscc(&code, &Allow::default()),
        Err(RefusalCode::UsccCheckDigit)
    );
}

#[test]
fn an_allowed_code_passes_and_stored_ones_are_not_looked_at_again() {
    let allow = Allow::codes(["91350211M0000XUF46".to_owned()]);
    assert!(read_uscc("91350211m0000xuf46", &allow).is_ok());
    assert!(read_uscc("91110108772551611Y", &allow).is_err());
    assert!(read_uscc("91110108772551611Y", &Allow::stored()).is_ok());
}

#[test]
fn credit_codes_are_trimmed_folded_and_upper_cased() {
    for text in [
        " 91410502ma3x00010t\t",
        "９１４１０５０２ＭＡ３Ｘ０００１０Ｔ",
        "\u{3000}91410502MA3X00010T\u{3000}",
    ] {
        assert_eq!(
            read_uscc(text, &Allow::default()).unwrap().as_str(),
            "91410502MA3X00010T",
            "{text}"
        );
    }
}

#[test]
fn patent_numbers_are_read_in_every_usual_form() {
    for number in [
        "201710601862.3",
        "201210593328.X",
        "202011156730.2",
        "201510148217.1",
        "95115608.X",
        "97101765.4",
        "201610123456.6",
        "202021234567.2",
        "202137654321.9",
        "201910000001.9",
        "201920000001.4",
        "201930000001.X",
        "202280000001.9",
        "202290000001.4",
    ] {
        assert_eq!(read_patent_no(number).unwrap().as_str(), number);
        let (digits, check) = number.split_once('.').unwrap();
        assert_eq!(patent_check(digits).unwrap().to_string(), check);
        for form in [
            format!("ZL{number}"),
            format!("CN{number}"),
            format!("{digits}{check}"),
            format!("zl {digits}.{}", check.to_lowercase()),
            format!("ZL {} {}", digits.split_at(4).0, number.split_at(4).1),
        ] {
            assert_eq!(read_patent_no(&form).unwrap().as_str(), number, "{form}");
        }
    }
    assert_eq!(
        read_patent_no("ＺＬ２０１７１０６０１８６２．３")
            .unwrap()
            .as_str(),
        "201710601862.3"
    );
    assert_eq!(read_patent_no("95115608x").unwrap().as_str(), "95115608.X");
}

#[test]
fn wrong_patent_numbers_are_told_apart() {
    for text in [
        "CN103323265B",
        "CN112272063B",
        "cn103323265b",
        "CN103323265",
        "103323265A",
        "CN2012345U",
    ] {
        assert_eq!(
            read_patent_no(text),
            Err(RefusalCode::PatentIsPublicationNumber),
            "{text}"
        );
    }
    for text in [
        "201610123456.7",
        "2016101234567",
        "95115608.1",
        "ZL201210593328.0",
    ] {
        assert_eq!(read_patent_no(text), Err(RefusalCode::PatentCheckDigit), "{text}");
    }
    for text in [
        "201610123456",
        "20161012345.6",
        "198410123456.6",
        "201640123456.6",
        "84115608.1",
        "abc",
        "201610123456.",
        "2.01610E+12",
        "2016101\t23456.6",
        "2016101\n23456.6",
        "2016101\u{2028}23456.6",
    ] {
        assert_eq!(read_patent_no(text), Err(RefusalCode::PatentMalformed), "{text}");
    }
}

#[test]
fn bank_numbers_end_in_their_check_digit() {
    for number in [
        "102100099996",
        "103100000026",
        "104100000004",
        "105100000017",
        "301290000007",
        "403100000004",
        "313491000232",
        "313229000008",
        "402491000026",
    ] {
        assert!(number.ends_with(cnaps_check(&number[..11]).unwrap()));
        assert_eq!(check_bank_code(&read_institution_code(number).unwrap()), Ok(()));
    }
    for number in ["103581000123", "104584003210", "105651001888", "104000000000"] {
        assert_eq!(
            check_bank_code(&read_institution_code(number).unwrap()),
            Err(RefusalCode::CnapsCheckDigit),
            "{number}"
        );
    }
    let other = read_institution_code("C1010211000012").unwrap();
    assert_eq!(
        check_bank_code(&other),
        Err(RefusalCode::InstitutionCodeMalformed)
    );
}

#[test]
fn pledge_numbers_have_one_form() {
    assert_eq!(
        read_pledge_no(" y2021980001234").unwrap().as_str(),
        "Y2021980001234"
    );
    assert_eq!(read_pledge_no("2015990000410").unwrap().as_str(), "2015990000410");
    for text in ["Y202198000123", "1999990000410", "X2021980001234", "2.01599E+12"] {
        assert_eq!(read_pledge_no(text), Err(RefusalCode::PledgeMalformed), "{text}");
    }
}
