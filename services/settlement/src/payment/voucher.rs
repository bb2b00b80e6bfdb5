//! Voucher files for the treasury (DA/T 95-2022, annex B.1): a workbook of text cells, and XML in GBK. The same vouchers give the same bytes.

use api::settlement::v1 as pb;
use chrono::{Datelike, NaiveDate};
use encoding_rs::GBK;
use ledger::Stamp;
use platform::sealing::Keyring;
use policy::money::Money;
use policy::money::upper::upper_case;
use prost::Message;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use sqlx::PgConnection;

use super::Error as PayError;
use super::account::Account;
use super::desk::{released, voucher_place, year_closed};
use super::model::{payment_name, purpose};
use super::store::book;
use super::store::voucher::{self, StoredVoucher};
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::business_date;

/// Vouchers that a wave holds at most, so that its file fits an answer.
pub(crate) const WAVE_MOST: i64 = 2_000;

/// A field of a voucher: the standard's name, its Chinese name, the text.
type Field = (&'static str, &'static str, String);

/// Exports what was prepared as a new wave; where nothing was, answers the wave asked for, or the last one.
pub(crate) async fn export(
    tx: &mut PgConnection,
    stamp: &Stamp,
    number: &BatchNo,
    asked: i32,
) -> Result<i32, Error> {
    released(tx, number).await?;
    let last = voucher::last_wave(tx, number).await?;
    let none = || {
        Error::from(PayError::VouchersNone {
            batch_no: number.to_string(),
        })
    };
    if asked != 0 {
        return if (1..=last).contains(&asked) {
            Ok(asked)
        } else {
            Err(none())
        };
    }
    let lines = voucher::unexported(tx, number, WAVE_MOST).await?;
    let Some(first) = lines.first() else {
        return if last > 0 { Ok(last) } else { Err(none()) };
    };
    let unit = voucher::budget_unit(tx, stamp.city.as_str(), None).await?;
    let (revision, _) = unit.ok_or(PayError::BudgetUnitMissing)?;
    let today = business_date::today(tx, stamp.city.as_str()).await?;
    let earlier = book::page(tx, number, first - 1, 1).await?.pop();
    let name = earlier.map_or_else(String::new, |payment| payment_name(number, payment.line_no));
    let moved = voucher::export(tx, number, &lines, (last + 1, today, revision))
        .await
        .map_err(|error| year_closed(error, &name, Some(today)))?;
    if usize::try_from(moved).ok() == Some(lines.len()) {
        Ok(last + 1)
    } else {
        Err(PayError::MovedMeanwhile {
            name: format!("batches/{number}"),
        }
        .into())
    }
}

/// A wave with the fields of its vouchers.
pub(crate) async fn wave(
    tx: &mut PgConnection,
    keys: &Keyring,
    number: &BatchNo,
    wave: i32,
) -> Result<(pb::VoucherWave, Vec<Vec<Field>>), Error> {
    let city = number.city.as_str();
    let stored = voucher::of_wave(tx, number, wave).await?;
    let revision = stored.first().and_then(|it| it.budget_revision);
    let (_, codes) = voucher::budget_unit(tx, city, revision)
        .await?
        .ok_or(PayError::BudgetUnitMissing)?;
    let unit = pb::BudgetUnit::decode(codes.as_slice()).unwrap_or_default();
    let mut rows = Vec::with_capacity(stored.len());
    for it in &stored {
        let account = Account::open(keys, &it.key_id, &it.sealed, &voucher_place(city, &it.voucher_no))?;
        rows.push(fields(number, &unit, it, &account));
    }
    let sum = Money::sum(stored.iter().map(|it| Money::from_fen(it.amount_fen)));
    let sum = sum.map_err(|error| ledger::Error::from(policy::engine::EngineError::from(error)))?;
    let about = pb::VoucherWave {
        wave,
        vouchers_count: i64::try_from(stored.len()).unwrap_or(i64::MAX),
        amount: Some(api::convert::money(sum)),
        voucher_on: stored
            .first()
            .and_then(|it| it.voucher_on)
            .map(api::convert::date),
    };
    Ok((about, rows))
}

fn fields(number: &BatchNo, unit: &pb::BudgetUnit, it: &StoredVoucher, account: &Account) -> Vec<Field> {
    let day = it.voucher_on.unwrap_or_default();
    let amount = Money::from_fen(it.amount_fen);
    let text = |text: &str| text.to_owned();
    vec![
        ("Id", "唯一标识", it.voucher_no.clone()),
        ("AdmDivCode", "行政区划代码", number.city.division_text()),
        ("StYear", "业务年度", day.year().to_string()),
        ("VtCode", "凭证类型编号", text(&unit.vt_code)),
        ("VouDate", "凭证日期", day.format("%Y%m%d").to_string()),
        ("VoucherNo", "凭证号", it.voucher_no.clone()),
        ("FundTypeCode", "资金性质编码", text(&unit.fund_type_code)),
        ("BgtTypeCode", "预算类型编码", text(&unit.bgt_type_code)),
        ("PayTypeCode", "支付方式编码", text(&unit.pay_type_code)),
        ("ProCatCode", "收支管理编码", text(&unit.pro_cat_code)),
        ("SupDepCode", "一级预算单位编码", text(&unit.sup_dep_code)),
        ("AgencyCode", "基层预算单位编码", text(&unit.agency_code)),
        ("AgencyName", "基层预算单位名称", text(&unit.agency_name)),
        ("ExpFuncCode", "支出功能分类科目编码", text(&unit.exp_func_code)),
        (
            "GovExpEcoCode",
            "政府预算支出经济分类编码",
            text(&unit.gov_exp_eco_code),
        ),
        (
            "DepExpEcoCode",
            "部门预算支出经济分类编码",
            text(&unit.dep_exp_eco_code),
        ),
        ("DepProCode", "预算项目编码", text(&unit.dep_pro_code)),
        ("SetModeCode", "结算方式编码", text(&unit.set_mode_code)),
        ("PayBankCode", "代理银行编码", text(&unit.pay_bank_code)),
        ("PayAcctNo", "付款人账号", text(&unit.pay_acct_no)),
        ("PayAcctName", "付款人名称", text(&unit.pay_acct_name)),
        ("PayAcctBankName", "付款人银行", text(&unit.pay_acct_bank_name)),
        ("PayeeAcctNo", "收款人账号", text(&account.number)),
        ("PayeeAcctName", "收款人名称", text(&account.name)),
        ("PayeeAcctBankName", "收款人银行", text(&account.bank_name)),
        ("PayeeAcctBankNo", "收款人银行行号", text(&account.cnaps)),
        ("PaySummaryCode", "用途编码", text(&unit.pay_summary_code)),
        (
            "PaySummaryName",
            "用途名称",
            purpose(number, &it.measure, it.line_no),
        ),
        ("PayAmt", "支付金额", amount.to_string()),
        ("PayAmtUpper", "支付金额大写", upper_case(amount)),
        (
            "TrackingID",
            "追踪标识",
            format!("{number}-{}-{}", it.line_no, it.attempt),
        ),
    ]
}

/// The file of a wave.
pub(crate) fn file(
    format: pb::VoucherFormat,
    number: &BatchNo,
    about: &pb::VoucherWave,
    rows: &[Vec<Field>],
) -> Result<(String, Vec<u8>), PayError> {
    let stem = format!("vouchers-{number}-{:02}", about.wave);
    let day = rows
        .first()
        .and_then(|fields| fields.iter().find(|field| field.0 == "VouDate"))
        .and_then(|field| NaiveDate::parse_from_str(&field.2, "%Y%m%d").ok())
        .unwrap_or_default();
    if format == pb::VoucherFormat::Xml {
        Ok((format!("{stem}.xml"), xml(rows)?))
    } else {
        let bytes = workbook(rows, day).map_err(|error| PayError::FileNotWritten {
            what: error.to_string(),
        })?;
        Ok((format!("{stem}.xlsx"), bytes))
    }
}

/// A workbook of one sheet: names, Chinese names, then a voucher a row; every cell is text. Its date is that of the vouchers.
fn workbook(rows: &[Vec<Field>], day: NaiveDate) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let year = u16::try_from(day.year()).unwrap_or(1900);
    let made = ExcelDateTime::from_ymd(
        year,
        u8::try_from(day.month()).unwrap_or(1),
        u8::try_from(day.day()).unwrap_or(1),
    )?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let text = Format::new().set_num_format("@");
    let sheet = workbook.add_worksheet();
    sheet.set_name("vouchers")?;
    for (fields, row) in rows.iter().zip(2_u32..) {
        for ((name, zh, cell), column) in fields.iter().zip(0_u16..) {
            if row == 2 {
                sheet.write_string_with_format(0, column, *name, &text)?;
                sheet.write_string_with_format(1, column, *zh, &text)?;
            }
            sheet.write_string_with_format(row, column, cell, &text)?;
        }
    }
    workbook.save_to_buffer()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// XML in GBK. A character that GBK does not know is refused by name: a stand-in would be another payee.
fn xml(rows: &[Vec<Field>]) -> Result<Vec<u8>, PayError> {
    let mut text = "<?xml version=\"1.0\" encoding=\"GBK\"?>\r\n<MOF>\r\n".to_owned();
    text.push_str(&format!("  <VoucherCount>{}</VoucherCount>\r\n", rows.len()));
    for fields in rows {
        let voucher_no = fields.first().map_or("", |field| field.2.as_str());
        text.push_str("  <Voucher>\r\n");
        for (name, _, cell) in fields {
            let unknown = cell
                .chars()
                .find(|symbol| GBK.encode(symbol.encode_utf8(&mut [0; 4])).2);
            if let Some(character) = unknown {
                return Err(PayError::NotInGbk {
                    voucher_no: voucher_no.to_owned(),
                    character,
                });
            }
            text.push_str(&format!("    <{name}>{}</{name}>\r\n", escaped(cell)));
        }
        text.push_str("  </Voucher>\r\n");
    }
    text.push_str("</MOF>\r\n");
    Ok(GBK.encode(&text).0.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> Vec<Field> {
        vec![
            ("Id", "唯一标识", "202500100000701".to_owned()),
            ("VouDate", "凭证日期", "20260301".to_owned()),
            ("PayeeAcctName", "收款人名称", name.to_owned()),
        ]
    }

    #[test]
    fn xml_is_gbk_escaped_and_refuses_what_gbk_does_not_know() {
        let bytes = xml(&[row("甲<乙>&\"丙\"'有限公司")]).unwrap();
        let (text, encoding, is_wrong) = GBK.decode(&bytes);
        assert!(!is_wrong && encoding == GBK);
        assert!(
            text.contains("<PayeeAcctName>甲&lt;乙&gt;&amp;&quot;丙&quot;&apos;有限公司</PayeeAcctName>"),
            "{text}"
        );
        assert!(std::str::from_utf8(&bytes).is_err());
        // 𠮷 lies outside the characters of GBK.
        let refused = xml(&[row("𠮷林公司")]).unwrap_err();
        assert!(
            matches!(
                refused,
                PayError::NotInGbk {
                    character: '𠮷', ..
                }
            ),
            "{refused}"
        );
    }

    #[test]
    fn a_workbook_is_the_same_bytes_each_time() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let first = workbook(&[row("甲")], day).unwrap();
        assert_eq!(first, workbook(&[row("甲")], day).unwrap());
        assert_ne!(first, workbook(&[row("乙")], day).unwrap());
        assert!(first.starts_with(b"PK"));
    }
}
