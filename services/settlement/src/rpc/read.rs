//! Reading batches, lines and findings, and explaining a line.

use api::convert::text;
use api::settlement::v1 as pb;
use ledger::read::{page_behind, page_size, page_token_wrong};
use ledger::{Caller, wire};
use platform::database::BoxFuture;
use policy::codes::Clause;
use policy::explanation::Explanation;
use policy::money::Money;
use sqlx::PgConnection;

use super::change::number_of;
use super::message;
use crate::Settlement;
use crate::book::not_found;
use crate::error::Error;
use crate::model::BatchNo;
use crate::store::line::StoredLine;
use crate::store::{batch, finding, line};

/// A page of rows that carry a number: the rows, and the token of the next page.
fn cut<T>(mut rows: Vec<T>, size: i64, number: fn(&T) -> i32) -> (Vec<T>, String) {
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = rows.len() > length;
    rows.truncate(length);
    let token = if has_more {
        rows.last().map(|row| number(row).to_string()).unwrap_or_default()
    } else {
        String::new()
    };
    (rows, token)
}

fn after_number(token: &str) -> Result<i32, Error> {
    Ok(page_behind(token)?.unwrap_or(0))
}

impl Settlement {
    /// Reads one page of numbered rows in one snapshot. `work` is given the number after which to read and how many rows at most: one
    /// more than the page holds, so that it shows whether others follow.
    pub(super) async fn page<T, F>(
        &self,
        caller: &Caller,
        name: &'static str,
        (page_size_asked, page_token): (i32, &str),
        work: F,
        number: fn(&T) -> i32,
    ) -> Result<(Vec<T>, String), Error>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, (i32, i64)) -> BoxFuture<'c, Result<Vec<T>, Error>>
            + Send
            + Sync
            + 'static,
    {
        let (size, after) = (page_size(page_size_asked)?, after_number(page_token)?);
        let scope = caller.scope(self.ledger.role);
        let rows = self
            .ledger
            .database
            .snapshot(name, &scope, move |tx| work(tx, (after, size + 1)))
            .await?;
        Ok(cut(rows, size, number))
    }

    pub(super) async fn get(
        &self,
        caller: &Caller,
        body: &pb::GetBatchRequest,
    ) -> Result<pb::GetBatchResponse, Error> {
        let number = number_of(caller, &body.name)?;
        self.ledger
            .database
            .snapshot(
                "settlement.get_batch",
                &caller.scope(self.ledger.role),
                move |tx| {
                    let number = number.clone();
                    Box::pin(async move {
                        let stored = batch::find(tx, &number)
                            .await?
                            .ok_or_else(|| not_found(&number))?;
                        Ok(pb::GetBatchResponse {
                            batch: Some(message::batch(tx, &number, &stored).await?),
                        })
                    })
                },
            )
            .await
    }

    pub(super) async fn list(
        &self,
        caller: &Caller,
        body: &pb::ListBatchesRequest,
    ) -> Result<pb::ListBatchesResponse, Error> {
        let size = page_size(body.page_size)?;
        let after = match body.page_token.as_str() {
            "" => (0, 0),
            token => BatchNo::parse(token)
                .map(|number| (number.year.number(), number.sequence))
                .ok_or_else(page_token_wrong)?,
        };
        let (city, year) = (caller.city.clone(), body.year);
        self.ledger
            .database
            .snapshot(
                "settlement.list_batches",
                &caller.scope(self.ledger.role),
                move |tx| {
                    let city = city.clone();
                    Box::pin(async move {
                        let rows = batch::list(tx, city.as_str(), year, after, size + 1).await?;
                        let length = usize::try_from(size).unwrap_or(usize::MAX);
                        let has_more = rows.len() > length;
                        let mut batches = Vec::new();
                        for stored in rows.iter().take(length) {
                            let year =
                                policy::date::PolicyYear::new(stored.year).ok_or_else(page_token_wrong)?;
                            let number = BatchNo {
                                city: city.clone(),
                                year,
                                sequence: stored.sequence,
                            };
                            batches.push(message::batch(tx, &number, stored).await?);
                        }
                        let last = batches
                            .last()
                            .map(|last| last.batch_no.clone())
                            .filter(|_| has_more);
                        Ok(pb::ListBatchesResponse {
                            batches,
                            next_page_token: last.unwrap_or_default(),
                        })
                    })
                },
            )
            .await
    }

    pub(super) async fn lines(
        &self,
        caller: &Caller,
        body: &pb::ListLinesRequest,
    ) -> Result<pb::ListLinesResponse, Error> {
        let number = number_of(caller, &body.parent)?;
        let of = number.clone();
        let (rows, next_page_token) = self
            .page(
                caller,
                "settlement.list_lines",
                (body.page_size, &body.page_token),
                move |tx, (after, limit)| {
                    let number = of.clone();
                    Box::pin(async move {
                        batch::find(tx, &number)
                            .await?
                            .ok_or_else(|| not_found(&number))?;
                        line::page(tx, &number, after, limit).await
                    })
                },
                |row| row.line_no,
            )
            .await?;
        Ok(pb::ListLinesResponse {
            lines: rows.iter().map(|row| message::line(&number, row)).collect(),
            next_page_token,
        })
    }

    pub(super) async fn findings(
        &self,
        caller: &Caller,
        body: &pb::ListFindingsRequest,
    ) -> Result<pb::ListFindingsResponse, Error> {
        let of = number_of(caller, &body.parent)?;
        let (rows, next_page_token) = self
            .page(
                caller,
                "settlement.list_findings",
                (body.page_size, &body.page_token),
                move |tx, (after, limit)| {
                    let number = of.clone();
                    Box::pin(async move {
                        batch::find(tx, &number)
                            .await?
                            .ok_or_else(|| not_found(&number))?;
                        finding::page(tx, &number, after, limit).await
                    })
                },
                |row| row.finding_no,
            )
            .await?;
        Ok(pb::ListFindingsResponse {
            findings: rows.iter().map(message::finding).collect(),
            next_page_token,
        })
    }

    pub(super) async fn explain(
        &self,
        caller: &Caller,
        body: &pb::ExplainLineRequest,
    ) -> Result<pb::ExplainLineResponse, Error> {
        let (number, line_no) = BatchNo::of_line_name(&body.name).ok_or_else(|| {
            let en = "the name is of the form batches/{batch_no}/lines/{line_no}";
            Error::from(ledger::Error::invalid(
                "name",
                "NAME_MALFORMED",
                "资源名应为 batches/{批次号}/lines/{行号}",
                en,
            ))
        })?;
        let number = number_of(caller, &format!("batches/{number}"))?;
        let name = body.name.clone();
        self.ledger
            .database
            .snapshot(
                "settlement.explain_line",
                &caller.scope(self.ledger.role),
                move |tx| {
                    let (number, name) = (number.clone(), name.clone());
                    Box::pin(async move { explain_line(tx, &number, line_no, name).await })
                },
            )
            .await
    }
}

async fn explain_line(
    tx: &mut PgConnection,
    number: &BatchNo,
    line_no: i32,
    name: String,
) -> Result<pb::ExplainLineResponse, Error> {
    let rows = line::page(tx, number, line_no - 1, 1).await?;
    let stored = rows
        .into_iter()
        .find(|row| row.line_no == line_no)
        .ok_or(ledger::Error::NotFound { name })?;
    let explanation =
        Explanation::decode(&stored.explanation).map_err(|error| ledger::Error::StoredRowUnreadable {
            file: "line",
            detail: error.to_string(),
        })?;
    let (zh, en) = sentence(&stored, &explanation);
    let of_line = |row: &&finding::StoredFinding| {
        row.measure == stored.measure && row.beneficiary == stored.beneficiary
    };
    let findings = finding::page(tx, number, 0, i64::from(i32::MAX)).await?;
    Ok(pb::ExplainLineResponse {
        line: Some(message::line(number, &stored)),
        sentence: Some(text(&zh, &en)),
        explanation: Some(wire::explanation(&explanation, &zh, &en)),
        clauses: Clause::parse(&stored.clause)
            .map(wire::clause)
            .into_iter()
            .collect(),
        findings: findings.iter().filter(of_line).map(message::finding).collect(),
    })
}

fn sentence(stored: &StoredLine, explanation: &Explanation) -> (String, String) {
    let [entitled, before, amount] = [stored.entitled_fen, stored.settled_before_fen, stored.amount_fen]
        .map(|fen| Money::from_fen(fen).to_string());
    let name = &stored.beneficiary_name;
    (
        format!(
            "{name}：{}；应得 {entitled} 元，此前已结算 {before} 元，本次 {amount} 元",
            explanation.sentence_zh()
        ),
        format!(
            "{name}: {}; entitled {entitled}, settled before {before}, this line {amount}",
            explanation.sentence_en()
        ),
    )
}
