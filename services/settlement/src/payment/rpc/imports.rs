//! Importing results of vouchers and rows of the statement.

use api::convert::text;
use api::settlement::v1 as pb;
use exchange::RefusalCode;
use exchange::table::{self, Table, TableColumn, TableRefusal, TableRow};
use ledger::{Caller, Error as LedgerError};

use crate::error::Error;
use crate::payment::Payments;
use crate::payment::result::{
    Imported, RESULT_COLUMNS, STATEMENT_COLUMNS, result_cells, statement_cells, take_all, take_statement,
};

/// Rows that one import may carry.
const ROWS_MOST: usize = 10_000;

/// A table that is refused as a whole.
pub(super) fn table_error(code: RefusalCode, column: &str) -> Error {
    let (zh, en) = (
        format!("{} {column}", code.zh()),
        format!("{} {column}", code.en()),
    );
    LedgerError::invalid("csv", code.as_str(), zh.trim(), en.trim()).into()
}

/// Rows of a table, or of messages; not of both.
fn rows_of(csv: &[u8], columns: &'static [TableColumn], messages: Vec<TableRow>) -> Result<Table, Error> {
    let read = if csv.is_empty() {
        Table {
            header: Vec::new(),
            rows: messages,
        }
    } else if messages.is_empty() {
        table::read(csv, columns).map_err(|(code, column)| table_error(code, &column))?
    } else {
        let en = "a table or messages, not both";
        return Err(LedgerError::invalid("csv", "ROWS_TWICE", "表格与逐条消息只能给一种", en).into());
    };
    if read.rows.len() > ROWS_MOST {
        let en = format!("at most {ROWS_MOST} rows");
        return Err(LedgerError::invalid("csv", "ROWS_TOO_MANY", format!("最多 {ROWS_MOST} 行"), en).into());
    }
    Ok(read)
}

pub(super) fn counts(imported: &Imported) -> pb::TableCounts {
    pb::TableCounts {
        stored: imported.stored,
        unchanged: imported.unchanged,
        refused: i64::try_from(imported.refusals.len()).unwrap_or(i64::MAX),
    }
}

pub(super) fn refusals(imported: &Imported) -> Vec<pb::TableRefusal> {
    let message = |it: &TableRefusal| pb::TableRefusal {
        row: i64::from(it.number),
        column: it.column.to_owned(),
        code: it.code.clone(),
        message: Some(text(it.zh.clone(), it.en.clone())),
    };
    imported.refusals.iter().map(message).collect()
}

/// Refusals of an answer, as a table of rejected rows needs them.
pub(super) fn read_refusals(refusals: &[pb::TableRefusal]) -> Vec<TableRefusal> {
    let columns = || crate::payment::account::COLUMNS.iter();
    let row = |it: &pb::TableRefusal| {
        let message = it.message.clone().unwrap_or_default();
        TableRefusal {
            number: u32::try_from(it.row).unwrap_or_default(),
            column: columns()
                .find(|column| column.name == it.column)
                .map_or("", |column| column.name),
            code: it.code.clone(),
            zh: message.zh,
            en: message.en,
        }
    };
    refusals.iter().map(row).collect()
}

fn rejected(read: &Table, imported: &Imported) -> Vec<u8> {
    if read.header.is_empty() || imported.refusals.is_empty() {
        return Vec::new();
    }
    table::write_refused(read, &imported.refusals)
}

impl Payments {
    pub(super) async fn import_payment_results_of(
        &self,
        caller: &Caller,
        body: &pb::ImportPaymentResultsRequest,
    ) -> Result<pb::ImportPaymentResultsResponse, Error> {
        let messages = body.results.iter().enumerate().map(result_cells).collect();
        let read = rows_of(&body.csv, RESULT_COLUMNS, messages)?;
        let request_id = body.header.clone().unwrap_or_default().request_id;
        self.command(
            caller,
            ("ImportPaymentResults", &request_id),
            body,
            move |tx, stamp| {
                let read = read.clone();
                Box::pin(async move {
                    let imported = take_all(tx, &stamp, &read.rows).await?;
                    Ok(pb::ImportPaymentResultsResponse {
                        audit_head: None,
                        counts: Some(counts(&imported)),
                        refusals: refusals(&imported),
                        rejected_csv: rejected(&read, &imported),
                        paid_batches: imported.paid,
                    })
                })
            },
        )
        .await
    }

    pub(super) async fn import_bank_statement_of(
        &self,
        caller: &Caller,
        body: &pb::ImportBankStatementRequest,
    ) -> Result<pb::ImportBankStatementResponse, Error> {
        let messages = body.rows.iter().enumerate().map(statement_cells).collect();
        let read = rows_of(&body.csv, STATEMENT_COLUMNS, messages)?;
        let request_id = body.header.clone().unwrap_or_default().request_id;
        self.command(
            caller,
            ("ImportBankStatement", &request_id),
            body,
            move |tx, stamp| {
                let read = read.clone();
                Box::pin(async move {
                    let imported = take_statement(tx, &stamp, &read.rows).await?;
                    Ok(pb::ImportBankStatementResponse {
                        audit_head: None,
                        counts: Some(counts(&imported)),
                        refusals: refusals(&imported),
                        rejected_csv: rejected(&read, &imported),
                    })
                })
            },
        )
        .await
    }
}
