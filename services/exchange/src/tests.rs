//! Tests of the whole crate through its public functions.

mod archive;
mod batch;
mod cases;
mod computed;
mod files;
mod history;
mod identifiers;
mod records;
mod refusals;
mod round_trip;

use crate::{Cells, File};

/// A valid record of each file, as (column, cell); other cells are empty.
pub(crate) fn sample(file: File) -> Vec<(&'static str, &'static str)> {
    match file {
        File::Institutions => vec![
            ("institution_code", "313491000232"),
            ("name", "郑州银行安阳分行"),
            ("kind", "bank"),
            ("legal_person_uscc", "91410502MA3X00010T"),
            ("legal_person_name", "郑州银行"),
            ("division_code", "410502"),
        ],
        File::Enterprises => vec![
            ("uscc", "91410502MA3X00029P"),
            ("name", "安阳某某科技有限公司"),
            ("division_code", "410502"),
            ("registered_from", "2015-01-01"),
        ],
        File::Patents => vec![
            ("patent_no", "201610123456.6"),
            ("title", "一种装置"),
            ("granted_on", "2018-04-03"),
        ],
        File::PatentOwners => {
            vec![
                ("patent_no", "201610123456.6"),
                ("holder", "张三"),
                ("role", "owner"),
                ("valid_from", "2018-04-03"),
            ]
        }
        File::Awards => vec![
            ("patent_no", "201610123456.6"),
            ("level", "national"),
            ("award_name", "中国专利奖"),
            ("awarded_on", "2020-07-01"),
        ],
        File::Exclusions => vec![
            ("subject", "91410502MA3X00029P"),
            ("grade", "exclude"),
            ("valid_from", "2024-01-01"),
        ],
        File::OtherAwards => vec![
            ("beneficiary_uscc", "91410502MA3X00029P"),
            ("measure", "loan_subsidy"),
            ("reference", "HT-1"),
            ("level", "county"),
            ("amount", "5000"),
            ("awarded_on", "2025-06-01"),
        ],
        File::Decisions => vec![
            ("institution_code", "313491000232"),
            ("reference", "HT-1"),
            ("code", "PLEDGE_DOUBLE"),
            ("decision", "accept"),
            ("decided_on", "2026-01-15"),
            ("reason", "在先登记已注销，系统未同步"),
        ],
        reported => reported_sample(reported),
    }
}

/// The same for the files that institutions report.
fn reported_sample(file: File) -> Vec<(&'static str, &'static str)> {
    match file {
        File::Pledges => vec![
            ("institution_code", "313491000232"),
            ("pledge_no", "Y2025980000001"),
            ("pledgor_uscc", "91410502MA3X00029P"),
            ("pledgee_uscc", "91410502MA3X00010T"),
            ("registered_on", "2025-02-01"),
            ("patents", "201610123456.6"),
        ],
        File::Loans => vec![
            ("institution_code", "313491000232"),
            ("contract_no", "HT-1"),
            ("borrower_uscc", "91410502MA3X00029P"),
            ("contract_amount", "3000000"),
            ("signed_on", "2025-02-01"),
            ("revolving", "false"),
            ("collateral", "patent"),
        ],
        File::LoanEvents => vec![
            ("institution_code", "313491000232"),
            ("contract_no", "HT-1"),
            ("event_no", "1"),
            ("kind", "draw"),
            ("occurred_at", "2025-02-03T10:00:00+08:00"),
            ("amount", "3000000.00"),
        ],
        File::Policies => vec![
            ("institution_code", "000002410500"),
            ("policy_no", "BD-1"),
            ("product", "enforcement"),
            ("policyholder_uscc", "91410502MA3X00029P"),
            ("cover_from", "2025-01-01"),
            ("cover_to", "2025-12-31"),
        ],
        File::PolicyPatents => {
            vec![
                ("institution_code", "000002410500"),
                ("policy_no", "BD-1"),
                ("patent_no", "201610123456.6"),
            ]
        }
        File::PremiumEvents => vec![
            ("institution_code", "000002410500"),
            ("policy_no", "BD-1"),
            ("event_no", "1"),
            ("kind", "payment"),
            ("occurred_on", "2025-01-05"),
            ("amount", "10000"),
        ],
        bureau => panic!("{bureau:?} is the bureau's"),
    }
}

/// The sample's cells with some of them changed.
pub(crate) fn cells(file: File, changes: &[(&'static str, &str)]) -> Cells {
    let mut cells = Cells::new(file);
    for (column, text) in sample(file) {
        cells.set(column, text).unwrap();
    }
    for (column, text) in changes {
        cells.set(column, *text).unwrap();
    }
    cells
}
