//! Downloading the archive of a batch; whatever breaks is taken up at its byte.

use api::settlement::v1::download_batch_response::Content;
use api::settlement::v1::{ArchiveHeader, DownloadBatchRequest};
use sha2::{Digest, Sha256};
use tonic::Status;

use crate::error::PullError;
use crate::pull::{Breaks, LONG, name_of};
use crate::{Client, within};

/// A batch being downloaded as one ZIP archive, made by [`Client::download`].
pub struct Download {
    client: Client,
    name: String,
    header: Option<ArchiveHeader>,
    bytes: Vec<u8>,
    is_whole: bool,
    breaks: Breaks,
}

impl Client {
    /// Begins to download a batch, named `410500-2025-001` or `batches/410500-2025-001`. Nothing is sent yet.
    #[must_use]
    pub fn download(&self, batch: &str) -> Download {
        Download {
            client: self.clone(),
            name: name_of(batch),
            header: None,
            bytes: Vec::new(),
            is_whole: false,
            breaks: Breaks::default(),
        }
    }
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

impl Download {
    /// Calls `heard` at every break with the bytes that came and the status.
    #[must_use]
    pub fn on_break(mut self, heard: impl Fn(u64, &Status) + Send + Sync + 'static) -> Self {
        self.breaks.heard = Some(Box::new(heard));
        self
    }

    /// The bytes of the archive; their size and SHA-256 are those that its header states.
    ///
    /// # Errors
    /// As [`crate::Pull::next`].
    pub async fn into_bytes(mut self) -> Result<Vec<u8>, PullError> {
        while let Some(status) = self.once().await? {
            let reached = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
            self.breaks.pause("DownloadBatch", reached, status).await?;
        }
        let stated = self.header.map(|header| (header.sha256, header.size));
        let digest = exchange::digest::hex(&Sha256::digest(&self.bytes));
        if stated != Some((digest, length(&self.bytes))) {
            let en = "the archive is not what its header states";
            return Err(PullError::differs("文件摘要不符", en));
        }
        Ok(self.bytes)
    }

    /// Reads one answer to its end; a status that broke it is the answer.
    async fn once(&mut self) -> Result<Option<Status>, PullError> {
        let begun = self.header.clone().unwrap_or_default();
        let request = DownloadBatchRequest {
            name: self.name.clone(),
            batch_digest: begun.batch_digest,
            offset: length(&self.bytes),
            archive_digest: begun.sha256,
        };
        let mut settlement = self.client.settlement();
        let mut stream = match settlement.download_batch(within(request, LONG)).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Ok(Some(status)),
        };
        loop {
            match stream.message().await {
                Ok(Some(message)) => self.take(message.content)?,
                Ok(None) if self.is_whole => return Ok(None),
                Ok(None) => return Ok(Some(Status::unavailable("the file ended before its trailer"))),
                Err(status) => return Ok(Some(status)),
            }
        }
    }

    fn take(&mut self, content: Option<Content>) -> Result<(), PullError> {
        match content {
            Some(Content::Header(header)) if header.offset == length(&self.bytes) => {
                self.header = Some(header);
            }
            Some(Content::Chunk(bytes)) if self.header.is_some() => self.bytes.extend_from_slice(&bytes),
            Some(Content::Trailer(trailer)) => {
                let stated = self.header.as_ref().map(|header| header.sha256.as_str());
                self.is_whole = stated == Some(trailer.sha256.as_str());
            }
            _ => {
                let en = "the messages of the file do not follow each other";
                return Err(PullError::differs("消息不连续", en));
            }
        }
        Ok(())
    }
}
