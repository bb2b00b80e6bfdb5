//! Reports: cells to rows, rows to stored revisions, and the receipt.

use std::collections::BTreeMap;

use api::common::v1 as common;
use api::convert::{Violation, WireRecord, record_cells};
use api::verbs::{AmendRequest, RecordRequest, WithdrawRequest};
use exchange::{Allow, Cells, File, Owner, Refusal, RefusalCode, Row, Verdict, Warning, parse_row};
use platform::error::FieldViolation;
use sqlx::PgConnection;

use crate::command::Stamp;
use crate::error::Error;
use crate::measures;
use crate::store::fact::{self, StoredRow};
use crate::store::institution;
use crate::wire;

/// What a report means to do with a record.
#[derive(Debug, Clone)]
pub enum Intent {
    /// Add the revision stated (1 where none is).
    Report,
    /// Add a revision to a record that exists: the one stated, or the next.
    Amend {
        /// The revision stated.
        revision: Option<i32>,
        /// The state the caller saw.
        etag: Option<String>,
    },
}

/// One record of a report: unchecked cells and what to do with them.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The exchange file.
    pub file: File,
    /// The cells, with the institution's code set.
    pub cells: Cells,
    /// What the message stated and cells cannot.
    pub violations: Vec<Violation>,
    /// Prefix of the field in the request, e.g. `loan` or `events[2]`.
    pub field: String,
    /// What to do.
    pub intent: Intent,
}

/// What a report stored, record by record.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The rows as stored.
    pub rows: Vec<Row>,
    /// The receipt.
    pub receipt: common::Receipt,
}

impl Entry {
    /// A record that is reported. An absent record yields an entry of empty cells, refused field by field.
    #[must_use]
    pub fn report<R: WireRecord>(
        field: &str,
        record: Option<&R>,
        institution: Option<&str>,
        revision: Option<i32>,
    ) -> Self {
        Self::of(field, record, institution, revision, Intent::Report)
    }

    /// The record of a call that reports one.
    #[must_use]
    pub fn reported<Q: RecordRequest>(body: &Q, institution: Option<&str>) -> Self {
        Self::report(Q::FIELD, body.record(), institution, body.revision())
    }

    /// The record of a call that amends one.
    #[must_use]
    pub fn amended<Q: AmendRequest>(body: &Q, institution: Option<&str>) -> Self {
        let (revision, etag) = (body.revision(), body.etag());
        Self::of(
            Q::FIELD,
            body.record(),
            institution,
            revision,
            Intent::Amend { revision, etag },
        )
    }

    fn of<R: WireRecord>(
        field: &str,
        record: Option<&R>,
        institution: Option<&str>,
        revision: Option<i32>,
        intent: Intent,
    ) -> Self {
        let absent = R::default();
        let record = record.unwrap_or(&absent);
        Self {
            file: R::FILE,
            cells: record_cells(record, institution, revision, false),
            violations: record.violations(),
            field: field.to_owned(),
            intent,
        }
    }

    /// The record of a call that withdraws one, by its resource name.
    ///
    /// # Errors
    /// `NAME_MALFORMED` on field `name`.
    pub fn withdrawn<Q: WithdrawRequest>(body: &Q, institution: Option<&str>) -> Result<Self, Error> {
        let (file, revision) = (Q::Record::FILE, body.revision());
        let mut cells = key_cells(file, body.name(), institution)?;
        set(&mut cells, "withdrawn", "true");
        if let Some(revision) = revision {
            set(&mut cells, "revision", &revision.to_string());
        }
        Ok(Self {
            file,
            cells,
            violations: Vec::new(),
            field: "name".to_owned(),
            intent: Intent::Amend {
                revision,
                etag: body.etag(),
            },
        })
    }
}

/// Sets a cell that the file has; a file without the column has no use for it.
pub fn set(cells: &mut Cells, column: &str, text: &str) {
    // An unknown column means that the file does not carry it: institution_code of a registry record.
    let _unused = cells.set(column, text);
}

/// The key cells a resource name states, with the institution they belong to.
///
/// # Errors
/// `NAME_MALFORMED` on field `name`.
pub fn key_cells(file: File, name: &str, institution: Option<&str>) -> Result<Cells, Error> {
    let mut cells = api::name::parse(name, file).map_err(|error| {
        let zh = format!("资源名应为 {}", error.pattern);
        Error::invalid("name", "NAME_MALFORMED", zh, error.to_string())
    })?;
    if let (Owner::Institution, Some(code)) = (file.owner(), institution) {
        set(&mut cells, "institution_code", code);
    }
    Ok(cells)
}

/// Parses the cells of every entry, or names every bad field of all of them.
///
/// # Errors
/// [`Error::Invalid`] with each field as `<entry>.<column>`.
pub fn parse(entries: &[Entry]) -> Result<Vec<(Row, Vec<Warning>)>, Error> {
    let mut parsed = Vec::with_capacity(entries.len());
    let mut wrong: Vec<FieldViolation> = Vec::new();
    for entry in entries {
        let currencies = entry.violations.iter().map(|violation| FieldViolation {
            field: format!("{}.{}", entry.field, violation.column),
            code: violation.code,
            zh: violation.zh.to_owned(),
            en: violation.en.to_owned(),
        });
        wrong.extend(currencies);
        match parse_row(entry.file, &entry.cells, &Allow::default()) {
            Ok(row) => parsed.push(row),
            Err(refusals) => wrong.extend(refusals.iter().filter_map(|refusal| violation_of(entry, refusal))),
        }
    }
    if wrong.is_empty() {
        Ok(parsed)
    } else {
        Err(Error::Invalid(wrong))
    }
}

/// A refusal as a field of the request; a cell whose currency is refused already is not named twice.
fn violation_of(entry: &Entry, refusal: &Refusal) -> Option<FieldViolation> {
    if entry
        .violations
        .iter()
        .any(|violation| Some(violation.column) == refusal.column)
    {
        return None;
    }
    let column = refusal.column.unwrap_or("");
    let is_name = entry.field == "name";
    Some(FieldViolation {
        field: if is_name || column.is_empty() {
            entry.field.clone()
        } else {
            format!("{}.{column}", entry.field)
        },
        code: refusal.code.as_str(),
        zh: refusal.zh.to_string(),
        en: refusal.en.to_string(),
    })
}

/// Stores the entries in this transaction, all or none.
///
/// # Errors
/// Refusals by field, conflicts of one revision, an institution that may not report, a record that is not there to amend.
pub async fn apply(tx: &mut PgConnection, stamp: &Stamp, entries: Vec<Entry>) -> Result<Applied, Error> {
    let mut parsed = parse(&entries)?;
    check_institutions(tx, stamp, parsed.iter().map(|(row, _)| row)).await?;
    for ((row, _), entry) in parsed.iter_mut().zip(&entries) {
        if let Intent::Amend { revision, etag } = &entry.intent {
            next_revision(tx, stamp, row, *revision, etag.as_deref()).await?;
        }
    }
    let (rows, warnings): (Vec<Row>, Vec<Vec<Warning>>) = parsed.into_iter().unzip();
    let verdicts = store(tx, stamp, &rows).await?;
    let conflicts: Vec<Refusal> = rows
        .iter()
        .zip(&verdicts)
        .filter(|(_, verdict)| **verdict == Verdict::Conflict)
        .map(|(row, _)| Refusal::new(row.file, Some("revision"), RefusalCode::RevisionConflict))
        .collect();
    if !conflicts.is_empty() {
        return Err(Error::Refused(conflicts));
    }
    let facts = rows
        .iter()
        .zip(verdicts)
        .zip(&warnings)
        .map(|((row, verdict), warnings)| wire::stored_fact(row, verdict, warnings))
        .collect();
    Ok(Applied {
        receipt: receipt(stamp, facts),
        rows,
    })
}

/// Stores rows of several files, each file in one statement; answers verdicts in the order given.
///
/// # Errors
/// Database errors.
pub async fn store(tx: &mut PgConnection, stamp: &Stamp, rows: &[Row]) -> Result<Vec<Verdict>, Error> {
    let mut by_file: BTreeMap<File, Vec<usize>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        by_file.entry(row.file).or_default().push(place);
    }
    let mut verdicts = vec![Verdict::Conflict; rows.len()];
    for (file, places) in by_file {
        let group: Vec<Row> = places
            .iter()
            .filter_map(|place| rows.get(*place))
            .cloned()
            .collect();
        let inserted = fact::insert(tx, file, &group, stamp).await?;
        measures::stored(&stamp.city, file, &inserted);
        for (place, verdict) in places.into_iter().zip(inserted) {
            if let Some(slot) = verdicts.get_mut(place) {
                *slot = verdict;
            }
        }
    }
    Ok(verdicts)
}

/// Why an institution may not report now, if it may not; files of the bureau are nobody's. A decision on an institution's record is
/// taken also where the institution is withdrawn: its stored facts count.
///
/// # Errors
/// Database errors.
pub async fn institution_refusals(
    tx: &mut PgConnection,
    stamp: &Stamp,
    rows: &[&Row],
) -> Result<Vec<Option<Refusal>>, Error> {
    let mut codes: Vec<String> = rows
        .iter()
        .filter_map(|row| row.named_institution())
        .map(str::to_owned)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() {
        return Ok(vec![None; rows.len()]);
    }
    let standing = institution::standing(tx, stamp.city.as_str(), &codes).await?;
    let refusal = |row: &&Row| {
        let code = match standing.get(row.named_institution()?) {
            None => RefusalCode::InstitutionNotRegistered,
            Some(true) if row.institution_code().is_some() => RefusalCode::InstitutionWithdrawn,
            Some(true | false) => return None,
        };
        Some(Refusal::new(row.file, Some("institution_code"), code))
    };
    Ok(rows.iter().map(refusal).collect())
}

async fn check_institutions<'r>(
    tx: &mut PgConnection,
    stamp: &Stamp,
    rows: impl Iterator<Item = &'r Row>,
) -> Result<(), Error> {
    let rows: Vec<&Row> = rows.collect();
    match institution_refusals(tx, stamp, &rows)
        .await?
        .into_iter()
        .flatten()
        .next()
    {
        Some(refusal) => Err(Error::refused(refusal)),
        None => Ok(()),
    }
}

/// Gives an amendment its number: the one stated, or the next after the highest stored; 1 for a record not yet known.
async fn next_revision(
    tx: &mut PgConnection,
    stamp: &Stamp,
    row: &mut Row,
    stated: Option<i32>,
    etag: Option<&str>,
) -> Result<(), Error> {
    let stored = fact::revisions(tx, row.file, stamp.city.as_str(), &row.key).await?;
    let name = wire::name_of(row);
    let Some(latest) = stored.last() else {
        // An amendment states the whole record, so it stands on its own; there is nothing to withdraw, and no etag to hold it to.
        return if row.is_withdrawn() || etag.is_some() {
            Err(Error::NotFound { name })
        } else {
            Ok(())
        };
    };
    if etag.is_some_and(|etag| etag != etag_of(latest)) {
        return Err(Error::EtagMismatch { name });
    }
    if stated.is_none() {
        let next = latest
            .row
            .revision
            .checked_add(1)
            .filter(|next| i32::try_from(*next).is_ok());
        let exhausted = || {
            Error::refused(Refusal::new(
                row.file,
                Some("revision"),
                RefusalCode::RevisionMalformed,
            ))
        };
        row.revision = next.ok_or_else(exhausted)?;
    }
    Ok(())
}

/// The etag of a stored revision.
#[must_use]
pub fn etag_of(stored: &StoredRow) -> String {
    wire::etag(stored.row.revision, &stored.content_digest)
}

/// The receipt of a command.
#[must_use]
pub fn receipt(stamp: &Stamp, facts: Vec<common::StoredFact>) -> common::Receipt {
    common::Receipt {
        request_id: stamp.request_id.to_string(),
        city: stamp.city.to_string(),
        cut_off: stamp.cut_off,
        recorded_at: Some(api::convert::timestamp(stamp.recorded_at)),
        facts,
        body_digest: exchange::digest::hex(&stamp.body_digest),
        trace_id: platform::telemetry::current_trace_id().unwrap_or_default(),
        // Named once the audit row is written.
        audit_head: None,
    }
}
