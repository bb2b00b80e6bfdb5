//! Reconciliation: a pure comparison of our vouchers with the bank's statement, and the ageing of unpaid money.

use std::collections::{BTreeMap, BTreeSet};

use policy::money::{Money, MoneyError};

/// How a voucher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Break {
    Matched,
    Rejected,
    AmountDiffers,
    Duplicate,
    MissingInside,
    MissingOutside,
    Returned,
    AccountDiffers,
}

/// A voucher of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inside {
    pub(crate) voucher_no: String,
    pub(crate) amount: Money,
    /// State of its payment, or of this attempt where a later one was made.
    pub(crate) state: String,
    pub(crate) account_tail: String,
}

/// A row of the statement: above 0 paid out, 0 refused, below 0 come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outside {
    pub(crate) bank_serial: String,
    pub(crate) voucher_no: String,
    pub(crate) amount: Money,
    pub(crate) account_tail: String,
}

/// A voucher number on either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) voucher_no: String,
    pub(crate) kind: Break,
    pub(crate) inside: Option<Inside>,
    pub(crate) net: Option<Money>,
    pub(crate) bank_serials: Vec<String>,
}

fn kind_of(inside: Option<&Inside>, rows: &[&Outside]) -> Break {
    let Some(inside) = inside.filter(|inside| inside.state != "prepared") else {
        return Break::MissingInside;
    };
    let out: Vec<&&Outside> = rows.iter().filter(|row| row.amount > Money::ZERO).collect();
    let is_back = rows.iter().any(|row| row.amount < Money::ZERO);
    let is_returned = inside.state.starts_with("returned");
    match out.as_slice() {
        [] if !rows.is_empty() || is_returned => Break::Rejected,
        [] => Break::MissingOutside,
        [_, _, ..] => Break::Duplicate,
        [one] if one.amount != inside.amount => Break::AmountDiffers,
        [one] if !one.account_tail.is_empty() && one.account_tail != inside.account_tail => {
            Break::AccountDiffers
        }
        [_] if is_back || is_returned => Break::Returned,
        [_] => Break::Matched,
    }
}

/// Compares two lists by voucher number, ascending.
///
/// A voucher that was not exported counts as not ours yet: money that left for it is missing inside.
pub(crate) fn reconcile(inside: &[Inside], outside: &[Outside]) -> Result<Vec<Compared>, MoneyError> {
    let ours: BTreeMap<&str, &Inside> = inside.iter().map(|it| (it.voucher_no.as_str(), it)).collect();
    let mut theirs: BTreeMap<&str, Vec<&Outside>> = BTreeMap::new();
    for row in outside {
        theirs.entry(&row.voucher_no).or_default().push(row);
    }
    let numbers: BTreeSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
    let mut compared = Vec::new();
    for voucher_no in numbers {
        let (mine, rows) = (
            ours.get(voucher_no).copied(),
            theirs.get(voucher_no).map_or(&[][..], Vec::as_slice),
        );
        if rows.is_empty() && mine.is_some_and(|mine| mine.state == "prepared") {
            continue;
        }
        let net = Money::sum(rows.iter().map(|row| row.amount))?;
        compared.push(Compared {
            voucher_no: voucher_no.to_owned(),
            kind: kind_of(mine, rows),
            inside: mine.cloned(),
            net: (!rows.is_empty()).then_some(net),
            bank_serials: rows.iter().map(|row| row.bank_serial.clone()).collect(),
        });
    }
    Ok(compared)
}

/// Least and most days of the buckets; the last one is open.
pub(crate) const BUCKETS: [(i32, i32); 4] = [(0, 30), (31, 60), (61, 90), (91, 0)];

/// Counts and sums unpaid amounts by the days since their batch was released.
pub(crate) fn ageing(unpaid: &[(i64, Money)]) -> Result<Vec<(i32, i32, i64, Money)>, MoneyError> {
    let within =
        |days: i64, (from, to): (i32, i32)| days >= i64::from(from) && (to == 0 || days <= i64::from(to));
    BUCKETS
        .into_iter()
        .map(|bucket| {
            let amounts: Vec<Money> = unpaid
                .iter()
                .filter(|(days, _)| within((*days).max(0), bucket))
                .map(|(_, amount)| *amount)
                .collect();
            let count = i64::try_from(amounts.len()).unwrap_or(i64::MAX);
            Ok((bucket.0, bucket.1, count, Money::sum(amounts)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(voucher_no: &str, fen: i64, state: &str) -> Inside {
        Inside {
            voucher_no: voucher_no.to_owned(),
            amount: Money::from_fen(fen),
            state: state.to_owned(),
            account_tail: "1234".to_owned(),
        }
    }

    fn outside(serial: &str, voucher_no: &str, fen: i64) -> Outside {
        Outside {
            bank_serial: serial.to_owned(),
            voucher_no: voucher_no.to_owned(),
            amount: Money::from_fen(fen),
            account_tail: "1234".to_owned(),
        }
    }

    #[test]
    fn every_break_has_its_name() {
        let stray = Outside {
            account_tail: "9999".to_owned(),
            ..outside("S8", "08", 500)
        };
        let ours = [
            inside("01", 500, "paid"),
            inside("02", 500, "returned_passive"),
            inside("03", 500, "paid"),
            inside("04", 500, "paid"),
            inside("06", 500, "exported"),
            inside("07", 500, "paid"),
            inside("08", 500, "paid"),
            inside("09", 500, "prepared"),
            inside("10", 500, "prepared"),
            inside("11", 500, "exported"),
        ];
        let theirs = [
            outside("S1", "01", 500),
            outside("S2", "02", 0),
            outside("S3", "03", 499),
            outside("S4", "04", 500),
            outside("S4b", "04", 500),
            outside("S5", "05", 500),
            outside("S7", "07", 500),
            outside("S7b", "07", -500),
            stray,
            outside("S10", "10", 500),
            outside("S11", "11", 0),
        ];
        let found: Vec<(String, Break)> = reconcile(&ours, &theirs)
            .unwrap()
            .into_iter()
            .map(|it| (it.voucher_no, it.kind))
            .collect();
        let expected = [
            ("01", Break::Matched),
            ("02", Break::Rejected),
            ("03", Break::AmountDiffers),
            ("04", Break::Duplicate),
            ("05", Break::MissingInside),
            ("06", Break::MissingOutside),
            ("07", Break::Returned),
            ("08", Break::AccountDiffers),
            ("10", Break::MissingInside),
            ("11", Break::Rejected),
        ];
        assert_eq!(found, expected.map(|(number, kind)| (number.to_owned(), kind)));
    }

    #[test]
    fn a_return_without_a_payment_is_a_refusal_and_the_net_is_summed() {
        let rows = reconcile(&[inside("01", 500, "returned_passive")], &[]).unwrap();
        assert_eq!((rows[0].kind, rows[0].net), (Break::Rejected, None));
        let rows = reconcile(
            &[inside("01", 500, "returned_active")],
            &[outside("a", "01", 500), outside("b", "01", -500)],
        )
        .unwrap();
        assert_eq!((rows[0].kind, rows[0].net), (Break::Returned, Some(Money::ZERO)));
    }

    #[test]
    fn unpaid_money_ages_in_buckets_without_gaps() {
        let unpaid: Vec<(i64, Money)> = [-1, 0, 30, 31, 60, 61, 90, 91, 1000]
            .iter()
            .map(|days| (*days, Money::from_fen(1)))
            .collect();
        let counts: Vec<i64> = ageing(&unpaid)
            .unwrap()
            .into_iter()
            .map(|(_, _, count, _)| count)
            .collect();
        assert_eq!(counts, [3, 2, 2, 2]);
    }
}
