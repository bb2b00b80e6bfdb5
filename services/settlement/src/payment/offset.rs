//! Setting negative amounts off against positive ones: a negative amount is never paid.

use policy::money::Money;

/// A positive line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payable {
    pub(crate) line_no: i32,
    pub(crate) beneficiary: String,
    pub(crate) amount: Money,
}

/// What a beneficiary owes, by batch and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Debt {
    pub(crate) key: (i32, i32, i32),
    pub(crate) beneficiary: String,
    pub(crate) rest: Money,
}

/// A part of a debt that is kept back from a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetOff {
    pub(crate) line_no: i32,
    pub(crate) debt: (i32, i32, i32),
    pub(crate) amount: Money,
}

/// Sets debts off against the lines of the same beneficiary: debts in the order given, each against the lines in theirs.
pub(crate) fn set_off(payables: &[Payable], debts: &[Debt]) -> Vec<SetOff> {
    let mut left: Vec<i64> = payables.iter().map(|payable| payable.amount.fen()).collect();
    let mut taken = Vec::new();
    for debt in debts {
        let mut rest = debt.rest.fen();
        for (payable, left) in payables.iter().zip(&mut left) {
            let part = rest.min(*left);
            if payable.beneficiary != debt.beneficiary || part <= 0 {
                continue;
            }
            rest -= part;
            *left -= part;
            taken.push(SetOff {
                line_no: payable.line_no,
                debt: debt.key,
                amount: Money::from_fen(part),
            });
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payable(line_no: i32, beneficiary: &str, fen: i64) -> Payable {
        Payable {
            line_no,
            beneficiary: beneficiary.to_owned(),
            amount: Money::from_fen(fen),
        }
    }

    fn debt(line_no: i32, beneficiary: &str, fen: i64) -> Debt {
        Debt {
            key: (2025, 2, line_no),
            beneficiary: beneficiary.to_owned(),
            rest: Money::from_fen(fen),
        }
    }

    #[test]
    fn a_debt_is_set_off_in_line_order_against_its_own_beneficiary() {
        let lines = [payable(1, "A", 100), payable(2, "B", 500), payable(3, "A", 100)];
        let taken = set_off(&lines, &[debt(4, "A", 150), debt(5, "A", 80)]);
        let parts: Vec<(i32, i32, i64)> = taken
            .iter()
            .map(|it| (it.line_no, it.debt.2, it.amount.fen()))
            .collect();
        assert_eq!(parts, [(1, 4, 100), (3, 4, 50), (3, 5, 50)]);
        assert!(set_off(&lines, &[debt(4, "C", 150)]).is_empty());
        assert!(set_off(&[], &[debt(4, "A", 150)]).is_empty());
    }

    #[test]
    fn no_line_pays_below_zero_and_no_debt_is_taken_twice() {
        let seed = 41_u64;
        println!("seed {seed}");
        let mut state = seed;
        let mut next = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from((state >> 33) % most).unwrap()
        };
        for _ in 0..2_000 {
            let name = |number: i64| if number == 0 { "A" } else { "B" };
            let lines: Vec<Payable> = (1..=next(6))
                .map(|no| payable(i32::try_from(no).unwrap(), name(no % 2), 1 + next(50)))
                .collect();
            let debts: Vec<Debt> = (10..10 + next(5))
                .map(|no| debt(i32::try_from(no).unwrap(), name(no % 2), 1 + next(90)))
                .collect();
            let taken = set_off(&lines, &debts);
            for beneficiary in ["A", "B"] {
                let owed: i64 = debts
                    .iter()
                    .filter(|it| it.beneficiary == beneficiary)
                    .map(|it| it.rest.fen())
                    .sum();
                let due: i64 = lines
                    .iter()
                    .filter(|it| it.beneficiary == beneficiary)
                    .map(|it| it.amount.fen())
                    .sum();
                let of = |it: &&SetOff| {
                    lines
                        .iter()
                        .any(|line| line.line_no == it.line_no && line.beneficiary == beneficiary)
                };
                let kept: i64 = taken.iter().filter(of).map(|it| it.amount.fen()).sum();
                assert_eq!(kept, owed.min(due));
            }
            for line in &lines {
                let kept: i64 = taken
                    .iter()
                    .filter(|it| it.line_no == line.line_no)
                    .map(|it| it.amount.fen())
                    .sum();
                assert!(kept <= line.amount.fen());
            }
        }
    }
}
