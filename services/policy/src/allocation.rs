//! Largest remainder: a sum of fen is spread over shares so that the parts add up to it exactly.

use crate::money::{Money, MoneyError};

/// Spreads `total` over `weights` (exchange contract, section 3.6).
///
/// The exact shares are floored to the fen; what is left goes one fen at a time to the largest fractional part,
/// the earlier in order first where equal. All weights zero, or none at all, yields zeros.
///
/// # Errors
/// [`MoneyError::Overflow`] for a negative total or weight, or a sum beyond the range.
pub fn largest_remainder(total: Money, weights: &[Money]) -> Result<Vec<Money>, MoneyError> {
    let sum = Money::sum(weights.iter().copied())?;
    if total.fen() < 0 || weights.iter().any(|weight| weight.fen() < 0) {
        return Err(MoneyError::Overflow);
    }
    if sum.is_zero() {
        return Ok(vec![Money::ZERO; weights.len()]);
    }
    let (total, sum) = (i128::from(total.fen()), i128::from(sum.fen()));
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = total;
    for (order, weight) in weights.iter().enumerate() {
        let scaled = total
            .checked_mul(i128::from(weight.fen()))
            .ok_or(MoneyError::Overflow)?;
        let floor = scaled / sum;
        left -= floor;
        parts.push(floor);
        remainders.push((scaled % sum, order));
    }
    remainders.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
    for (_, order) in remainders {
        if left == 0 {
            break;
        }
        if let Some(part) = parts.get_mut(order) {
            *part += 1;
        }
        left -= 1;
    }
    parts
        .into_iter()
        .map(|part| {
            i64::try_from(part)
                .map(Money::from_fen)
                .map_err(|_| MoneyError::Overflow)
        })
        .collect()
}

/// Spreads `total` in equal parts over `count` places, the first ones taking the fen that are left.
///
/// # Errors
/// [`MoneyError::Overflow`] for a negative total.
pub fn equal_parts(total: Money, count: usize) -> Result<Vec<Money>, MoneyError> {
    largest_remainder(total, &vec![Money::from_fen(1); count])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(values: &[i64]) -> Vec<Money> {
        values.iter().copied().map(Money::from_fen).collect()
    }

    #[test]
    fn seven_equal_parts_of_a_thousand_yuan() {
        let parts = equal_parts(Money::from_fen(100_000), 7).unwrap();
        assert_eq!(parts, fen(&[14286, 14286, 14286, 14286, 14286, 14285, 14285]));
        let lines = largest_remainder(Money::from_fen(80_000), &parts).unwrap();
        assert_eq!(lines, fen(&[11429, 11429, 11429, 11429, 11428, 11428, 11428]));
    }

    #[test]
    fn nothing_to_spread_and_nothing_to_spread_over_are_zeros_and_what_is_below_zero_is_refused() {
        let spread = |total, weights| largest_remainder(Money::from_fen(total), &fen(weights));
        assert_eq!(spread(0, &[1, 2]), Ok(fen(&[0, 0])));
        assert_eq!(spread(1, &[0, 2, 0]), Ok(fen(&[0, 1, 0])));
        assert_eq!(spread(5, &[0, 0]), Ok(fen(&[0, 0])));
        assert_eq!(spread(5, &[]), Ok(fen(&[])));
        assert_eq!(spread(-1, &[1, 2]), Err(MoneyError::Overflow));
        assert_eq!(spread(5, &[2, -1]), Err(MoneyError::Overflow));
    }

    #[test]
    fn random_spreads_add_up_and_stay_within_one_fen_of_the_exact_share() {
        let seed = 20_251_231;
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..20_000 {
            let weights: Vec<Money> = (0..random.usize(1..12))
                .map(|_| Money::from_fen(random.i64(0..1_000_000)))
                .collect();
            let total = Money::from_fen(random.i64(0..10_000_000_000));
            let parts = largest_remainder(total, &weights).unwrap();
            let sum = Money::sum(weights.iter().copied()).unwrap();
            if sum.is_zero() {
                assert!(parts.iter().all(|part| part.is_zero()));
                continue;
            }
            assert_eq!(Money::sum(parts.iter().copied()), Ok(total), "seed {seed}");
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = i128::from(total.fen()) * i128::from(weight.fen());
                let scaled = i128::from(part.fen()) * i128::from(sum.fen());
                assert!((scaled - exact).abs() < i128::from(sum.fen()), "seed {seed}");
            }
        }
    }
}
