//! Files as partners send them: declared, in chunks, and what comes back.

use api::files::v1 as pb;
use api::files::v1::upload_file_request::Message as Sent;
use api::files::v1::upload_file_response::Message as Got;
use client::Client;
use exchange::{File, Grid, GridRow};
use tonic::Status;
use workbook::{Limits, Marks};

use crate::ids;

/// What an upload answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Uploaded {
    /// The summary.
    pub summary: pb::UploadSummary,
    /// Every listed refused row.
    pub refused: Vec<pb::RefusedRow>,
    /// The marked copy.
    pub marked_copy: Vec<u8>,
}

impl Uploaded {
    /// Rows stored, unchanged and refused.
    pub fn counts(&self) -> (i64, i64, i64) {
        let total = self.summary.total.unwrap();
        (total.stored, total.unchanged, total.refused)
    }

    /// Row, column, header and code of everything refused.
    pub fn refusals(&self) -> Vec<(i32, &str, &str, &str)> {
        let mut all = Vec::new();
        for row in &self.refused {
            for cell in &row.refusals {
                let refusal = cell.refusal.as_ref().unwrap();
                let hint = cell.hint.as_ref().unwrap();
                assert!(!hint.zh.is_ascii() && !hint.en.is_empty(), "{hint:?}");
                assert_eq!((refusal.row, &refusal.file), (row.row, &row.file));
                all.push((
                    row.row,
                    refusal.column.as_str(),
                    cell.header.as_str(),
                    refusal.code.as_str(),
                ));
            }
        }
        all
    }
}

/// The true declaration of a file.
pub fn declaration(file_name: &str, bytes: &[u8]) -> pb::UploadDeclaration {
    pb::UploadDeclaration {
        request_id: ids::request_id(),
        file_name: file_name.to_owned(),
        size_bytes: i64::try_from(bytes.len()).unwrap(),
        sha256: exchange::digest::hex(&exchange::digest::sha256(bytes)),
        ..pb::UploadDeclaration::default()
    }
}

/// The messages of an upload, chunks of at most this many bytes.
pub fn messages(declaration: pb::UploadDeclaration, bytes: &[u8], size: usize) -> Vec<pb::UploadFileRequest> {
    let chunks = bytes.chunks(size).map(|chunk| Sent::Chunk(chunk.to_vec()));
    let all = std::iter::once(Sent::Declaration(declaration)).chain(chunks);
    all.map(|message| pb::UploadFileRequest {
        message: Some(message),
    })
    .collect()
}

/// Sends messages and gathers the answer, which begins with the summary.
pub async fn send_messages(
    client: &Client,
    messages: Vec<pb::UploadFileRequest>,
) -> Result<Uploaded, Status> {
    let request = tokio_stream::iter(messages);
    let mut answers = client.files().upload_file(request).await?.into_inner();
    let mut uploaded = Uploaded::default();
    let mut count = 0;
    while let Some(answer) = answers.message().await? {
        let message = answer.message.unwrap();
        assert_eq!(
            count == 0,
            matches!(message, Got::Summary(_)),
            "the summary comes first and once"
        );
        count += 1;
        match message {
            Got::Summary(summary) => uploaded.summary = summary,
            Got::RefusedRows(rows) => uploaded.refused.extend(rows.rows),
            Got::MarkedCopyChunk(chunk) => uploaded.marked_copy.extend(chunk),
        }
    }
    let summary = &uploaded.summary;
    assert_eq!(
        usize::try_from(summary.marked_copy_size_bytes).unwrap(),
        uploaded.marked_copy.len()
    );
    if !uploaded.marked_copy.is_empty() {
        let digest = exchange::digest::hex(&exchange::digest::sha256(&uploaded.marked_copy));
        assert_eq!(summary.marked_copy_sha256, digest);
    }
    Ok(uploaded)
}

/// Sends a declared file.
pub async fn send_declared(
    client: &Client,
    declaration: pb::UploadDeclaration,
    bytes: &[u8],
) -> Result<Uploaded, Status> {
    send_messages(client, messages(declaration, bytes, 64 * 1024)).await
}

/// Sends a file under a key of its own.
pub async fn send(client: &Client, file_name: &str, bytes: &[u8]) -> Uploaded {
    send_declared(client, declaration(file_name, bytes), bytes)
        .await
        .unwrap()
}

/// A table of a file: the header, then the rows from row 2 on.
pub fn grid(file: File, header: &[&str], rows: &[&[&str]]) -> Grid {
    let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let numbered = rows.iter().zip(2..).map(|(cells, number)| GridRow {
        number,
        cells: owned(cells),
        faults: Vec::new(),
    });
    Grid {
        file,
        title: file.as_str().to_owned(),
        header_row: 1,
        header: owned(header),
        rows: numbered.collect(),
    }
}

/// A workbook of tables.
pub fn workbook(grids: &[Grid]) -> Vec<u8> {
    workbook::marked(grids, &Marks::default()).unwrap()
}

/// The tables of a workbook.
pub fn read(bytes: &[u8]) -> Vec<Grid> {
    workbook::read(bytes, &Limits::default()).unwrap()
}
