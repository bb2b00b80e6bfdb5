//! The calendar of working days: set, listed.

use api::convert::date;
use api::settlement::v1 as pb;
use ledger::command::Call;
use ledger::{Caller, both, every};

use super::super::change::{day_of, invalid, text_of, year_of};
use super::REASON;
use crate::Settlement;
use crate::error::Error;
use crate::store::calendar::{self, CalendarDay};

/// Most days of one call: a year.
const DAYS: usize = 400;

fn days_of(body: &pb::SetCalendarRequest) -> Result<Vec<CalendarDay>, Error> {
    let refused = || {
        invalid(
            "days",
            "DAYS_INVALID",
            "须为1至400个互不相同的日期",
            "1 to 400 different days are required",
        )
    };
    let read = body
        .days
        .iter()
        .take(DAYS + 1)
        .map(|day| -> Result<CalendarDay, Error> {
            let stated = day_of("days", day.day.as_ref()).and_then(|day| day.ok_or_else(refused));
            let texts = both(
                text_of("days", &day.name, REASON),
                text_of("days", &day.source, REASON),
            );
            let (on, (name, source)) = both(stated, texts)?;
            Ok(CalendarDay {
                day: on,
                is_working: day.is_working,
                name,
                source,
                is_own: true,
            })
        });
    let mut days = every(read)?;
    days.sort_by_key(|day| day.day);
    let is_repeated = days.windows(2).any(|two| two[0].day == two[1].day);
    if days.is_empty() || days.len() > DAYS || is_repeated {
        return Err(refused());
    }
    Ok(days)
}

fn message(day: CalendarDay) -> pb::CalendarDay {
    pb::CalendarDay {
        day: Some(date(day.day)),
        is_working: day.is_working,
        name: day.name,
        source: day.source,
        is_own: day.is_own,
    }
}

impl Settlement {
    pub(super) async fn on_set_calendar(
        &self,
        caller: &Caller,
        body: &pb::SetCalendarRequest,
    ) -> Result<pb::SetCalendarResponse, Error> {
        let days = days_of(body)?;
        let call = Call::of(caller, "SetCalendar", &body.request_id, body);
        self.ledger
            .command(call, move |tx, stamp| {
                let days = days.clone();
                Box::pin(async move {
                    calendar::set(tx, stamp.city.as_str(), &days).await?;
                    Ok::<_, Error>(pb::SetCalendarResponse {
                        days_count: i32::try_from(days.len()).unwrap_or(i32::MAX),
                        audit_head: None,
                    })
                })
            })
            .await
    }

    pub(super) async fn on_list_calendar(
        &self,
        caller: &Caller,
        body: &pb::ListCalendarRequest,
    ) -> Result<pb::ListCalendarResponse, Error> {
        let year = year_of(body.year)?.number();
        let (city, scope) = (caller.city.clone(), caller.scope(self.ledger.role));
        let days = self
            .ledger
            .database
            .snapshot("settlement.list_calendar", &scope, move |tx| {
                let city = city.clone();
                Box::pin(async move { calendar::of_year(tx, city.as_str(), year).await })
            })
            .await?;
        Ok(pb::ListCalendarResponse {
            days: days.into_iter().map(message).collect(),
        })
    }
}
