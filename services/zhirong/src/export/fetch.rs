//! Fetching a batch as a stream, by pages or as one file; whatever breaks is taken up where it broke off.

use std::time::Duration;

use api::settlement::v1::download_batch_response::Content;
use api::settlement::v1::{
    ArchiveHeader, DownloadBatchRequest, ListBatchMessagesRequest, StreamBatchRequest,
};
use client::{Client, is_worth_a_retry, within};
use exchange::digest::sha256_hex;
use tonic::Status;

use super::broken;
use super::gather::Pulled;
use crate::error::CommandError;
use crate::output;

/// How long a call may take before it is taken up again.
const LONG: Duration = Duration::from_secs(900);
/// Breaks without anything new after which pulling stops.
const BREAKS_MOST: u32 = 6;
/// Messages a page.
const PAGE: i32 = 1000;

/// Breaks of one pull.
#[derive(Default)]
struct Breaks {
    count: u32,
    reached: u64,
}

impl Breaks {
    /// Pauses after a break, or gives up. `reached` is a number that grows with what came.
    async fn pause(&mut self, call: &'static str, reached: u64, status: Status) -> Result<(), CommandError> {
        self.count = if reached > self.reached { 1 } else { self.count + 1 };
        self.reached = reached;
        if self.count >= BREAKS_MOST || !is_worth_a_retry(&status) {
            return Err(CommandError::call(call, status));
        }
        output::note(&format!(
            "连接中断，从第 {reached} 处继续 / the connection broke, going on after {reached}"
        ));
        tokio::time::sleep(Duration::from_millis(200) * self.count).await;
        Ok(())
    }
}

fn place(sequence: i64) -> u64 {
    u64::try_from(sequence).unwrap_or_default()
}

/// Pulls the whole stream; a break is taken up with the token of the last message that came.
pub(super) async fn stream(client: &Client, name: &str) -> Result<Pulled, CommandError> {
    let (mut pulled, mut breaks) = (Pulled::default(), Breaks::default());
    while let Some(status) = stream_once(client, name, &mut pulled).await? {
        breaks
            .pause("StreamBatch", place(pulled.sequence), status)
            .await?;
    }
    Ok(pulled)
}

/// Reads one stream to its end; a status that broke it is the answer.
async fn stream_once(
    client: &Client,
    name: &str,
    pulled: &mut Pulled,
) -> Result<Option<Status>, CommandError> {
    let request = StreamBatchRequest {
        name: name.to_owned(),
        batch_digest: pulled.batch_digest(),
        resume_token: pulled.resume_token.clone(),
        ..StreamBatchRequest::default()
    };
    let mut stream = match client.settlement().stream_batch(within(request, LONG)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return Ok(Some(status)),
    };
    loop {
        match stream.message().await {
            Ok(Some(message)) => pulled.take(message)?,
            Ok(None) if pulled.trailer.is_some() => return Ok(None),
            // A stream that ends without its trailer was cut off.
            Ok(None) => return Ok(Some(Status::unavailable("the stream ended before its trailer"))),
            Err(status) => return Ok(Some(status)),
        }
    }
}

/// Pulls page by page.
pub(super) async fn pages(client: &Client, name: &str) -> Result<Pulled, CommandError> {
    let (mut pulled, mut breaks) = (Pulled::default(), Breaks::default());
    loop {
        let request = ListBatchMessagesRequest {
            parent: name.to_owned(),
            page_size: PAGE,
            page_token: pulled.resume_token.clone(),
            batch_digest: pulled.batch_digest(),
        };
        match client
            .settlement()
            .list_batch_messages(within(request, LONG))
            .await
        {
            Ok(answer) => {
                let page = answer.into_inner();
                for message in page.messages {
                    pulled.take(message)?;
                }
                if page.next_page_token.is_empty() {
                    return Ok(pulled);
                }
            }
            Err(status) => {
                let reached = place(pulled.sequence);
                breaks.pause("ListBatchMessages", reached, status).await?;
            }
        }
    }
}

/// What a download has brought so far.
#[derive(Default)]
struct Downloaded {
    header: Option<ArchiveHeader>,
    bytes: Vec<u8>,
    is_whole: bool,
}

/// Downloads the archive; a break is taken up at its byte.
pub(super) async fn file(client: &Client, name: &str) -> Result<Vec<u8>, CommandError> {
    let (mut downloaded, mut breaks) = (Downloaded::default(), Breaks::default());
    while let Some(status) = file_once(client, name, &mut downloaded).await? {
        let reached = u64::try_from(downloaded.bytes.len()).unwrap_or(u64::MAX);
        breaks.pause("DownloadBatch", reached, status).await?;
    }
    let stated = downloaded.header.map(|header| (header.sha256, header.size));
    let found = (sha256_hex(&downloaded.bytes), length(&downloaded.bytes));
    if stated.as_ref() != Some(&found) {
        return Err(broken(
            "文件摘要不符",
            "the archive is not what its header states",
        ));
    }
    Ok(downloaded.bytes)
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

async fn file_once(
    client: &Client,
    name: &str,
    downloaded: &mut Downloaded,
) -> Result<Option<Status>, CommandError> {
    let begun = downloaded.header.clone().unwrap_or_default();
    let request = DownloadBatchRequest {
        name: name.to_owned(),
        batch_digest: begun.batch_digest,
        offset: length(&downloaded.bytes),
        archive_digest: begun.sha256,
    };
    let mut stream = match client.settlement().download_batch(within(request, LONG)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return Ok(Some(status)),
    };
    loop {
        match stream.message().await {
            Ok(Some(message)) => downloaded.take(message.content)?,
            Ok(None) if downloaded.is_whole => return Ok(None),
            Ok(None) => return Ok(Some(Status::unavailable("the file ended before its trailer"))),
            Err(status) => return Ok(Some(status)),
        }
    }
}

impl Downloaded {
    fn take(&mut self, content: Option<Content>) -> Result<(), CommandError> {
        match content {
            Some(Content::Header(header)) if header.offset == length(&self.bytes) => {
                self.header = Some(header)
            }
            Some(Content::Chunk(bytes)) if self.header.is_some() => self.bytes.extend_from_slice(&bytes),
            Some(Content::Trailer(trailer)) => {
                let stated = self.header.as_ref().map(|header| header.sha256.as_str());
                self.is_whole = stated == Some(trailer.sha256.as_str());
            }
            _ => {
                return Err(broken(
                    "消息不连续",
                    "the messages of the file do not follow each other",
                ));
            }
        }
        Ok(())
    }
}
