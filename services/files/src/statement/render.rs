//! A statement as a file: one table of everything for CSV, a sheet a part for a workbook.
//!
//! In the table the column 金额 adds up: an account's opening and the effects of its entries are its closing.

use chrono::{DateTime, SecondsFormat, Utc};
use exchange::csv_out::write_figures;
use policy::date::beijing;
use policy::money::Money;
use rust_xlsxwriter::{Format, Workbook, Worksheet};

use super::issued::{Issued, name_of};
use super::model::{Account, Balance, Entry};
use crate::error::Error;

/// A sheet: its name, its headers, its rows.
type Sheet<'a> = (&'a str, &'a [&'a str], Vec<Vec<String>>);

/// Columns of the table; those that hold text of the reporter's own making are guarded against being taken for formulas.
const TABLE: [&str; 15] = [
    "部分 section",
    "科目 kind",
    "序号 number",
    "记录时间 recorded_at",
    "记录 name",
    "修订号 revision",
    "变动 change",
    "发生日 occurred_on",
    "补报 late",
    "代报 on_behalf",
    "原流水号 reverses",
    "变动前 before",
    "变动后 after",
    "笔数 records",
    "金额 amount",
];
const FREE: [usize; 2] = [4, 10];

const SUMMARY: [&str; 9] = [
    "科目 kind",
    "期初笔数 opening_records",
    "期初金额 opening_amount",
    "变动 change",
    "变动笔次 entries",
    "笔数增减 records",
    "金额增减 amount",
    "期末笔数 closing_records",
    "期末金额 closing_amount",
];

const SETTLED: [&str; 7] = [
    "批次 batch_no",
    "放行时间 released_at",
    "行号 line_no",
    "年度 policy_year",
    "项目 measure",
    "机构 item",
    "金额 amount",
];

/// CSV in UTF-8 with a byte order mark.
///
/// # Errors
/// A sum beyond the range of amounts.
pub(crate) fn csv(issued: &Issued) -> Result<Vec<u8>, Error> {
    Ok(write_figures(&TABLE, &table(issued)?, &FREE))
}

/// CSV in GB18030, which old spreadsheet programs and core systems expect.
///
/// # Errors
/// As [`csv`].
pub(crate) fn csv_gb18030(issued: &Issued) -> Result<Vec<u8>, Error> {
    Ok(crate::text::gb18030(&csv(issued)?))
}

/// A workbook: totals, entries, settled lines. Amounts are text cells, so that no program rounds them.
///
/// # Errors
/// As [`csv`], and where the workbook cannot be written.
pub(crate) fn xlsx(issued: &Issued) -> Result<Vec<u8>, Error> {
    let mut workbook = Workbook::new();
    let head = Format::new().set_bold();
    let sheets: [Sheet<'_>; 3] = [
        ("汇总", &SUMMARY, summary(issued)?),
        ("明细", &TABLE, table(issued)?),
        ("已结算", &SETTLED, settled(issued)?),
    ];
    for (name, header, rows) in sheets {
        let sheet = workbook.add_worksheet().set_name(name)?;
        write_sheet(sheet, &head, header, &rows)?;
    }
    Ok(workbook.save_to_buffer()?)
}

fn write_sheet(
    sheet: &mut Worksheet,
    head: &Format,
    header: &[&str],
    rows: &[Vec<String>],
) -> Result<(), Error> {
    for (text, column) in header.iter().zip(0..) {
        sheet.write_string_with_format(0, column, *text, head)?;
        sheet.set_column_width(column, 18)?;
    }
    for (row, number) in rows.iter().zip(1..) {
        for (text, column) in row.iter().zip(0..) {
            sheet.write_string(number, column, text)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

fn time(instant: DateTime<Utc>) -> String {
    instant
        .with_timezone(&beijing())
        .to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn word(zh: &str, en: &str) -> String {
    format!("{zh} {en}")
}

fn kind(account: Account) -> String {
    word(account.zh(), account.kind())
}

fn yes(is: bool) -> String {
    if is {
        word("是", "true")
    } else {
        word("否", "false")
    }
}

/// A row of the table that states an amount and nothing of an entry.
fn plain(section: String, account: String, records: String, amount: Money) -> Vec<String> {
    let mut row = vec![String::new(); TABLE.len()];
    for (place, text) in [
        (0, section),
        (1, account),
        (13, records),
        (14, amount.to_string()),
    ] {
        if let Some(cell) = row.get_mut(place) {
            *cell = text;
        }
    }
    row
}

fn entry_row(entry: &Entry, number: usize) -> Vec<String> {
    let records = i64::from(!entry.after.is_zero()) - i64::from(!entry.before.is_zero());
    vec![
        word("明细", "entry"),
        entry.account.map(kind).unwrap_or_default(),
        number.to_string(),
        time(entry.recorded_at),
        name_of(&entry.key),
        entry.revision.to_string(),
        word(entry.change.zh(), entry.change.as_str()),
        entry.occurred_on.map(|day| day.to_string()).unwrap_or_default(),
        yes(entry.late),
        yes(entry.on_behalf),
        entry.reverses.clone(),
        entry.before.to_string(),
        entry.after.to_string(),
        records.to_string(),
        entry.effect.to_string(),
    ]
}

fn table(issued: &Issued) -> Result<Vec<Vec<String>>, Error> {
    let statement = &issued.statement;
    let balances = |section: (&str, &str), of: fn(&super::Movements) -> Balance| -> Vec<Vec<String>> {
        let rows = statement.accounts.iter().map(|(account, movements)| {
            let balance = of(movements);
            let section = word(section.0, section.1);
            plain(
                section,
                kind(*account),
                balance.records.to_string(),
                balance.amount,
            )
        });
        rows.collect()
    };
    let net = statement.net()?;
    let mut rows = balances(("期初", "opening"), |movements| movements.opening);
    rows.extend(
        statement
            .entries
            .iter()
            .zip(1..)
            .map(|(entry, number)| entry_row(entry, number)),
    );
    rows.extend(balances(("期末", "closing"), |movements| movements.closing));
    let named = |zh: &str, en: &str, amount| plain(word(zh, en), String::new(), String::new(), amount);
    rows.push(named("期初净额", "net_opening", net.opening));
    rows.push(named("期末净额", "net_closing", net.closing));
    rows.push(named("本月已结算", "settled", issued.settled_total()?));
    Ok(rows)
}

fn summary(issued: &Issued) -> Result<Vec<Vec<String>>, Error> {
    let mut rows = Vec::new();
    for (account, movements) in &issued.statement.accounts {
        let first = [
            kind(*account),
            movements.opening.records.to_string(),
            movements.opening.amount.to_string(),
        ];
        let last = [
            movements.closing.records.to_string(),
            movements.closing.amount.to_string(),
        ];
        let mut moved: Vec<[String; 4]> = movements
            .by_change
            .iter()
            .map(|(change, (entries, moved))| {
                let name = word(change.zh(), change.as_str());
                [
                    name,
                    entries.to_string(),
                    moved.records.to_string(),
                    moved.amount.to_string(),
                ]
            })
            .collect();
        if moved.is_empty() {
            moved.push(Default::default());
        }
        rows.extend(moved.into_iter().map(|middle| {
            let row = first.iter().chain(&middle).chain(&last);
            row.cloned().collect::<Vec<_>>()
        }));
    }
    let net = issued.statement.net()?;
    let mut row = vec![String::new(); SUMMARY.len()];
    for (place, text) in [
        (0, word("净额", "net")),
        (2, net.opening.to_string()),
        (6, net.closing.minus(net.opening)?.to_string()),
        (8, net.closing.to_string()),
    ] {
        if let Some(cell) = row.get_mut(place) {
            *cell = text;
        }
    }
    rows.push(row);
    let state = if issued.is_final {
        word("已结", "final")
    } else {
        word("未结，截至", "open, as of")
    };
    let title = format!(
        "{} {} {state} {}",
        issued.institution,
        issued.statement.month,
        time(issued.as_of)
    );
    rows.push(vec![title]);
    Ok(rows)
}

fn settled(issued: &Issued) -> Result<Vec<Vec<String>>, Error> {
    let mut rows: Vec<Vec<String>> = issued
        .released
        .iter()
        .map(|line| {
            vec![
                issued.batch_no(line),
                time(line.released_at),
                line.line_no.to_string(),
                line.policy_year.to_string(),
                line.measure.clone(),
                line.item.clone(),
                Money::from_fen(line.amount_fen).to_string(),
            ]
        })
        .collect();
    let mut total = vec![String::new(); SETTLED.len() - 1];
    total.push(issued.settled_total()?.to_string());
    rows.push(total);
    Ok(rows)
}
