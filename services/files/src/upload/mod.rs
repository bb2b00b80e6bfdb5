//! An upload: declared, received, read, stored row by row, answered with its marked copy.

mod answer;
mod gate;
mod hints;
mod receive;
mod rows;
mod sheets;

use std::time::Duration;

use api::files::v1 as pb;
use ledger::Caller;
use ledger::command::Call;
use ledger::long::Begun;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::Files;
use crate::error::Error;
use crate::rpc::Messages;
use answer::StoredAnswer;
use receive::Declared;
use sheets::Sheets;

pub(crate) use gate::Gate;

/// Most bytes of a file.
const FILE_BYTES: u64 = 20 << 20;
/// Most bytes of one chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// How long the next message is waited for.
const IDLE: Duration = Duration::from_secs(30);
/// How long the bytes of a file may take to come, and then how long it may take to be read.
const IN_ALL: Duration = Duration::from_secs(600);
/// Refused rows that are listed and marked.
const REFUSED_MOST: usize = 10_000;
/// Refused rows of one message.
const REFUSED_A_MESSAGE: usize = 500;
/// Answers that may wait for a slow reader.
const ANSWERS_WAITING: usize = 4;
/// The call's name.
const RPC: &str = "UploadFile";

type Answers = mpsc::Sender<Result<pb::UploadFileResponse, Status>>;

impl Files {
    /// Answers an upload.
    pub(crate) fn upload(
        &self,
        caller: Caller,
        mut inbound: Streaming<pb::UploadFileRequest>,
    ) -> Messages<pb::UploadFileResponse> {
        let (answers, stream) = mpsc::channel(ANSWERS_WAITING);
        let files = self.clone();
        let trace = tracing::Span::current();
        tokio::spawn(tracing::Instrument::instrument(
            async move {
                if let Err(error) = files.drive(&caller, &mut inbound, &answers).await {
                    // The receiver may be gone already: then nobody is left to tell.
                    let _gone = answers.send(Err(error)).await;
                }
            },
            trace,
        ));
        Box::pin(ReceiverStream::new(stream))
    }

    async fn drive(
        &self,
        caller: &Caller,
        inbound: &mut Streaming<pb::UploadFileRequest>,
        answers: &Answers,
    ) -> Result<(), Status> {
        let declared = receive::declaration(inbound).await?;
        let _entered = self.gate.enter(format!("{}/{}", caller.city, caller.holder))?;
        let bytes = receive::bytes(inbound, &declared).await?;
        let mapping = match declared.message.mapping.as_str() {
            "" => None,
            name => Some(self.mapping_to_apply(caller, name).await?),
        };
        let sheets = sheets::read(bytes, &declared, mapping, caller).await?;
        let answer = self.take(caller, &declared, &sheets).await?;
        answer::send(answer, sheets, &declared, answers).await
    }

    /// Stores the rows, or answers what became of them before.
    async fn take(
        &self,
        caller: &Caller,
        declared: &Declared,
        sheets: &Sheets,
    ) -> Result<StoredAnswer, Error> {
        if declared.message.check_only {
            let key = ledger::command::request_key(&declared.message.request_id)?;
            return self.rows(caller, declared, sheets, key).await;
        }
        let call = Call {
            caller,
            rpc: RPC,
            request_id: &declared.message.request_id,
            body: &declared.message,
            object: declared.message.file_name.clone(),
            on_behalf: false,
            writes_facts: false,
        };
        match self.ledger.begin(&call).await? {
            Begun::Answered(answer) => Ok(answer),
            Begun::Open(stamp) => {
                let answer = self.rows(caller, declared, sheets, stamp.request_id).await?;
                Ok(self.ledger.finish(&call, stamp, answer).await?)
            }
        }
    }
}
