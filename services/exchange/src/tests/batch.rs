use std::collections::BTreeMap;

use crate::batch::{
    AuditHeadRow, BatchError, FindingRow, LineRow, ReadingRow, Receipt, ReceiptSignature, SettledRow,
};
use crate::digest::{facts_digest, hex, sha256_hex, unhex};

fn line() -> LineRow {
    LineRow {
        batch_no: "410500-2025-001".into(),
        line_no: "1".into(),
        policy_year: "2025".into(),
        measure: "loan_subsidy".into(),
        beneficiary: "91410502MA3X00029P".into(),
        beneficiary_name: "=安阳,某某".into(),
        item: "-1/2".into(),
        base_amount: "3000000.00".into(),
        entitled: "100000.00".into(),
        settled_before: "150000.00".into(),
        amount: "-50000.00".into(),
        clause: "x".into(),
        ..LineRow::default()
    }
}

#[test]
fn lines_findings_and_settled_positions_read_back() {
    let bytes = LineRow::to_csv(&[line()]);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.starts_with("\u{FEFF}batch_no,line_no,policy_year,measure,beneficiary,beneficiary_name,item,base_amount,entitled,settled_before,amount,limited_by,clause,rule_revision\r\n"));
    assert!(text.contains(",\"'=安阳,某某\",'-1/2,3000000.00,100000.00,150000.00,-50000.00,"));
    assert_eq!(LineRow::from_csv(&bytes).unwrap(), [line()]);
    assert_eq!(LineRow::from_csv(&LineRow::to_csv(&[])).unwrap(), []);
    let finding = FindingRow {
        code: "C".into(),
        message: "甲\n乙".into(),
        ..FindingRow::default()
    };
    assert_eq!(
        FindingRow::from_csv(&FindingRow::to_csv(std::slice::from_ref(&finding))).unwrap(),
        [finding]
    );
    let settled = SettledRow {
        policy_year: "2025".into(),
        settled: "-1.00".into(),
        ..SettledRow::default()
    };
    assert!(
        String::from_utf8(SettledRow::to_csv(std::slice::from_ref(&settled)))
            .unwrap()
            .ends_with("2025,,,,-1.00\r\n")
    );
    assert_eq!(
        SettledRow::from_csv(&SettledRow::to_csv(std::slice::from_ref(&settled))).unwrap(),
        [settled]
    );
    assert!(matches!(
        SettledRow::from_csv(&bytes),
        Err(BatchError::Header("settled.csv"))
    ));
    assert!(matches!(SettledRow::from_csv(b""), Err(BatchError::Header(_))));
    assert!(matches!(
        SettledRow::from_csv(b"policy_year,measure,beneficiary,item,settled\n1,2"),
        Err(BatchError::Row { row: 2, .. })
    ));
}

fn receipt() -> Receipt {
    Receipt {
        batch_no: "410500-2025-001".into(),
        city: "410500".into(),
        year: 2025,
        as_of: "2026-03-31".into(),
        cut_off: 1,
        decided_cut_off: None,
        rule_revision: "anyang-2018-9".into(),
        readings: vec![ReadingRow {
            id: "R1".into(),
            value: "DEFAULT".into(),
            approval: String::new(),
        }],
        engine_version: "0.1.0".into(),
        line_count: 1,
        line_sum: "-50000.00".into(),
        facts_digest: "f".into(),
        policy_digest: "p".into(),
        settled_digest: "s".into(),
        lines_digest: "l".into(),
        findings_digest: "g".into(),
        explanations_digest: "e".into(),
        conditions: None,
        audit_heads: Vec::new(),
        previous_digest: None,
        batch_digest: String::new(),
        signature: None,
    }
}

fn signature() -> ReceiptSignature {
    ReceiptSignature {
        algorithm: "ECDSA-P256-SHA256".into(),
        key_id: "k".into(),
        public_key: "p".into(),
        user_id: None,
        encoding: "der".into(),
        signature: "s".into(),
    }
}

#[test]
fn a_signature_covers_the_canonical_receipt_with_its_batch_digest() {
    let sealed = receipt().seal();
    let bytes = sealed.signed_bytes().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.starts_with("{\"batch_no\":\"410500-2025-001\",\"city\":"));
    assert!(text.ends_with(&format!("\"batch_digest\":\"{}\"}}", sealed.batch_digest)));
    let signed = Receipt {
        signature: Some(signature()),
        ..sealed.clone()
    };
    assert_eq!(signed.signed_bytes().unwrap(), bytes);
    assert_eq!(signed.compute_digest(), sealed.batch_digest);
    let json = String::from_utf8(signed.to_json()).unwrap();
    assert!(!json.contains("user_id"));
    assert_eq!(Receipt::from_json(json.as_bytes()).unwrap(), signed);
    // A field that this version does not know may change what was signed.
    let more = json.replacen("\"key_id\"", "\"counter\": \"x\", \"key_id\"", 1);
    assert!(Receipt::from_json(more.as_bytes()).is_err());
}

#[test]
fn the_batch_digest_covers_every_field_but_itself_and_the_signature() {
    let sealed = receipt().seal();
    assert!(sealed.is_sealed() && !receipt().is_sealed());
    assert_eq!(Receipt::from_json(&sealed.to_json()).unwrap(), sealed);
    let text = String::from_utf8(sealed.to_json()).unwrap();
    assert!(!text.contains("signature"));
    let signed = Receipt {
        signature: Some(signature()),
        ..sealed.clone()
    };
    assert!(signed.is_sealed() && Receipt::from_json(&signed.to_json()).unwrap().is_sealed());
    assert!(
        !Receipt {
            line_sum: "0.00".into(),
            ..sealed.clone()
        }
        .is_sealed()
    );
    assert!(
        !Receipt {
            previous_digest: Some(String::new()),
            ..sealed
        }
        .is_sealed()
    );
    assert!(Receipt::from_json(text.replacen("{", "{\"more\":1,", 1).as_bytes()).is_err());
}

#[test]
fn hexadecimal_reads_back() {
    let bytes: Vec<u8> = (0..=255).collect();
    let text = hex(&bytes);
    assert_eq!(unhex(&text), Some(bytes.clone()));
    assert_eq!(unhex(&text.to_uppercase()), Some(bytes));
    assert_eq!(unhex(""), Some(Vec::new()));
    for wrong in ["0", "0g", "+1", "中", "0x", "１１"] {
        assert_eq!(unhex(wrong), None, "{wrong}");
    }
}

#[test]
fn digests_are_sha256_in_hexadecimal() {
    assert_eq!(
        sha256_hex(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    let files = BTreeMap::from([
        ("b.csv".to_owned(), b"2".to_vec()),
        ("a.csv".to_owned(), b"1".to_vec()),
    ]);
    let by_hand = format!("a.csv\0{}\nb.csv\0{}\n", sha256_hex(b"1"), sha256_hex(b"2"));
    assert_eq!(facts_digest(&files), sha256_hex(by_hand.as_bytes()));
}

/// A receipt without heads is the one of before, byte for byte; one with heads holds them under its digest.
#[test]
fn audit_heads_are_part_of_the_digest_and_absent_where_there_are_none() {
    let bare = receipt().seal();
    assert!(!String::from_utf8(bare.to_json()).unwrap().contains("audit_heads"));
    let head = |chain_no| AuditHeadRow {
        stream: "finance".into(),
        chain_no,
        hash: "00".repeat(32),
    };
    let headed = Receipt {
        audit_heads: vec![head(7)],
        ..receipt()
    }
    .seal();
    assert_ne!(headed.batch_digest, bare.batch_digest);
    assert_eq!(Receipt::from_json(&headed.to_json()).unwrap(), headed);
    let forged = Receipt {
        audit_heads: vec![head(8)],
        ..headed
    };
    assert!(!forged.is_sealed());
}
