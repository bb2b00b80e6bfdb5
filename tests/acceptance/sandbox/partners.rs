//! Each misbehaviour has exactly the answer and the finding that it should, and settles to the fen.

use serde_json::Value;
use zhirong_tests::command::{run, run_at};

use super::{City, line};

const ALL: &str = "late,duplicate,split,twice,reversed,wrong-unit";
const CHEMICALS: &str = "91410505MA3X92015R";
const FOOD: &str = "91410526MA3X920232";
const MATERIALS: &str = "91410502MA3X920314";
const MACHINES: &str = "91410506MA3X92058M";
const BANK: &str = "91410500MA3X09007K";

/// What each step of a deed was answered with.
fn answers(done: &Value, deed: &str) -> Vec<String> {
    let steps = done
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["deed"] == deed);
    steps
        .map(|step| step["answered"].as_str().unwrap().to_owned())
        .collect()
}

fn has(findings: &[(String, String)], code: &str, reference: &str) -> bool {
    findings
        .iter()
        .any(|(found, about)| found == code && about.contains(reference))
}

#[test]
fn a_bank_and_an_insurer_behave_well_then_badly() {
    zhirong_tests::run(async {
        let city = City::start();
        for kind in ["bank", "insurer"] {
            let good = city.json(&["partner", kind]).await;
            assert_eq!(answers(&good, "good"), ["STORED"]);
        }
        let first = city.settle("2025").await;
        assert_eq!(
            city.lines(&first).await,
            [
                line(["bank_incentive", BANK, "", "45000.00", "0.00", "45000.00"]),
                line(["loan_subsidy", CHEMICALS, "", "100000.00", "0.00", "100000.00"]),
                line([
                    "premium_subsidy",
                    CHEMICALS,
                    "BD-2025-1-1/202019900101.7",
                    "5000.00",
                    "0.00",
                    "5000.00"
                ]),
                line([
                    "premium_subsidy",
                    CHEMICALS,
                    "BD-2025-1-1/202029900102.7",
                    "4000.00",
                    "0.00",
                    "4000.00"
                ]),
            ]
        );
        let bank = city.json(&["partner", "bank", "--do", ALL]).await;
        check_answers(&bank);
        assert_eq!(answers(&bank, "twice"), ["STORED", "STORED"]);
        assert_eq!(answers(&bank, "split"), ["STORED", "STORED", "STORED", "STORED"]);
        assert_eq!(
            answers(&bank, "reversed"),
            ["STORED", "STORED", "STORED AMOUNT_UNIT_SUSPECT"]
        );
        let insurer = city.json(&["partner", "insurer", "--do", ALL]).await;
        check_answers(&insurer);
        let second = city.settle("2025").await;
        check_lines(&city.lines(&second).await);
        check_findings(&city.findings(&second).await);
        // The same run again stores nothing new, and says so.
        let again = city.json(&["partner", "bank", "--do", ALL]).await;
        assert_eq!(answers(&again, "late"), ["UNCHANGED"]);
        let third = city.settle("2025").await;
        assert!(city.lines(&third).await.is_empty());
        city.stop();
    });
}

/// What both partners are answered alike.
fn check_answers(done: &Value) {
    assert_eq!(answers(done, "good"), ["UNCHANGED"]);
    assert_eq!(answers(done, "late"), ["STORED"]);
    assert_eq!(
        answers(done, "duplicate"),
        [
            "UNCHANGED",
            "UNCHANGED",
            "UNCHANGED",
            "REQUEST_ID_REUSED",
            "REVISION_CONFLICT"
        ]
    );
    let wrong = answers(done, "wrong-unit");
    assert!(wrong[0].starts_with("STORED"), "{wrong:?}");
    assert_eq!(wrong[1], "AMOUNT_OUT_OF_RANGE");
}

fn check_lines(lines: &[[String; 6]]) {
    let expected = [
        // 6.5 million drawn, 10 million in four parts, 2 million once of the patent pledged twice, and the 450 yuan.
        line(["bank_incentive", BANK, "", "185004.50", "45000.00", "140004.50"]),
        line(["loan_subsidy", MATERIALS, "", "50000.00", "0.00", "50000.00"]),
        line([
            "loan_subsidy",
            CHEMICALS,
            "",
            "150000.00",
            "100000.00",
            "50000.00",
        ]),
        line(["loan_subsidy", MACHINES, "", "50000.00", "0.00", "50000.00"]),
        line(["loan_subsidy", FOOD, "", "150000.00", "0.00", "150000.00"]),
        line([
            "premium_subsidy",
            MATERIALS,
            "BD-2025-1-TWICE-1/202099900107.8",
            "4000.00",
            "0.00",
            "4000.00",
        ]),
        line([
            "premium_subsidy",
            CHEMICALS,
            "BD-2025-1-1/202019900101.7",
            "6000.00",
            "5000.00",
            "1000.00",
        ]),
        line([
            "premium_subsidy",
            CHEMICALS,
            "BD-2025-1-1/202029900102.7",
            "4800.00",
            "4000.00",
            "800.00",
        ]),
        // Pledged for the loan of 450 yuan, so in the full class.
        line([
            "premium_subsidy",
            MACHINES,
            "BD-2025-1-WAN/202029900111.6",
            "1.20",
            "0.00",
            "1.20",
        ]),
        line([
            "premium_subsidy",
            FOOD,
            "BD-2025-1-SPLIT/202039900103.7",
            "79.99",
            "0.00",
            "79.99",
        ]),
    ];
    assert_eq!(lines, expected);
}

fn check_findings(findings: &[(String, String)]) {
    for (code, reference) in [
        ("LOAN_SPLITTING", "HZ-2025-1-SPLIT-"),
        ("PLEDGE_DOUBLE", "HZ-2025-1-TWICE-2"),
        ("DRAW_OVER_REVERSED", "HZ-2025-1-REVERSED"),
        ("UNIT_SUSPECTED", "HZ-2025-1-WAN"),
        ("POLICY_SECOND", "BD-2025-1-TWICE-2"),
        ("PREMIUM_REFUNDED_LATE", "BD-2025-1-REVERSED"),
    ] {
        assert!(has(findings, code, reference), "{code} {reference}: {findings:?}");
    }
    // The twins: what was done once is found nowhere.
    assert!(!has(findings, "PLEDGE_DOUBLE", "HZ-2025-1-TWICE-1"));
    assert!(!has(findings, "POLICY_SECOND", "BD-2025-1-TWICE-1"));
    assert!(!has(findings, "LOAN_SPLITTING", "HZ-2025-1-TWICE"));
}

#[test]
fn a_partner_is_for_a_sandbox_only() {
    zhirong_tests::run(async {
        let place = zhirong_tests::sandbox::shared().await;
        let dir = platform::database::embedded::temporary_dir("zhirong-partner").unwrap();
        for name in ["ca.pem", "bureau.pem", "bureau.key"] {
            std::fs::copy(place.identity_dir().join(name), dir.join(name)).unwrap();
        }
        let identity = dir.to_str().unwrap();
        let refused = run(&["partner", "bank", "--server", place.url(), "--identity", identity])
            .await
            .ended(2);
        assert!(refused.err.contains("PARTNER_NEEDS_SANDBOX"), "{}", refused.err);
        let year = run_at(place, &["partner", "bank", "--year", "1999"])
            .await
            .ended(2);
        assert!(year.err.contains("YEAR_OUT_OF_RANGE"), "{}", year.err);
        std::fs::remove_dir_all(dir).unwrap();
    });
}
