//! The declaration and the bytes, held to each other before anything is read.

use std::time::Instant;

use api::files::v1 as pb;
use api::files::v1::upload_file_request::Message;
use exchange::{File, RefusalCode};
use platform::error::FieldViolation;
use sha2::{Digest, Sha256};
use tonic::{Status, Streaming};

use super::{CHUNK_BYTES, FILE_BYTES, IDLE, IN_ALL};
use crate::error::Error;

/// Characters of a file's name.
const NAME_MOST: usize = 200;

/// What is about to come.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// The declaration, trimmed; its digest tells a repeat from another upload.
    pub(super) message: pb::UploadDeclaration,
    /// Whether it is a workbook by its name.
    pub(super) is_workbook: bool,
    /// The exchange file of a table without a mapping.
    pub(super) file: Option<File>,
    bytes: u64,
    digest: Vec<u8>,
}

impl Declared {
    /// SHA-256 of the call and its declaration, as it is kept beside the request key.
    pub(super) fn body_digest(&self) -> String {
        let digest = ledger::command::fingerprint(super::RPC, &self.message.file_name, &self.message);
        exchange::digest::hex(&digest)
    }
}

/// The next message, waited for only so long. Nothing of the database is held meanwhile.
async fn next(inbound: &mut Streaming<pb::UploadFileRequest>) -> Result<Option<Option<Message>>, Status> {
    let stalled = |_| Error::UploadStalled {
        seconds: IDLE.as_secs(),
    };
    let message = tokio::time::timeout(IDLE, inbound.message())
        .await
        .map_err(stalled)??;
    Ok(message.map(|message| message.message))
}

fn order() -> Error {
    let zh = "第一条消息须为文件声明，其后为文件内容";
    let en = "the first message declares the file, and its bytes follow";
    Error::invalid("message", "UPLOAD_ORDER", zh, en)
}

/// The first message, checked.
pub(super) async fn declaration(inbound: &mut Streaming<pb::UploadFileRequest>) -> Result<Declared, Status> {
    match next(inbound).await? {
        Some(Some(Message::Declaration(declaration))) => Ok(check(declaration)?),
        _ => Err(order().into()),
    }
}

/// The bytes, exactly those declared.
pub(super) async fn bytes(
    inbound: &mut Streaming<pb::UploadFileRequest>,
    declared: &Declared,
) -> Result<Vec<u8>, Status> {
    let began = Instant::now();
    let mut bytes: Vec<u8> = Vec::with_capacity(usize::try_from(declared.bytes).unwrap_or_default());
    let mut hasher = Sha256::new();
    while let Some(message) = next(inbound).await? {
        let Some(Message::Chunk(chunk)) = message else {
            return Err(order().into());
        };
        if chunk.len() > CHUNK_BYTES {
            let zh = format!("每条消息最多 {CHUNK_BYTES} 字节");
            let en = format!("a message carries at most {CHUNK_BYTES} bytes");
            return Err(Error::invalid("chunk", "CHUNK_TOO_LARGE", zh, en).into());
        }
        if began.elapsed() > IN_ALL {
            let seconds = IDLE.as_secs();
            return Err(Error::UploadStalled { seconds }.into());
        }
        hasher.update(&chunk);
        bytes.extend_from_slice(&chunk);
        let came = length(&bytes);
        if came > declared.bytes {
            return Err(differs(declared, came).into());
        }
    }
    if length(&bytes) != declared.bytes {
        return Err(differs(declared, length(&bytes)).into());
    }
    let came: [u8; 32] = hasher.finalize().into();
    if declared.digest != came {
        let error = Error::DigestDiffers {
            declared: exchange::digest::hex(&declared.digest),
            came: exchange::digest::hex(&came),
        };
        return Err(error.into());
    }
    Ok(bytes)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn differs(declared: &Declared, came: u64) -> Error {
    Error::SizeDiffers {
        declared: declared.bytes,
        came,
    }
}

/// Every bad field of a declaration, or what it says.
fn check(mut message: pb::UploadDeclaration) -> Result<Declared, Error> {
    ledger::command::request_key(&message.request_id)?;
    for text in [&mut message.file_name, &mut message.mapping, &mut message.file] {
        *text = text.trim().to_owned();
    }
    message.sha256 = message.sha256.trim().to_ascii_lowercase();
    let mut wrong: Vec<FieldViolation> = Vec::new();
    let mut refuse = |field: &str, code: &'static str, zh: &str, en: &str| {
        wrong.push(FieldViolation {
            field: format!("declaration.{field}"),
            code,
            zh: zh.to_owned(),
            en: en.to_owned(),
        });
    };
    let bytes = u64::try_from(message.size_bytes).unwrap_or_default();
    match bytes {
        0 => refuse(
            "size_bytes",
            RefusalCode::FileEmpty.as_str(),
            RefusalCode::FileEmpty.zh(),
            RefusalCode::FileEmpty.en(),
        ),
        1..=FILE_BYTES => {}
        _ => {
            let code = RefusalCode::FileTooLarge;
            let (zh, en) = (
                format!("{}：最多 20 MiB", code.zh()),
                format!("{}: at most 20 MiB", code.en()),
            );
            refuse("size_bytes", code.as_str(), &zh, &en);
        }
    }
    let digest = exchange::digest::unhex(&message.sha256).filter(|digest| digest.len() == 32);
    if digest.is_none() {
        let (zh, en) = (
            "摘要应为 64 位十六进制的 SHA-256",
            "the digest is SHA-256 in 64 hexadecimal digits",
        );
        refuse("sha256", "UPLOAD_DIGEST_MALFORMED", zh, en);
    }
    let is_workbook = ending_of(&message.file_name);
    if is_workbook.is_none() {
        let (zh, en) = (
            "文件名应以 .xlsx 或 .csv 结尾，不含目录，最多 200 个字符",
            "a file name ends in .xlsx or .csv, has no folder and at most 200 characters",
        );
        refuse("file_name", "FILE_NAME_UNKNOWN", zh, en);
    }
    let is_workbook = is_workbook.unwrap_or_default();
    let file = file_of(&message);
    let is_known = message.file.is_empty() || File::parse(&message.file).is_some();
    if !is_known || (file.is_none() && message.mapping.is_empty() && !is_workbook) {
        let (zh, en) = (
            "无法从文件名得知是哪个文件：改名为如 loans.csv，或写明 file，或指明列映射",
            "the name does not say which file this is: rename it like loans.csv, name the file, or name a mapping",
        );
        refuse("file", "FILE_UNKNOWN", zh, en);
    }
    match digest {
        Some(digest) if wrong.is_empty() => Ok(Declared {
            message,
            is_workbook,
            file,
            bytes,
            digest,
        }),
        _ => Err(ledger::Error::Invalid(wrong).into()),
    }
}

/// Whether the name is a workbook's; none where it is neither that nor a table's.
fn ending_of(name: &str) -> Option<bool> {
    let is_plain = !name.contains(['/', '\\']) && !name.chars().any(char::is_control);
    if !is_plain || name.chars().count() > NAME_MOST {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    // What only looks like a workbook is refused by name once it is read.
    match lower.rsplit_once('.') {
        Some((stem, "csv")) if !stem.is_empty() => Some(false),
        Some((stem, "xlsx" | "xlsm" | "xls" | "xlsb")) if !stem.is_empty() => Some(true),
        _ => None,
    }
}

/// The exchange file of a table: the one named, or the one that its name is, in English or Chinese.
fn file_of(message: &pb::UploadDeclaration) -> Option<File> {
    if !message.file.is_empty() {
        return File::parse(&message.file);
    }
    let (stem, _) = message.file_name.rsplit_once('.')?;
    let english = stem.to_ascii_lowercase();
    File::parse(&english).or_else(|| File::ALL.iter().copied().find(|file| file.zh() == stem))
}
