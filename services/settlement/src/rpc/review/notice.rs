//! Public notices and the list for the public.

use api::convert::{date, timestamp};
use api::settlement::v1 as pb;
use exchange::csv_out::write_table;
use ledger::Caller;
use platform::database::BoxFuture;
use policy::codes::{Clause, Measure};
use policy::money::Money;
use sqlx::PgConnection;
use tonic::Status;

use super::super::change::{invalid, number_of};
use super::{missing, yuan};
use crate::Settlement;
use crate::book::not_found;
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::batch;
use crate::store::notice::{self, Notice, PublicEntry};

/// Bytes of one message of the list for the public.
const CHUNK: usize = 64 * 1024;

fn message(number: &BatchNo, stored: &Notice) -> pb::Notice {
    pb::Notice {
        name: format!("batches/{number}/notices/{}", stored.notice_no),
        published_by: stored.published_by.clone(),
        published_at: Some(timestamp(stored.published_at)),
        published_on: Some(date(stored.published_on)),
        working_days: stored.working_days,
        ends_on: Some(date(stored.ends_on)),
        batch_digest: stored.batch_digest.clone(),
        lines_count: stored.line_count,
        lines_sum: yuan(stored.line_sum_fen),
    }
}

/// Reads the name of a notice of the caller's city.
fn notice_of(caller: &Caller, name: &str) -> Result<(BatchNo, i32), Error> {
    let (number, notice_no) = BatchNo::of_notice_name(name).ok_or_else(|| {
        invalid(
            "name",
            "NAME_MALFORMED",
            "资源名应为 batches/{批次号}/notices/{公示号}",
            "the name is of the form batches/{batch_no}/notices/{notice_no}",
        )
    })?;
    if number.city == caller.city {
        Ok((number, notice_no))
    } else {
        Err(missing(name))
    }
}

/// The list for the public: number, name, measure, clause and amount. Neither items nor codes are in it: contract and policy
/// numbers are secrets of business (政府信息公开条例 art. 15).
fn public_list(entries: &[PublicEntry]) -> Vec<u8> {
    let row = |(serial, entry): (u64, &PublicEntry)| {
        let measure = match Measure::parse(&entry.measure) {
            Some(Measure::LoanSubsidy) => "贷款补助",
            Some(Measure::BankIncentive) => "银行奖励",
            Some(Measure::PremiumSubsidy) => "保费补贴",
            None => "",
        };
        let clauses: Vec<&str> = entry
            .clauses
            .iter()
            .filter_map(|clause| Clause::parse(clause).map(Clause::zh))
            .collect();
        vec![
            serial.to_string(),
            entry.beneficiary_name.clone(),
            measure.to_owned(),
            clauses.join("；"),
            Money::from_fen(entry.amount_fen).to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = (1..).zip(entries).map(row).collect();
    write_table(&["序号", "名称", "项目", "依据条款", "金额（元）"], &rows)
}

/// A batch's notices with a number above `after`, at most `limit` of them.
fn read(
    tx: &mut PgConnection,
    number: BatchNo,
    (after, limit): (i32, i64),
) -> BoxFuture<'_, Result<Vec<Notice>, Error>> {
    Box::pin(async move {
        batch::find(tx, &number)
            .await?
            .ok_or_else(|| not_found(&number))?;
        notice::page(tx, &number, after, limit).await
    })
}

impl Settlement {
    pub(super) async fn on_get_notice(
        &self,
        caller: &Caller,
        body: &pb::GetNoticeRequest,
    ) -> Result<pb::GetNoticeResponse, Error> {
        let (number, notice_no) = notice_of(caller, &body.name)?;
        let (of, scope) = (number.clone(), caller.scope(self.ledger.role));
        let rows = self
            .ledger
            .database
            .snapshot("settlement.get_notice", &scope, move |tx| {
                read(tx, of.clone(), (notice_no - 1, 1))
            })
            .await?;
        let found = rows.into_iter().find(|row| row.notice_no == notice_no);
        let found = found.ok_or_else(|| missing(&body.name))?;
        Ok(pb::GetNoticeResponse {
            notice: Some(message(&number, &found)),
        })
    }

    pub(super) async fn on_list_notices(
        &self,
        caller: &Caller,
        body: &pb::ListNoticesRequest,
    ) -> Result<pb::ListNoticesResponse, Error> {
        let number = number_of(caller, &body.parent)?;
        let of = number.clone();
        let (rows, next_page_token) = self
            .page(
                caller,
                "settlement.list_notices",
                (body.page_size, &body.page_token),
                move |tx, above| read(tx, of.clone(), above),
                |row| row.notice_no,
            )
            .await?;
        Ok(pb::ListNoticesResponse {
            notices: rows.iter().map(|row| message(&number, row)).collect(),
            next_page_token,
        })
    }

    /// The list for the public, in parts.
    pub(super) async fn notice_file(
        &self,
        caller: &Caller,
        body: &pb::StreamNoticeRequest,
    ) -> Result<Vec<Result<pb::StreamNoticeResponse, Status>>, Error> {
        let (number, notice_no) = notice_of(caller, &body.name)?;
        let (of, scope) = (number.clone(), caller.scope(self.ledger.role));
        let entries = self
            .ledger
            .database
            .snapshot("settlement.notice_file", &scope, move |tx| {
                let of = of.clone();
                Box::pin(async move { notice::public_entries(tx, &of, notice_no).await })
            })
            .await?;
        if entries.is_empty() {
            return Err(missing(&body.name));
        }
        let part = |chunk: &[u8]| {
            Ok(pb::StreamNoticeResponse {
                chunk: chunk.to_vec(),
            })
        };
        Ok(public_list(&entries).chunks(CHUNK).map(part).collect())
    }
}
