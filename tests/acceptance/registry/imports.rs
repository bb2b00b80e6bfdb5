//! The import stream of the bureau's files.

use api::common::v1::Verdict;
use exchange::File;
use zhirong_tests::import::{Line, registry};
use zhirong_tests::sandbox::shared;
use zhirong_tests::{ids, run};

#[test]
fn import_registry_stores_good_rows_and_names_what_is_wrong_with_the_others() {
    run(async {
        let sandbox = shared().await;
        let (good, number) = (ids::enterprise(ids::fresh()), ids::fresh());
        let wrong_check = format!("{}A", &good[..17]);
        let enterprise = |uscc: &str, name: &str| {
            let cells = [
                ("uscc", uscc),
                ("name", name),
                ("division_code", "410502"),
                ("registered_from", "2010-01-01"),
            ];
            Line::new(File::Enterprises, &cells)
        };
        let mut lines = vec![
            enterprise(&good, "甲"),
            enterprise(&wrong_check, "乙"),
            enterprise(&good, "甲"),
            enterprise(&good, "丙"),
            Line::new(
                File::Patents,
                &[("patent_no", &ids::invention(number)), ("title", "样例")],
            ),
            Line::new(File::Loans, &[("institution_code", "x"), ("contract_no", "y")]),
        ];
        for (line, row) in lines.iter_mut().zip(2..) {
            line.row = row;
        }
        let imported = registry(&sandbox.client("bureau"), &lines).await;
        let verdicts: Vec<Verdict> = imported
            .verdicts
            .iter()
            .map(|verdict| verdict.verdict())
            .collect();
        use Verdict::{Refused, Stored, Unchanged};
        assert_eq!(verdicts, [Stored, Refused, Unchanged, Refused, Stored, Refused]);
        let refusals: Vec<(i32, &str, &str)> = imported
            .verdicts
            .iter()
            .flat_map(|verdict| &verdict.refusals)
            .map(|refusal| (refusal.row, refusal.column.as_str(), refusal.code.as_str()))
            .collect();
        let expected = [
            (3, "uscc", "USCC_CHECK_DIGIT"),
            (5, "revision", "REVISION_CONFLICT"),
            (7, "", "FILE_UNKNOWN"),
        ];
        assert_eq!(refusals, expected);
        assert!(
            imported
                .verdicts
                .iter()
                .flat_map(|verdict| &verdict.refusals)
                .all(|one| !one.zh.is_ascii() && one.en.is_ascii())
        );
        let summary = &imported.summary;
        assert_eq!(
            (summary.rows, summary.stored, summary.unchanged, summary.refused),
            (6, 2, 1, 3)
        );

        // The whole import again: what was stored is unchanged, what was refused is refused.
        let again = registry(&sandbox.client("bureau"), &lines).await;
        assert_eq!(
            (
                again.summary.stored,
                again.summary.unchanged,
                again.summary.refused
            ),
            (0, 3, 3)
        );
    });
}
