//! The calls that every process serves: reading the audit trail.

use api::ledger::v1 as pb;
use api::ledger::v1::audit_service_server::{AuditService, AuditServiceServer};
use platform::serve::max_message_bytes;
use prost::Message;
use tonic::{Request, Response, Status};

use crate::audit_chain::row_to_wire;
use crate::caller::{Caller, Role};
use crate::command::Ledger;
use crate::error::Error;
use crate::read::page_size;
use crate::store::audit;

/// The health name of the audit service.
pub const HEALTH: &[&str] = &["zhirong.ledger.v1.AuditService"];

/// Bytes of rows that one answer holds at most, if it holds more than one row: an object may be long.
const PAGE_BYTES_MOST: usize = 1 << 20;

/// The audit service.
#[derive(Clone)]
struct Audit {
    ledger: Ledger,
}

/// Adds the audit service, in the role of whichever service the process runs.
pub fn routes(builder: &mut tonic::service::RoutesBuilder, ledger: Ledger) {
    let service = Audit { ledger };
    builder.add_service(AuditServiceServer::new(service).max_decoding_message_size(max_message_bytes()));
}

#[tonic::async_trait]
impl AuditService for Audit {
    async fn list_audit_rows(
        &self,
        request: Request<pb::ListAuditRowsRequest>,
    ) -> Result<Response<pb::ListAuditRowsResponse>, Status> {
        let caller = Caller::admitted(&request, &Role::ALL, "ListAuditRows")?;
        Ok(Response::new(self.rows(&caller, request.get_ref()).await?))
    }

    async fn list_audit_heads(
        &self,
        request: Request<pb::ListAuditHeadsRequest>,
    ) -> Result<Response<pb::ListAuditHeadsResponse>, Status> {
        let caller = Caller::admitted(&request, &Role::ALL, "ListAuditHeads")?;
        Ok(Response::new(self.heads(&caller).await?))
    }
}

impl Audit {
    async fn rows(
        &self,
        caller: &Caller,
        body: &pb::ListAuditRowsRequest,
    ) -> Result<pb::ListAuditRowsResponse, Error> {
        let stream = match body.stream.as_str() {
            "" => caller.stream().to_owned(),
            stream => stream.to_owned(),
        };
        // Another's stream and one that is not there are answered alike.
        if caller.role == Role::Institution && stream != caller.stream() {
            return Err(Error::NotFound { name: stream });
        }
        let size = page_size(body.page_size)?;
        let (city, after) = (caller.city.clone(), body.after_chain_no);
        let rows = self
            .ledger
            .database
            .read("ledger.audit_rows", &caller.scope(self.ledger.role), move |tx| {
                let (city, stream) = (city.clone(), stream.clone());
                Box::pin(async move { audit::page(tx, city.as_str(), &stream, after, size).await })
            })
            .await?;
        let mut answer = pb::ListAuditRowsResponse::default();
        let mut bytes = 0;
        for row in rows.iter().map(row_to_wire) {
            bytes += row.encoded_len();
            if bytes > PAGE_BYTES_MOST && !answer.rows.is_empty() {
                break;
            }
            answer.rows.push(row);
        }
        Ok(answer)
    }

    async fn heads(&self, caller: &Caller) -> Result<pb::ListAuditHeadsResponse, Error> {
        let city = caller.city.clone();
        self.ledger
            .database
            .snapshot("ledger.audit_heads", &caller.scope(self.ledger.role), move |tx| {
                let city = city.clone();
                Box::pin(async move {
                    Ok(pb::ListAuditHeadsResponse {
                        heads: audit::heads(tx, city.as_str()).await?,
                        answered_heads: audit::answered_heads(tx, city.as_str()).await?,
                    })
                })
            })
            .await
    }
}
