//! What to do about a refusal, in a sentence for whoever filled the file in.

use api::common::v1 as common;
use exchange::{File, Refusal, RefusalCode};

/// What to do, in Chinese and English.
pub(super) const fn hint(code: RefusalCode) -> (&'static str, &'static str) {
    use RefusalCode as Code;
    match code {
        Code::CellRequired | Code::PledgePatentsEmpty => ("请填写该单元格", "fill the cell in"),
        Code::AmountMalformed | Code::AmountPlaces | Code::AmountOutOfRange | Code::AmountNotExact => (
            "以元为单位按文本填写，如 1500000.00",
            "type the amount in yuan as text, such as 1500000.00",
        ),
        Code::AmountPlacesWan => (
            "以万元计最多六位小数，如 150.25",
            "in 万元 use at most six places, such as 150.25",
        ),
        Code::AmountZero => (
            "填写大于零的金额；冲正、退费也填正数",
            "state an amount above 0, also for a reversal or refund",
        ),
        Code::DateMalformed | Code::DateInvalid | Code::DateOutOfRange | Code::DateWithTime => {
            ("按 2026-03-01 填写日期", "write the day as 2026-03-01")
        }
        Code::InstantMalformed
        | Code::InstantInvalid
        | Code::InstantWithoutOffset
        | Code::InstantTooPrecise => (
            "按 2026-03-01T09:30:00+08:00 填写，或只填日期",
            "write 2026-03-01T09:30:00+08:00, or the day alone",
        ),
        Code::UsccMalformed | Code::UsccCheckDigit => (
            "对照营业执照核对 18 位统一社会信用代码",
            "compare the 18 symbols with the business licence",
        ),
        Code::PatentMalformed | Code::PatentCheckDigit | Code::PatentIsPublicationNumber => (
            "对照专利证书填写申请号，含校验位，如 201610123456.6",
            "copy the application number with its check digit, such as 201610123456.6",
        ),
        Code::PledgeMalformed => (
            "对照质押登记通知书填写登记号",
            "copy the number of the pledge registration notice",
        ),
        Code::InstitutionCodeMalformed | Code::CnapsCheckDigit => (
            "填写主管部门登记的机构代码（银行为 12 位支付系统行号）",
            "use the code the bureau registered; a bank's has 12 digits",
        ),
        Code::InstitutionNotRegistered => (
            "请主管部门先登记该机构",
            "ask the bureau to register the institution first",
        ),
        Code::InstitutionWithdrawn => (
            "登记已撤销，请联系主管部门",
            "its registration is withdrawn: ask the bureau",
        ),
        Code::OtherInstitution => (
            "删除该行，或改为本机构代码",
            "delete the row, or use your own code",
        ),
        Code::NotTheBureau => (
            "删除该表，由主管部门报送",
            "delete this table; the bureau reports it",
        ),
        _ => of_row(code),
    }
}

/// What to do about what is wrong with a row, a word or a file.
const fn of_row(code: RefusalCode) -> (&'static str, &'static str) {
    use RefusalCode as Code;
    match code {
        Code::RevisionConflict => (
            "更正时把修订号加 1；没有更正就删除该行",
            "raise the revision by 1 to correct it, or delete the row",
        ),
        Code::RevisionMalformed => ("填写从 1 开始的整数，或留空", "a whole number from 1, or empty"),
        Code::WordUnknown | Code::ValueNotMapped => (
            "从模板的下拉列表选择；用列映射时补上该取值",
            "choose from the template's list; with a mapping, add this value to it",
        ),
        Code::ShareMalformed | Code::ShareOutOfRange => (
            "填写 0 与 1 之间的小数，如 0.6",
            "a decimal between 0 and 1, such as 0.6",
        ),
        Code::ShareNotAllowed => (
            "组合担保以外不填专利占比",
            "leave the share empty unless the collateral is mixed",
        ),
        Code::BoolMalformed => ("填写 是 或 否", "write true or false"),
        Code::PeriodReversed => ("核对起止日期", "compare the first and the last day"),
        Code::ReversesRequired => (
            "填写被冲正或被退的原流水号",
            "name the event that is reversed or refunded",
        ),
        Code::ReversesNotAllowed | Code::ReversesItself => (
            "原流水号只用于冲正和退费，且不是本行",
            "only a reversal or refund names another event",
        ),
        Code::NumberInCodeCell | Code::ScientificNotation => (
            "把该列设为文本格式，重新填写完整编号",
            "format the column as text and type the whole code again",
        ),
        Code::CellNotCorrected => (
            "删去 ⚠ 标记，填写正确的值",
            "remove the ⚠ mark and type the right value",
        ),
        Code::FormulaInCell | Code::CellIsError => {
            ("选择性粘贴为数值", "paste the value in place of the formula")
        }
        Code::CellTypeWrong => (
            "把单元格设为文本后重新填写",
            "format the cell as text and type it again",
        ),
        Code::ColumnUnknown | Code::ColumnMissing | Code::ColumnDuplicate | Code::RowCellCount => (
            "对照模板核对表头和列数",
            "compare the headers and columns with the template",
        ),
        Code::ReferenceMalformed
        | Code::SubjectMalformed
        | Code::TextTooLong
        | Code::TextControlCharacter => (
            "去掉特殊字符，缩短后重新填写",
            "remove special characters, shorten it and type it again",
        ),
        Code::DivisionMalformed => ("填写 6 位行政区划代码", "a division code has six digits"),
        Code::FindingUnknown | Code::DecisionValueRequired | Code::DecisionValueNotAllowed => (
            "对照 zhirong codes 的提示代码填写",
            "see the finding codes that zhirong codes prints",
        ),
        // What is left is the file itself.
        _ => ("核对文件后重新上传", "check the file and send it again"),
    }
}

/// The refusal of a message; none where its code or column is not one of the contract's.
pub(super) fn refusal_of(file: File, message: &common::Refusal) -> Option<Refusal> {
    Some(Refusal {
        file,
        row: u32::try_from(message.row).ok(),
        column: file.column(&message.column).map(|column| column.name),
        code: RefusalCode::parse(&message.code)?,
        zh: message.zh.clone().into(),
        en: message.en.clone().into(),
    })
}
