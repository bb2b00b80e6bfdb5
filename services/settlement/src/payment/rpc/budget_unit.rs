//! Reading the codes of a budget unit: what every voucher prints.

use api::settlement::v1 as pb;
use exchange::table;
use platform::error::FieldViolation;

use crate::error::Error;

/// The unit that a request states, with its texts in normal form C.
///
/// # Errors
/// Every code that is missing, too long or holds what nobody can see: they are kept together and printed in the voucher file.
pub(super) fn unit_of(body: &pb::SetBudgetUnitRequest) -> Result<pb::BudgetUnit, Error> {
    let mut unit = body.budget_unit.clone().unwrap_or_default();
    let fields: [(&str, bool, &mut String); 18] = [
        ("sup_dep_code", false, &mut unit.sup_dep_code),
        ("agency_code", true, &mut unit.agency_code),
        ("agency_name", true, &mut unit.agency_name),
        ("fund_type_code", false, &mut unit.fund_type_code),
        ("bgt_type_code", false, &mut unit.bgt_type_code),
        ("pay_type_code", false, &mut unit.pay_type_code),
        ("pro_cat_code", false, &mut unit.pro_cat_code),
        ("exp_func_code", false, &mut unit.exp_func_code),
        ("gov_exp_eco_code", false, &mut unit.gov_exp_eco_code),
        ("dep_exp_eco_code", false, &mut unit.dep_exp_eco_code),
        ("dep_pro_code", false, &mut unit.dep_pro_code),
        ("set_mode_code", false, &mut unit.set_mode_code),
        ("pay_bank_code", false, &mut unit.pay_bank_code),
        ("pay_acct_no", true, &mut unit.pay_acct_no),
        ("pay_acct_name", true, &mut unit.pay_acct_name),
        ("pay_acct_bank_name", false, &mut unit.pay_acct_bank_name),
        ("pay_summary_code", false, &mut unit.pay_summary_code),
        ("vt_code", true, &mut unit.vt_code),
    ];
    let mut wrong = Vec::new();
    for (name, is_required, text) in fields {
        let (code, zh, en) = match table::text(text) {
            Ok(plain) if !plain.is_empty() || !is_required => {
                *text = plain;
                continue;
            }
            Ok(_) => ("CELL_REQUIRED", "必填项为空", "a required field is empty"),
            Err(code) => (code.as_str(), code.zh(), code.en()),
        };
        wrong.push(FieldViolation {
            field: format!("budget_unit.{name}"),
            code,
            zh: zh.to_owned(),
            en: en.to_owned(),
        });
    }
    if wrong.is_empty() {
        Ok(unit)
    } else {
        Err(ledger::Error::Invalid(wrong).into())
    }
}
