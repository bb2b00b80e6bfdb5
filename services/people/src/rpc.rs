//! The calls about sessions.

use api::convert::timestamp;
use api::people::v1 as pb;
use api::people::v1::people_service_server::{PeopleService, PeopleServiceServer};
use ledger::command::Call;
use ledger::read::{page_behind, page_size};
use ledger::{Caller, Ledger, Role};
use platform::serve::max_message_bytes;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::error::Error;
use crate::store::session::{self, Stored};

/// The service.
#[derive(Clone)]
struct People {
    ledger: Ledger,
}

/// Adds the service's routes.
pub fn routes(builder: &mut tonic::service::RoutesBuilder, ledger: Ledger) {
    let service = People { ledger };
    builder.add_service(PeopleServiceServer::new(service).max_decoding_message_size(max_message_bytes()));
}

fn name(session_id: Uuid) -> String {
    format!("sessions/{session_id}")
}

fn message(stored: &Stored) -> pb::Session {
    let binding = match stored.bound_kind.as_str() {
        "certificate" => pb::SessionBinding::Certificate,
        _ => pb::SessionBinding::Dpop,
    };
    let state = match (&stored.revoked_by, stored.is_open) {
        (Some(_), _) => pb::SessionState::Revoked,
        (None, true) => pb::SessionState::Open,
        (None, false) => pb::SessionState::Expired,
    };
    pb::Session {
        name: name(stored.session_id),
        subject: stored.subject.clone(),
        display_name: stored.name.clone(),
        role: stored.role.clone(),
        binding: binding.into(),
        state: state.into(),
        created_at: Some(timestamp(stored.created_at)),
        last_used_at: Some(timestamp(stored.last_used_at)),
        ends_at: Some(timestamp(stored.ends_at)),
        revoked_by: stored.revoked_by.clone().unwrap_or_default(),
    }
}

impl People {
    async fn list(
        &self,
        caller: &Caller,
        body: &pb::ListSessionsRequest,
    ) -> Result<pb::ListSessionsResponse, Error> {
        let size = page_size(body.page_size)?;
        let before: Option<Uuid> = page_behind(&body.page_token)?;
        let (city, subject) = (caller.city.as_str().to_owned(), body.subject.clone());
        let stored: Result<Vec<Stored>, Error> = self
            .ledger
            .database
            .read("people.list", &caller.scope(self.ledger.role), move |tx| {
                let (city, subject) = (city.clone(), subject.clone());
                let page = size.saturating_add(1);
                Box::pin(async move { session::list(tx, &city, (&subject, before, page)).await })
            })
            .await;
        let mut stored = stored?;
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = stored.len() > length;
        stored.truncate(length);
        let last = stored.last().filter(|_| has_more);
        Ok(pb::ListSessionsResponse {
            next_page_token: last.map(|last| last.session_id.to_string()).unwrap_or_default(),
            sessions: stored.iter().map(message).collect(),
        })
    }

    async fn revoke(
        &self,
        caller: &Caller,
        body: &pb::RevokeSessionsRequest,
    ) -> Result<pb::RevokeSessionsResponse, Error> {
        if !body.subject.starts_with("person:") {
            let wrong = ledger::Error::invalid(
                "subject",
                "SESSION_SUBJECT_INVALID",
                "主体应为 person: 加身份提供方的编号",
                "a subject is person: and the provider's id",
            );
            return Err(wrong.into());
        }
        let call = Call {
            object: format!("sessions of {}", body.subject),
            ..Call::of(caller, "RevokeSessions", &body.request_id, body)
        };
        let subject = body.subject.clone();
        self.ledger
            .command(call, move |tx, stamp| {
                let subject = subject.clone();
                Box::pin(async move {
                    let ended =
                        session::end_all(tx, stamp.city.as_str(), &subject, &stamp.reported_by).await?;
                    Ok(pb::RevokeSessionsResponse {
                        ended: i32::try_from(ended).unwrap_or(i32::MAX),
                        audit_head: None,
                    })
                })
            })
            .await
    }
}

#[tonic::async_trait]
impl PeopleService for People {
    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let caller = Caller::admitted(&request, &[Role::Bureau, Role::Auditor], "ListSessions")?;
        Ok(Response::new(self.list(&caller, request.get_ref()).await?))
    }

    async fn revoke_sessions(
        &self,
        request: Request<pb::RevokeSessionsRequest>,
    ) -> Result<Response<pb::RevokeSessionsResponse>, Status> {
        let caller = Caller::admitted(&request, &[Role::Bureau], "RevokeSessions")?;
        Ok(Response::new(self.revoke(&caller, request.get_ref()).await?))
    }
}
