//! A batch as one file: the archive of the folder that `export` writes.

use api::settlement::v1 as pb;
use api::settlement::v1::download_batch_response::Content;
use exchange::archive::Archive;
use ledger::Caller;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::super::change::number_of;
use super::MESSAGES_WAITING;
use super::proof::prove;
use crate::Settlement;
use crate::error::Error;

/// Most bytes of one message.
const CHUNK: usize = 64 << 10;

impl Settlement {
    pub(in crate::rpc) async fn download(
        &self,
        caller: &Caller,
        body: &pb::DownloadBatchRequest,
    ) -> Result<ReceiverStream<Result<pb::DownloadBatchResponse, Status>>, Error> {
        let number = number_of(caller, &body.name)?;
        let batch_no = number.to_string();
        let digest = body.batch_digest.clone();
        let proven = self
            .ledger
            .database
            .snapshot(
                "settlement.download",
                &caller.scope(self.ledger.role),
                move |tx| {
                    let (number, digest) = (number.clone(), digest.clone());
                    Box::pin(async move { prove(tx, &number, &digest).await })
                },
            )
            .await?;
        let archive = Archive::of(proven.files).map_err(|_| Error::BatchTooLarge {
            batch_no: batch_no.clone(),
        })?;
        if !body.archive_digest.is_empty() && body.archive_digest != archive.sha256() {
            return Err(Error::BatchDigestMismatch { batch_no });
        }
        let size = i64::try_from(archive.size()).unwrap_or(i64::MAX);
        if !(0..=size).contains(&body.offset) {
            let zh = format!("起始字节须在 0 至 {size} 之间");
            let en = format!("the offset is from 0 to {size}");
            return Err(ledger::Error::invalid("offset", "OFFSET_INVALID", zh, en).into());
        }
        let header = pb::ArchiveHeader {
            file_name: format!("{batch_no}.zip"),
            size,
            sha256: archive.sha256().to_owned(),
            batch_digest: proven.receipt.batch_digest,
            offset: body.offset,
        };
        let (messages, stream) = mpsc::channel(MESSAGES_WAITING);
        tokio::spawn(send(messages, archive, header));
        Ok(ReceiverStream::new(stream))
    }
}

/// Sends the header, the bytes from the offset on and the trailer, until the reader goes away.
async fn send(
    messages: mpsc::Sender<Result<pb::DownloadBatchResponse, Status>>,
    archive: Archive,
    header: pb::ArchiveHeader,
) {
    let trailer = pb::ArchiveTrailer {
        sent: header.size - header.offset,
        sha256: header.sha256.clone(),
        batch_digest: header.batch_digest.clone(),
    };
    let offset = u64::try_from(header.offset).unwrap_or_default();
    let chunks = archive
        .chunks(offset, CHUNK)
        .map(|chunk| Content::Chunk(chunk.to_vec()));
    let contents = std::iter::once(Content::Header(header))
        .chain(chunks)
        .chain(std::iter::once(Content::Trailer(trailer)));
    for content in contents {
        let response = pb::DownloadBatchResponse {
            content: Some(content),
        };
        if messages.send(Ok(response)).await.is_err() {
            return;
        }
    }
}
