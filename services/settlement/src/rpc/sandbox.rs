//! What only a sandbox can do: its business date moves.

use api::convert::date;
use api::settlement::v1 as pb;
use api::settlement::v1::sandbox_service_server::SandboxService;
use ledger::Caller;
use ledger::command::Call;
use platform::database::Retryable;
use tonic::{Request, Response};

use super::change::{day_of, invalid};
use super::{Answer, MAKER};
use crate::Settlement;
use crate::error::Error;
use crate::store::business_date;

/// Most days of one step: ten years.
const DAYS: i32 = 3660;

#[tonic::async_trait]
impl SandboxService for Settlement {
    async fn advance_business_date(
        &self,
        request: Request<pb::AdvanceBusinessDateRequest>,
    ) -> Answer<pb::AdvanceBusinessDateResponse> {
        let caller = Caller::admitted(&request, MAKER, "AdvanceBusinessDate")?;
        Ok(Response::new(self.advance(&caller, request.get_ref()).await?))
    }
}

impl Settlement {
    async fn advance(
        &self,
        caller: &Caller,
        body: &pb::AdvanceBusinessDateRequest,
    ) -> Result<pb::AdvanceBusinessDateResponse, Error> {
        use pb::advance_business_date_request::Step;
        let step = match &body.step {
            Some(Step::Days(days)) if (1..=DAYS).contains(days) => (*days, None),
            Some(Step::To(day)) => (0, day_of("to", Some(day))?),
            _ => return Err(too_far()),
        };
        let call = Call {
            object: "business_date".to_owned(),
            ..Call::of(caller, "AdvanceBusinessDate", &body.request_id, body)
        };
        let role = self.ledger.role;
        self.ledger
            .command(call, move |tx, stamp| {
                Box::pin(async move {
                    let moved = business_date::advance(tx, stamp.city.as_str(), role, step).await;
                    let today = moved.map_err(|error| if is_bound(&error) { too_far() } else { error })?;
                    Ok::<_, Error>(pb::AdvanceBusinessDateResponse {
                        business_date: Some(date(today)),
                        audit_head: None,
                    })
                })
            })
            .await
    }
}

fn too_far() -> Error {
    invalid(
        "days",
        "DAYS_INVALID",
        "须为1至3660天，或一个日期；最多推进一百年",
        "1 to 3660 days are required, or a day; in all the date moves a hundred years at most",
    )
}

/// Whether the database refused to move the date any further.
fn is_bound(error: &Error) -> bool {
    let database = error.as_sqlx().and_then(platform::sqlx::Error::as_database_error);
    database.and_then(|error| error.constraint()) == Some("business_date_forward")
}
