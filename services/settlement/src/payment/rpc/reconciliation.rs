//! Reconciliation of vouchers and statement.

use api::convert::money;
use api::settlement::v1 as pb;
use chrono::NaiveDate;
use ledger::Caller;
use platform::sealing::Keyring;
use policy::money::Money;
use sqlx::PgConnection;

use super::batch_of;
use super::payments::{state, sum_error};
use super::recoveries::day_of;
use crate::error::Error;
use crate::model::BatchNo;
use crate::payment::Payments;
use crate::payment::account::Account;
use crate::payment::desk::voucher_place;
use crate::payment::model::voucher_prefix;
use crate::payment::reconcile::{Break, Compared, Inside, Outside, ageing, reconcile};
use crate::payment::store::{book, result, voucher};

impl Payments {
    pub(super) async fn get_reconciliation_of(
        &self,
        caller: &Caller,
        body: &pb::GetReconciliationRequest,
    ) -> Result<pb::GetReconciliationResponse, Error> {
        let keys = self.keys()?;
        let number = if body.parent.is_empty() {
            None
        } else {
            Some(batch_of(caller, &body.parent)?)
        };
        let period = match number {
            Some(_) => (NaiveDate::default(), NaiveDate::default()),
            None => (
                day_of(body.from_day.as_ref(), "from_day")?,
                day_of(body.to_day.as_ref(), "to_day")?,
            ),
        };
        let city = caller.city.as_str().to_owned();
        self.read(caller, "payment.reconcile", move |tx| {
            let (keys, number, city) = (keys.clone(), number.clone(), city.clone());
            Box::pin(async move { reconciliation(tx, &keys, &city, number.as_ref(), period).await })
        })
        .await
    }
}

async fn reconciliation(
    tx: &mut PgConnection,
    keys: &Keyring,
    city: &str,
    number: Option<&BatchNo>,
    period: (NaiveDate, NaiveDate),
) -> Result<pb::GetReconciliationResponse, Error> {
    let prefix = number.map_or_else(String::new, voucher_prefix);
    let mut stored = voucher::of_scope(tx, city, &prefix, period).await?;
    let numbers: Vec<String> = stored.iter().map(|it| it.voucher_no.clone()).collect();
    let bookings = result::bookings(tx, city, &prefix, period, &numbers).await?;
    // A transfer of the period may belong to a voucher of an earlier one.
    for booking in &bookings {
        if stored.iter().all(|it| it.voucher_no != booking.voucher_no) {
            stored.extend(voucher::find(tx, city, &booking.voucher_no).await?);
        }
    }
    let mut inside = Vec::with_capacity(stored.len());
    for it in stored {
        let opened = Account::open(keys, &it.key_id, &it.sealed, &voucher_place(city, &it.voucher_no))?;
        inside.push(Inside {
            amount: Money::from_fen(it.amount_fen),
            account_tail: opened.tail(),
            voucher_no: it.voucher_no,
            state: it.state,
        });
    }
    let outside: Vec<Outside> = bookings
        .into_iter()
        .map(|it| Outside {
            bank_serial: it.bank_serial,
            voucher_no: it.voucher_no,
            amount: Money::from_fen(it.amount_fen),
            account_tail: it.account_tail,
        })
        .collect();
    let unpaid: Vec<(i64, Money)> = book::unpaid(tx, city, number)
        .await?
        .into_iter()
        .map(|(days, fen)| (i64::from(days), Money::from_fen(fen)))
        .collect();
    let buckets = ageing(&unpaid).map_err(sum_error)?;
    Ok(pb::GetReconciliationResponse {
        rows: reconcile(&inside, &outside)
            .map_err(sum_error)?
            .into_iter()
            .map(row)
            .collect(),
        ageing: buckets
            .into_iter()
            .map(|(from_days, to_days, payments_count, amount)| pb::AgeingBucket {
                from_days,
                to_days,
                payments_count,
                amount: Some(money(amount)),
            })
            .collect(),
    })
}

fn row(compared: Compared) -> pb::ReconciliationRow {
    let kind = match compared.kind {
        Break::Matched => pb::BreakKind::Matched,
        Break::Rejected => pb::BreakKind::Rejected,
        Break::AmountDiffers => pb::BreakKind::AmountDiffers,
        Break::Duplicate => pb::BreakKind::Duplicate,
        Break::MissingInside => pb::BreakKind::MissingInside,
        Break::MissingOutside => pb::BreakKind::MissingOutside,
        Break::Returned => pb::BreakKind::Returned,
        Break::AccountDiffers => pb::BreakKind::AccountDiffers,
    };
    let inside = compared.inside;
    pb::ReconciliationRow {
        voucher_no: compared.voucher_no,
        kind: kind.into(),
        inside: inside.as_ref().map(|it| money(it.amount)),
        outside: compared.net.map(money),
        bank_serials: compared.bank_serials,
        state: inside.map(|it| state(&it.state)).unwrap_or_default().into(),
    }
}
