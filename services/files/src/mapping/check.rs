//! Everything that is wrong with a mapping, in one answer.

use std::collections::BTreeSet;

use api::files::v1 as pb;
use exchange::{Column, File, Kind, Owner};
use platform::error::FieldViolation;

/// Characters of a mapping's name.
const NAME_MOST: usize = 64;
/// Characters of a header, a word or a constant.
const TEXT_MOST: usize = 200;
/// The last row that may hold the headers.
const HEADER_ROW_MOST: i32 = 100;
/// Words of one column.
const TRANSLATIONS_MOST: usize = 500;

/// The violations found so far.
#[derive(Default)]
struct Wrong(Vec<FieldViolation>);

impl Wrong {
    fn add(&mut self, field: impl Into<String>, code: &'static str, zh: &str, en: &str) {
        self.0.push(FieldViolation {
            field: field.into(),
            code,
            zh: zh.to_owned(),
            en: en.to_owned(),
        });
    }

    fn text(&mut self, field: String, text: &str) {
        let length = text.trim().chars().count();
        if length == 0 {
            self.add(field, "CELL_REQUIRED", "必填项为空", "a required text is empty");
        } else if length > TEXT_MOST || exchange::table::text(text).is_err() {
            self.add(
                field,
                "MAPPING_TEXT",
                "文字过长或含控制字符、不可见字符",
                "the text is too long or holds a control or an invisible character",
            );
        }
    }
}

/// Every bad field of a mapping; none where it can be saved. `fills_institution`: the caller's own code stands where no column gives it.
pub(crate) fn check(mapping: &pb::ColumnMapping, fills_institution: bool) -> Vec<FieldViolation> {
    let mut wrong = Wrong::default();
    let name = mapping.name.trim();
    // A name is compared as it was written: another normal form would be another name that looks the same.
    let is_plain = exchange::table::text(name).is_ok_and(|plain| plain == name);
    if name.is_empty() || name.chars().count() > NAME_MOST || !is_plain {
        let (zh, en) = (
            "名称应为 1 至 64 个字符（NFC），不含控制字符、不可见字符",
            "a name has 1 to 64 characters in normal form C, none a control or invisible character",
        );
        wrong.add("mapping.name", "MAPPING_NAME", zh, en);
    }
    if !mapping.sheet.trim().is_empty() {
        wrong.text("mapping.sheet".to_owned(), &mapping.sheet);
    }
    if !(0..=HEADER_ROW_MOST).contains(&mapping.header_row) {
        let (zh, en) = (
            "表头行应在 1 至 100 之间",
            "the row of the headers lies between 1 and 100",
        );
        wrong.add("mapping.header_row", "MAPPING_HEADER_ROW", zh, en);
    }
    if pb::TextEncoding::try_from(mapping.encoding).is_err() {
        wrong.add(
            "mapping.encoding",
            "MAPPING_ENCODING",
            "不认识的编码",
            "the encoding is unknown",
        );
    }
    match File::parse(mapping.file.trim()) {
        Some(file) => columns(&mut wrong, mapping, file, fills_institution),
        None => {
            wrong.add(
                "mapping.file",
                "MAPPING_FILE_UNKNOWN",
                "不是规定的文件",
                "not a file of the contract",
            );
            // Which columns there are nobody knows, but what is no text is none in any file.
            for (mapped, place) in mapping.columns.iter().zip(0..) {
                wrong.text(format!("mapping.columns[{place}].header"), &mapped.header);
            }
        }
    }
    wrong.0
}

fn columns(wrong: &mut Wrong, mapping: &pb::ColumnMapping, file: File, fills_institution: bool) {
    let mut given: BTreeSet<&str> = BTreeSet::new();
    let mut headers: BTreeSet<String> = BTreeSet::new();
    for (mapped, place) in mapping.columns.iter().zip(0..) {
        let field = |name: &str| format!("mapping.columns[{place}].{name}");
        wrong.text(field("header"), &mapped.header);
        if !headers.insert(exchange::folded(&mapped.header).into_owned()) {
            let (zh, en) = ("表头重复", "the header appears twice");
            wrong.add(field("header"), "MAPPING_HEADER_TWICE", zh, en);
        }
        match column(wrong, file, &mapped.column, field("column")) {
            Some(column) => {
                once(wrong, &mut given, column, field("column"));
                of_kind(wrong, mapped, column, &field);
            }
            None => continue,
        }
    }
    for (cell, place) in mapping.constants.iter().zip(0..) {
        let field = |name: &str| format!("mapping.constants[{place}].{name}");
        wrong.text(field("value"), &cell.value);
        if let Some(column) = column(wrong, file, &cell.column, field("column")) {
            once(wrong, &mut given, column, field("column"));
        }
    }
    let fills = |column: &Column| {
        fills_institution && file.owner() == Owner::Institution && column.name == "institution_code"
    };
    for column in file.columns().iter().filter(|column| column.required_cell) {
        if !given.contains(column.name) && !fills(column) {
            let zh = format!("缺少必需的列 {}（{}）", column.name, column.zh);
            let en = format!("the required column {} is missing", column.name);
            wrong.add("mapping.columns", "MAPPING_COLUMN_MISSING", &zh, &en);
        }
    }
}

fn column(wrong: &mut Wrong, file: File, name: &str, field: String) -> Option<&'static Column> {
    let found = file.column(name.trim());
    if found.is_none() {
        let zh = format!("{} 没有列 {name}", file.as_str());
        let en = format!("{} has no column {name}", file.as_str());
        wrong.add(field, "MAPPING_COLUMN_UNKNOWN", &zh, &en);
    }
    found
}

fn once(wrong: &mut Wrong, given: &mut BTreeSet<&str>, column: &'static Column, field: String) {
    if !given.insert(column.name) {
        wrong.add(field, "MAPPING_COLUMN_TWICE", "列重复", "a column is given twice");
    }
}

/// Units belong to amounts and date forms to days; words are not empty and not given twice.
fn of_kind(wrong: &mut Wrong, mapped: &pb::MappedColumn, column: &Column, field: &dyn Fn(&str) -> String) {
    let is_amount = column.kind == Kind::Money;
    let is_day = matches!(column.kind, Kind::Date | Kind::Instant);
    match pb::AmountUnit::try_from(mapped.unit) {
        Ok(pb::AmountUnit::Unspecified) => {}
        Ok(_) if is_amount => {}
        _ => wrong.add(
            field("unit"),
            "MAPPING_UNIT_OF_NO_AMOUNT",
            "只有金额列有单位：元或万元",
            "only an amount has a unit: yuan or 万元",
        ),
    }
    match pb::DateForm::try_from(mapped.date_form) {
        Ok(pb::DateForm::Unspecified) => {}
        Ok(_) if is_day => {}
        _ => wrong.add(
            field("date_form"),
            "MAPPING_DATE_FORM_OF_NO_DATE",
            "只有日期列有日期格式",
            "only a column of days has a date form",
        ),
    }
    if mapped.translations.len() > TRANSLATIONS_MOST {
        wrong.add(
            field("translations"),
            "MAPPING_TEXT",
            "取值对照最多 500 条",
            "a column has at most 500 translations",
        );
        return;
    }
    let mut from: BTreeSet<&str> = BTreeSet::new();
    for (word, place) in mapped.translations.iter().zip(0..) {
        wrong.text(field(&format!("translations[{place}].from")), &word.from);
        wrong.text(field(&format!("translations[{place}].to")), &word.to);
        if !from.insert(word.from.as_str()) {
            let name = field(&format!("translations[{place}].from"));
            wrong.add(
                name,
                "MAPPING_VALUE_TWICE",
                "取值重复",
                "the value is translated twice",
            );
        }
    }
}
