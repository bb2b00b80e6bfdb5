//! Monthly statements: closing a month that is over, reading, paging, and the same as a file.

use api::files::v1 as pb;
use chrono::{DateTime, Utc};
use ledger::read::{page_size, page_token_wrong};
use ledger::store::{audit, credential, cut_off};
use ledger::{Caller, Stamp};
use policy::ident::InstitutionCode;
use sqlx::PgConnection;
use tonic::Status;

use crate::Files;
use crate::error::Error;
use crate::month::{Month, MonthEnds};
use crate::statement::issued::Issued;
use crate::statement::{Statement, message, render};
use crate::store;

/// Bytes of one message of a downloaded statement.
const CHUNK_BYTES: usize = 64 * 1024;

/// A page of a statement.
pub(super) struct Page {
    pub(super) statement: pb::Statement,
    pub(super) entries: Vec<pb::StatementEntry>,
    pub(super) next_page_token: String,
}

/// A statement as a file.
pub(super) struct Download {
    pub(super) file_name: String,
    pub(super) bytes: Vec<u8>,
}

impl Files {
    pub(super) async fn statement_page(
        &self,
        caller: &Caller,
        institution: &InstitutionCode,
        (month, size, token): (&str, i32, &str),
    ) -> Result<Page, Error> {
        let month = month_of(month)?;
        let size = usize::try_from(page_size(size)?).unwrap_or(usize::MAX);
        let from = offset_of(month, token)?;
        let issued = self.issue(caller, institution, month).await?;
        let next = from.saturating_add(size);
        let has_more = next < issued.statement.entries.len();
        Ok(Page {
            statement: message::totals(&issued)?,
            entries: message::entries(&issued, from, size),
            next_page_token: if has_more {
                token_of(month, next)
            } else {
                String::new()
            },
        })
    }

    pub(super) async fn statement_file(
        &self,
        caller: &Caller,
        institution: &InstitutionCode,
        (month, format): (&str, i32),
    ) -> Result<Download, Error> {
        let month = month_of(month)?;
        let format = super::format_of(format)?;
        let issued = self.issue(caller, institution, month).await?;
        let ending = super::ending_of(format);
        let file_name = format!("statement-{}-{month}.{ending}", safe(institution.as_str()));
        let task = tokio::task::spawn_blocking(move || match format {
            pb::FileFormat::Csv => render::csv(&issued),
            pb::FileFormat::CsvGb18030 => render::csv_gb18030(&issued),
            pb::FileFormat::Xlsx | pb::FileFormat::Unspecified => render::xlsx(&issued),
        });
        let bytes = task.await.map_err(platform::Error::Task)??;
        Ok(Download { file_name, bytes })
    }

    /// The statement of a month. One that is over is closed first, if nobody asked for it yet.
    async fn issue(
        &self,
        caller: &Caller,
        institution: &InstitutionCode,
        month: Month,
    ) -> Result<Issued, Error> {
        let (ends, now) = self.month_ends(caller).await?;
        if month > Month::of(now) {
            return Err(Error::MonthAhead {
                month: month.to_string(),
            });
        }
        if month < Month::of(now) && ends.closing_of(month).is_none() {
            self.close_months(caller).await?;
        }
        let (institution, city) = (institution.clone(), caller.city.clone());
        self.ledger
            .database
            .snapshot("files.statement", &caller.scope(self.ledger.role), move |tx| {
                let (institution, city) = (institution.clone(), city.clone());
                Box::pin(async move { read(tx, (city.as_str(), institution.as_str()), month).await })
            })
            .await
    }

    async fn month_ends(&self, caller: &Caller) -> Result<(MonthEnds, DateTime<Utc>), Error> {
        let city = caller.city.clone();
        self.ledger
            .database
            .read("files.month_ends", &caller.scope(self.ledger.role), move |tx| {
                let city = city.clone();
                Box::pin(async move { store::month::ends(tx, city.as_str()).await })
            })
            .await
    }

    /// Closes every month of the city that is over: its cut-off is closed behind the writes under it, so what stands in them is fixed.
    async fn close_months(&self, caller: &Caller) -> Result<(), Error> {
        let stamp = Stamp {
            city: caller.city.clone(),
            cut_off: 0,
            recorded_at: self.ledger.clock.now(),
            reported_by: caller.holder.clone(),
            on_behalf: false,
            request_id: platform::ids::new_v7(),
            body_digest: [0; 32],
            traceparent: platform::telemetry::current_traceparent(),
        };
        let caller = caller.clone();
        self.ledger
            .database
            .run("files.close_months", &caller.scope(self.ledger.role), move |tx| {
                let (caller, stamp) = (caller.clone(), stamp.clone());
                Box::pin(async move { close(tx, &caller, stamp).await })
            })
            .await
    }
}

async fn close(tx: &mut PgConnection, caller: &Caller, mut stamp: Stamp) -> Result<(), Error> {
    let city = stamp.city.to_string();
    credential::hold(tx, caller).await?;
    stamp.cut_off = cut_off::close(tx, &city).await?;
    // The clock is read under the lock: whoever writes after this transaction records a later time, or at least a higher cut-off.
    let (_, now) = store::month::ends(tx, &city).await?;
    let over = Month::of(now).previous();
    if !store::month::close(tx, &city, over, stamp.cut_off).await? {
        return Ok(());
    }
    let object = format!("months/{over}");
    stamp.body_digest = exchange::digest::sha256(object.as_bytes());
    let action = audit::Action {
        actor: audit::Actor::from(caller),
        stamp: &stamp,
        name: "CloseMonth",
        object: &object,
    };
    audit::append(tx, action).await?;
    Ok(())
}

async fn read(tx: &mut PgConnection, whose: (&str, &str), month: Month) -> Result<Issued, Error> {
    let (city, institution) = whose;
    let (ends, now) = store::month::ends(tx, city).await?;
    let legal_person = store::partner::legal_person(tx, whose, month, &ends).await?;
    let legal_person = legal_person.ok_or_else(|| ledger::Error::NotFound {
        name: format!("institutions/{institution}"),
    })?;
    let mut statement = Statement::new(month);
    store::movement::fold(tx, whose, &ends, &mut statement).await?;
    let closing = ends.closing_of(month);
    Ok(Issued {
        institution: institution.to_owned(),
        city: city.to_owned(),
        statement,
        is_final: closing.is_some(),
        as_of: closing.map_or(now, |end| end.closed_at),
        cut_off: closing.map_or(0, |end| end.cut_off),
        released: store::released::lines(tx, whose, &legal_person, month).await?,
        legal_person,
    })
}

fn month_of(text: &str) -> Result<Month, Error> {
    Month::parse(text.trim()).ok_or_else(|| {
        let (zh, en) = ("月份应写作 2026-03", "a month is written 2026-03");
        Error::invalid("month", "MONTH_MALFORMED", zh, en)
    })
}

/// Opaque to callers: the month and the place of the next entry.
fn token_of(month: Month, place: usize) -> String {
    exchange::digest::hex(format!("{month}/{place}").as_bytes())
}

fn offset_of(month: Month, token: &str) -> Result<usize, Error> {
    if token.is_empty() {
        return Ok(0);
    }
    let text = exchange::digest::unhex(token).and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text.as_deref().and_then(|text| {
        let (of, place) = text.split_once('/')?;
        (of == month.to_string()).then(|| place.parse().ok())?
    });
    place.ok_or_else(|| page_token_wrong().into())
}

/// An institution's code as a part of a file name.
fn safe(code: &str) -> String {
    let keep = |symbol: char| symbol.is_ascii_alphanumeric() || matches!(symbol, '-' | '_' | '.');
    code.chars()
        .map(|symbol| if keep(symbol) { symbol } else { '_' })
        .collect()
}

/// The messages of a download; the first one names the file.
pub(super) fn messages<A: Send + 'static>(
    download: Download,
    encode: fn(String, Vec<u8>) -> A,
) -> super::Messages<A> {
    let mut name = Some(download.file_name);
    let chunks: Vec<Result<A, Status>> = download
        .bytes
        .chunks(CHUNK_BYTES)
        .map(|chunk| Ok(encode(name.take().unwrap_or_default(), chunk.to_vec())))
        .collect();
    Box::pin(tokio_stream::iter(chunks))
}
