//! The answer: summary, refused rows, and the marked copy, which is made anew from the file that was sent.

use api::common::v1::AuditHead;
use api::files::v1 as pb;
use api::files::v1::upload_file_response::Message;
use exchange::{File, Refusal};
use tonic::Status;
use workbook::Marks;

use super::receive::Declared;
use super::sheets::Sheets;
use super::{Answers, CHUNK_BYTES, REFUSED_A_MESSAGE, hints};
use crate::error::Error;

/// What is kept under the request key: everything but the marked copy.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StoredAnswer {
    #[prost(message, optional, tag = "1")]
    pub(super) summary: Option<pb::UploadSummary>,
    #[prost(message, repeated, tag = "2")]
    pub(super) refused_rows: Vec<pb::RefusedRow>,
    #[prost(message, optional, tag = "15")]
    pub(super) audit_head: Option<AuditHead>,
}

impl api::AuditedAnswer for StoredAnswer {
    fn set_audit_head(&mut self, head: AuditHead) {
        self.audit_head = Some(head);
    }
}

/// Sends the answer.
pub(super) async fn send(
    answer: StoredAnswer,
    sheets: Sheets,
    declared: &Declared,
    answers: &Answers,
) -> Result<(), Status> {
    let mut summary = answer.summary.unwrap_or_default();
    summary.audit_head = answer.audit_head;
    let copy = if answer.refused_rows.is_empty() {
        Vec::new()
    } else {
        let copy = marked(sheets, &answer.refused_rows).await?;
        summary.marked_copy_name = copy_name(&declared.message.file_name);
        summary.marked_copy_size_bytes = i64::try_from(copy.len()).unwrap_or(i64::MAX);
        summary.marked_copy_sha256 = exchange::digest::hex(&exchange::digest::sha256(&copy));
        copy
    };
    let mut rows = answer.refused_rows.into_iter();
    let mut messages = vec![Message::Summary(summary)];
    loop {
        let page: Vec<pb::RefusedRow> = rows.by_ref().take(REFUSED_A_MESSAGE).collect();
        if page.is_empty() {
            break;
        }
        messages.push(Message::RefusedRows(pb::RefusedRows { rows: page }));
    }
    let chunks = copy
        .chunks(CHUNK_BYTES)
        .map(|chunk| Message::MarkedCopyChunk(chunk.to_vec()));
    for message in messages.into_iter().chain(chunks) {
        let message = pb::UploadFileResponse {
            message: Some(message),
        };
        if answers.send(Ok(message)).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Every row as it was read, bad cells coloured and commented.
async fn marked(sheets: Sheets, refused: &[pb::RefusedRow]) -> Result<Vec<u8>, Error> {
    let refusals: Vec<Refusal> = refused.iter().flat_map(refusals_of).collect();
    let task = tokio::task::spawn_blocking(move || {
        let marks = Marks {
            refusals: &refusals,
            ..Marks::default()
        };
        workbook::marked(&sheets.grids, &marks)
    });
    Ok(task.await.map_err(platform::Error::Task)??)
}

fn refusals_of(row: &pb::RefusedRow) -> Vec<Refusal> {
    let Some(file) = File::parse(&row.file) else {
        return Vec::new();
    };
    let number = u32::try_from(row.row).unwrap_or_default();
    let each = row.refusals.iter().filter_map(|it| it.refusal.as_ref());
    each.filter_map(|it| hints::refusal_of(file, it))
        .map(|refusal| refusal.at_row(number))
        .collect()
}

/// `loans.csv` is answered by `loans-marked.xlsx`.
fn copy_name(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}-marked.xlsx")
}
