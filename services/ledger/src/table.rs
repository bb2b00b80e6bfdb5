//! How the columns of an exchange file stand in the database: one description for every statement about facts.

use std::sync::OnceLock;

use exchange::{Column, File, Kind};

/// The table and view of a file's facts, with the statements made from its columns.
pub(crate) struct Table {
    pub(crate) file: File,
    /// Statement that adds rows given as one array of texts a column.
    pub(crate) insert: String,
    /// `select ... from published.x` with every column as canonical text, then the stamp's columns.
    pub(crate) select: String,
    /// Key columns, comma-separated.
    pub(crate) key: String,
    /// Key columns with their casts from text parameters `$first..`.
    key_casts: Vec<&'static str>,
}

/// Columns of `Table::select` after the file's own.
pub(crate) const STAMP_COLUMNS: &str = "content_digest, cut_off, recorded_at, reported_by, on_behalf";

/// Columns of a fact table beside the file's own that an insert fills.
const STAMPED: &str = "content_digest, city, cut_off, reported_by, on_behalf, request_id, traceparent";

impl Table {
    /// The description of a file.
    pub(crate) fn of(file: File) -> &'static Self {
        static TABLES: OnceLock<Vec<Table>> = OnceLock::new();
        let tables = TABLES.get_or_init(|| File::ALL.iter().copied().map(Self::describe).collect());
        // `ALL` lists every file once, so the position is always there; the first entry keeps the function total.
        tables
            .iter()
            .find(|table| table.file == file)
            .unwrap_or(&tables[0])
    }

    fn describe(file: File) -> Self {
        let columns = file.columns();
        let names: Vec<String> = columns.iter().map(column_name).collect();
        let arrays: Vec<String> = (1..=columns.len())
            .map(|place| format!("${place}::text[]"))
            .collect();
        let aliases: Vec<String> = (1..=columns.len()).map(|place| format!("a{place}")).collect();
        let casts: Vec<String> = columns
            .iter()
            .zip(&aliases)
            .map(|(column, alias)| from_text(column.kind, alias))
            .collect();
        let next = columns.len() + 1;
        let insert = format!(
            "insert into {table} ({names}, {STAMPED})\n\
             select {casts}, d, ${p0}, ${p1}, ${p2}, ${p3}, ${p4}, ${p5}\n\
             from unnest({arrays}, ${digests}::bytea[]) as given ({aliases}, d)\n\
             on conflict do nothing\n\
             returning {key}, revision::text",
            table = table_name(file),
            names = names.join(", "),
            casts = casts.join(", "),
            arrays = arrays.join(", "),
            aliases = aliases.join(", "),
            digests = next,
            p0 = next + 1,
            p1 = next + 2,
            p2 = next + 3,
            p3 = next + 4,
            p4 = next + 5,
            p5 = next + 6,
            key = key_texts(file),
        );
        // The texts get names of their own: under a column's name `order by` would sort the text, and 10 before 9.
        let texts: Vec<String> = columns
            .iter()
            .zip(1..)
            .map(|(column, place)| format!("{} as t{place}", to_text(column)))
            .collect();
        Self {
            file,
            insert,
            select: format!(
                "select {}, {STAMP_COLUMNS}\nfrom published.{}",
                texts.join(", "),
                file.as_str()
            ),
            key: file.key_columns().map(column_name).collect::<Vec<_>>().join(", "),
            key_casts: file.key_columns().map(|column| sql_type(column.kind)).collect(),
        }
    }

    /// The key as parameters from `$first` on, each cast to its column's type.
    pub(crate) fn key_parameters(&self, first: usize) -> String {
        let parts = self
            .key_casts
            .iter()
            .enumerate()
            .map(|(place, kind)| format!("${}::text::{kind}", first + place));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The key as one array parameter a column, unnested, from `$first` on.
    pub(crate) fn key_arrays(&self, first: usize) -> String {
        let count = self.key_casts.len();
        let arrays: Vec<String> = (0..count)
            .map(|place| format!("${}::text[]", first + place))
            .collect();
        let aliases: Vec<String> = (0..count).map(|place| format!("k{place}")).collect();
        let casts: Vec<String> = self
            .key_casts
            .iter()
            .zip(&aliases)
            .map(|(kind, alias)| format!("{alias}::{kind}"))
            .collect();
        format!(
            "select {} from unnest({}) as wanted ({})",
            casts.join(", "),
            arrays.join(", "),
            aliases.join(", ")
        )
    }

    /// How many key columns there are.
    pub(crate) fn key_len(&self) -> usize {
        self.key_casts.len()
    }

    /// The key columns as text.
    pub(crate) fn key_texts(&self) -> String {
        key_texts(self.file)
    }
}

fn key_texts(file: File) -> String {
    file.key_columns().map(to_text).collect::<Vec<_>>().join(", ")
}

fn table_name(file: File) -> &'static str {
    match file {
        File::Institutions => "registry.institution",
        File::Enterprises => "registry.enterprise",
        File::Patents => "registry.patent",
        File::PatentOwners => "registry.patent_owner",
        File::Awards => "registry.award",
        File::Exclusions => "registry.exclusion",
        File::OtherAwards => "registry.other_award",
        File::Decisions => "registry.decision",
        File::Pledges => "pledge.pledge",
        File::Loans => "pledge.loan",
        File::LoanEvents => "pledge.loan_event",
        File::Policies => "insurance.policy",
        File::PolicyPatents => "insurance.policy_patent",
        File::PremiumEvents => "insurance.premium_event",
    }
}

/// Amounts are kept in fen and say so in the name.
fn column_name(column: &Column) -> String {
    if column.kind == Kind::Money {
        format!("{}_fen", column.name)
    } else {
        column.name.to_owned()
    }
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "date",
        Kind::Instant => "timestamptz",
        Kind::Money => "bigint",
        Kind::Rate => "numeric",
        Kind::Bool => "boolean",
        Kind::Revision => "integer",
        _ => "text",
    }
}

/// Canonical text to the column's type; an empty cell is null.
fn from_text(kind: Kind, alias: &str) -> String {
    match kind {
        Kind::PatentSet => format!("string_to_array(nullif({alias}, ''), ';')"),
        // The parameter is in yuan with exactly two places, so that without its point it is in fen.
        Kind::Money => format!("nullif(replace({alias}, '.', ''), '')::bigint"),
        _ => format!("nullif({alias}, '')::{}", sql_type(kind)),
    }
}

/// The column as canonical text.
fn to_text(column: &Column) -> String {
    let name = column_name(column);
    match column.kind {
        Kind::Date => format!("to_char({name}, 'YYYY-MM-DD')"),
        // A fixed offset and no zone name: the zone database knows summer times that Beijing time in this system does not.
        Kind::Instant => {
            format!(
                "to_char({name} at time zone interval '8 hours', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '+08:00'"
            )
        }
        Kind::Money => format!("trim_scale({name}::numeric / 100)::text"),
        Kind::Rate => format!("trim_scale({name})::text"),
        Kind::Bool => format!("case when {name} then 'true' else 'false' end"),
        Kind::PatentSet => format!("array_to_string({name}, ';')"),
        Kind::Revision => format!("{name}::text"),
        _ => name,
    }
}
