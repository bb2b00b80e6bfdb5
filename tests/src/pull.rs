//! Pulling a batch in its three ways, cut wherever a test wants.

use std::time::Duration;

use api::settlement::v1 as pb;
use api::settlement::v1::download_batch_response::Content;
use client::{Client, within};
use tonic::Status;

const LONG: Duration = Duration::from_secs(300);

/// The request that streams a batch after a token.
pub fn streaming(name: &str, resume_token: &str) -> pb::StreamBatchRequest {
    pb::StreamBatchRequest {
        name: name.to_owned(),
        resume_token: resume_token.to_owned(),
        ..pb::StreamBatchRequest::default()
    }
}

/// At most `most` messages of the stream after a token; then the connection is dropped.
///
/// # Errors
/// The refusal.
pub async fn stream(
    client: &Client,
    request: pb::StreamBatchRequest,
    most: usize,
) -> Result<Vec<pb::StreamBatchResponse>, Status> {
    let answer = client.settlement().stream_batch(within(request, LONG)).await?;
    let (mut stream, mut messages) = (answer.into_inner(), Vec::new());
    while messages.len() < most {
        match stream.message().await? {
            Some(message) => messages.push(message),
            None => break,
        }
    }
    Ok(messages)
}

/// The request of a page.
pub fn paging(name: &str, size: i32, page_token: &str) -> pb::ListBatchMessagesRequest {
    pb::ListBatchMessagesRequest {
        parent: name.to_owned(),
        page_size: size,
        page_token: page_token.to_owned(),
        batch_digest: String::new(),
    }
}

/// Every message, page by page.
///
/// # Errors
/// The refusal.
pub async fn pages(client: &Client, name: &str, size: i32) -> Result<Vec<pb::StreamBatchResponse>, Status> {
    let (mut token, mut messages) = (String::new(), Vec::new());
    loop {
        let request = within(paging(name, size, &token), LONG);
        let page = client
            .settlement()
            .list_batch_messages(request)
            .await?
            .into_inner();
        assert!(page.messages.len() <= usize::try_from(size).unwrap());
        messages.extend(page.messages);
        token = page.next_page_token;
        if token.is_empty() {
            return Ok(messages);
        }
    }
}

/// The request of a download.
pub fn downloading(name: &str, offset: i64) -> pb::DownloadBatchRequest {
    pb::DownloadBatchRequest {
        name: name.to_owned(),
        offset,
        ..pb::DownloadBatchRequest::default()
    }
}

/// The header, the bytes and the trailer of a download.
pub type Download = (pb::ArchiveHeader, Vec<u8>, pb::ArchiveTrailer);

/// Downloads the archive.
///
/// # Errors
/// The refusal.
pub async fn download(client: &Client, request: pb::DownloadBatchRequest) -> Result<Download, Status> {
    let answer = client.settlement().download_batch(within(request, LONG)).await?;
    let mut stream = answer.into_inner();
    let (mut header, mut bytes, mut trailer) = (None, Vec::new(), None);
    while let Some(message) = stream.message().await? {
        assert!(trailer.is_none(), "nothing follows the trailer");
        match message.content.unwrap() {
            Content::Header(it) => assert!(header.replace(it).is_none()),
            Content::Chunk(chunk) => bytes.extend_from_slice(&chunk),
            Content::Trailer(it) => trailer = Some(it),
        }
    }
    Ok((header.unwrap(), bytes, trailer.unwrap()))
}
