//! Column mappings between message, stored text and the form that the workbook crate applies.

mod check;

use std::collections::BTreeMap;

use api::convert::timestamp;
use api::files::v1 as pb;
use workbook::Mapping;
use workbook::mapping::{DateForm, Encoding, MappedColumn, Unit};

use crate::error::Error;
use crate::store::mapping::StoredMapping;

pub(crate) use check::check;

/// What a resource name begins with.
const COLLECTION: &str = "columnMappings/";

/// The mapping of a message. What the message cannot state wrongly without being refused by [`check`] is taken as it is.
#[must_use]
pub fn mapping_of(message: &pb::ColumnMapping) -> Mapping {
    let column = |it: &pb::MappedColumn| MappedColumn {
        header: plain(&it.header),
        column: it.column.trim().to_owned(),
        unit: match it.unit() {
            pb::AmountUnit::WanYuan => Unit::WanYuan,
            pb::AmountUnit::Yuan | pb::AmountUnit::Unspecified => Unit::Yuan,
        },
        date_form: match it.date_form() {
            pb::DateForm::DayFirst => DateForm::DayFirst,
            pb::DateForm::MonthFirst => DateForm::MonthFirst,
            pb::DateForm::YearFirst | pb::DateForm::Unspecified => DateForm::YearFirst,
        },
        values: it
            .translations
            .iter()
            .map(|word| (plain(&word.from), plain(&word.to)))
            .collect(),
    };
    let sheet = plain(&message.sheet);
    Mapping {
        name: message.name.trim().to_owned(),
        file: message.file.trim().to_owned(),
        encoding: match message.encoding() {
            pb::TextEncoding::Utf8 => Encoding::Utf8,
            pb::TextEncoding::Gb18030 => Encoding::Gb18030,
            pb::TextEncoding::Unspecified => Encoding::Auto,
        },
        sheet: (!sheet.is_empty()).then_some(sheet),
        header_row: u32::try_from(message.header_row).unwrap_or_default().max(1),
        columns: message.columns.iter().map(column).collect(),
        constants: message
            .constants
            .iter()
            .map(|cell| (cell.column.trim().to_owned(), plain(&cell.value)))
            .collect::<BTreeMap<_, _>>(),
    }
}

/// A text in normal form C; what cannot be one is refused by [`check`].
fn plain(text: &str) -> String {
    exchange::table::text(text).unwrap_or_else(|_| text.trim().to_owned())
}

/// The message of a mapping.
#[must_use]
pub fn message_of(mapping: &Mapping) -> pb::ColumnMapping {
    let column = |it: &MappedColumn| pb::MappedColumn {
        header: it.header.clone(),
        column: it.column.clone(),
        unit: match it.unit {
            Unit::Yuan => pb::AmountUnit::Unspecified.into(),
            Unit::WanYuan => pb::AmountUnit::WanYuan.into(),
        },
        date_form: match it.date_form {
            DateForm::YearFirst => pb::DateForm::Unspecified.into(),
            DateForm::DayFirst => pb::DateForm::DayFirst.into(),
            DateForm::MonthFirst => pb::DateForm::MonthFirst.into(),
        },
        translations: it
            .values
            .iter()
            .map(|(from, to)| pb::Translation {
                from: from.clone(),
                to: to.clone(),
            })
            .collect(),
    };
    pb::ColumnMapping {
        name: mapping.name.clone(),
        file: mapping.file.clone(),
        sheet: mapping.sheet.clone().unwrap_or_default(),
        encoding: match mapping.encoding {
            Encoding::Auto => pb::TextEncoding::Unspecified.into(),
            Encoding::Utf8 => pb::TextEncoding::Utf8.into(),
            Encoding::Gb18030 => pb::TextEncoding::Gb18030.into(),
        },
        header_row: i32::try_from(mapping.header_row).unwrap_or(i32::MAX),
        columns: mapping.columns.iter().map(column).collect(),
        constants: mapping
            .constants
            .iter()
            .map(|(column, value)| pb::ConstantCell {
                column: column.clone(),
                value: value.clone(),
            })
            .collect(),
    }
}

/// The mapping as it is stored.
pub(crate) fn text_of(mapping: &Mapping) -> Result<String, Error> {
    serde_json::to_string(mapping).map_err(|error| unreadable(&mapping.name, &error.to_string()))
}

/// The mapping of a stored revision; none where it withdraws the mapping.
pub(crate) fn stored(row: &StoredMapping) -> Result<Option<Mapping>, Error> {
    let parse =
        |text: &String| serde_json::from_str(text).map_err(|error| unreadable(&row.name, &error.to_string()));
    row.content.as_ref().map(parse).transpose()
}

fn unreadable(name: &str, detail: &str) -> Error {
    ledger::Error::StoredRowUnreadable {
        file: "column_mapping",
        detail: format!("{name}: {detail}"),
    }
    .into()
}

/// The message of a stored revision.
pub(crate) fn stored_message(row: &StoredMapping) -> Result<pb::StoredColumnMapping, Error> {
    let mapping = stored(row)?.map_or_else(
        || pb::ColumnMapping {
            name: row.name.clone(),
            ..pb::ColumnMapping::default()
        },
        |mapping| message_of(&mapping),
    );
    Ok(pb::StoredColumnMapping {
        mapping: Some(mapping),
        name: resource_name(&row.name),
        revision: row.revision,
        withdrawn: row.withdrawn,
        etag: etag(row),
        recorded_at: Some(timestamp(row.recorded_at)),
    })
}

/// The entity tag of a stored revision: its number and the beginning of its content's digest.
pub(crate) fn etag(row: &StoredMapping) -> String {
    let digest = exchange::digest::sha256(row.content.as_deref().unwrap_or_default().as_bytes());
    ledger::wire::etag(u32::try_from(row.revision).unwrap_or_default(), &digest)
}

/// `columnMappings/{name}`, with `%` and `/` of the name written `%25` and `%2F`.
pub(crate) fn resource_name(name: &str) -> String {
    format!("{COLLECTION}{}", name.replace('%', "%25").replace('/', "%2F"))
}

/// The name inside a resource name.
pub(crate) fn name_of(resource: &str, field: &str) -> Result<String, Error> {
    let segment = resource
        .trim()
        .strip_prefix(COLLECTION)
        .filter(|rest| !rest.is_empty() && !rest.contains('/'));
    let malformed = || {
        let (zh, en) = (
            "资源名应为 columnMappings/{name}",
            "a name is columnMappings/{name}",
        );
        Error::invalid(field, "NAME_MALFORMED", zh, en)
    };
    Ok(segment
        .ok_or_else(malformed)?
        .replace("%2F", "/")
        .replace("%25", "%"))
}
