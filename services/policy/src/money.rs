//! Money in fen, rates and shares, and the one door through which an amount is rounded.

pub mod upper;

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

/// What can go wrong with an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal in yuan with at most two places.
    #[error("not an amount in yuan: digits, at most two after the point, no sign and no exponent")]
    Malformed,
    /// More than two digits after the point: a tenth of a fen does not exist.
    #[error("more than two digits after the point")]
    TooManyPlaces,
    /// More than eleven digits before the point.
    #[error("more than 11 digits before the point")]
    OutOfRange,
    /// A sum or product left the range of 64-bit fen.
    #[error("amount overflow")]
    Overflow,
}

/// An amount of money in fen (0.01 yuan). May be negative where it is a difference.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of `fen` fen.
    #[must_use]
    pub const fn from_fen(fen: i64) -> Self {
        Self(fen)
    }

    /// An amount of whole `yuan`.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond the range of 64-bit fen.
    pub fn from_yuan(yuan: i64) -> Result<Self, MoneyError> {
        yuan.checked_mul(100).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The amount in fen.
    #[must_use]
    pub const fn fen(self) -> i64 {
        self.0
    }

    /// Reads an amount in yuan as the exchange contract prints it: 1 to 11 digits, then at most two
    /// after the point; no sign, no exponent, no separator. Zero is read; whether zero is allowed is the caller's rule.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`], [`MoneyError::TooManyPlaces`] or [`MoneyError::OutOfRange`].
    pub fn parse_yuan(text: &str) -> Result<Self, MoneyError> {
        let (whole, places) = match text.split_once('.') {
            Some((whole, places)) => (whole, Some(places)),
            None => (text, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || places.is_some_and(|part| !digits(part)) {
            return Err(MoneyError::Malformed);
        }
        let places = places.unwrap_or("");
        if places.len() > 2 {
            return Err(MoneyError::TooManyPlaces);
        }
        let significant = whole.trim_start_matches('0');
        if significant.len() > 11 {
            return Err(MoneyError::OutOfRange);
        }
        let yuan: i64 = if significant.is_empty() {
            0
        } else {
            significant.parse().map_err(|_| MoneyError::OutOfRange)?
        };
        let fen: i64 = format!("{places:0<2}")
            .parse()
            .map_err(|_| MoneyError::Malformed)?;
        yuan.checked_mul(100)
            .and_then(|value| value.checked_add(fen))
            .map(Self)
            .ok_or(MoneyError::Overflow)
    }

    /// Reads a signed amount in yuan with exactly the form that [`fmt::Display`] writes.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`] for any other text.
    pub fn parse_signed(text: &str) -> Result<Self, MoneyError> {
        match text.strip_prefix('-') {
            Some(rest) => Self::parse_yuan(rest).map(|money| Self(-money.0)),
            None => Self::parse_yuan(text),
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The difference; may be negative.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The difference, or zero where it would be negative.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn minus_floored(self, other: Self) -> Result<Self, MoneyError> {
        self.minus(other).map(|rest| rest.max(Self::ZERO))
    }

    /// The sum of many amounts.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// The amount times a rate, rounded once to the fen. The only place in the workspace where an amount is rounded.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn times(self, rate: Rate, rounding: Rounding) -> Result<Self, MoneyError> {
        let exact = self.times_exact(rate)?;
        let strategy = match rounding {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        };
        let rounded = exact.round_dp_with_strategy(0, strategy);
        i64::try_from(rounded).map(Self).map_err(|_| MoneyError::Overflow)
    }

    /// The exact product with a rate, in fen with all its places; for explanations and for rounding only.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn times_exact(self, rate: Rate) -> Result<Decimal, MoneyError> {
        Decimal::from(self.0)
            .checked_mul(rate.0)
            .ok_or(MoneyError::Overflow)
    }

    /// Whether the amount is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Money {
    /// Yuan with two decimals, e.g. `150000.00` or `-50000.00`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        write!(formatter, "{sign}{}.{:02}", magnitude / 100, magnitude % 100)
    }
}

/// How half a fen is rounded (reading R10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Rounding {
    /// 四舍五入: half a fen goes up.
    HalfUp,
    /// Half a fen goes to the even fen.
    HalfEven,
}

/// A rate or share as an exact decimal between 0 and 1, at most six places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(Decimal);

impl Rate {
    /// The whole: 1.
    pub const ONE: Self = Self(Decimal::ONE);

    /// Reads a rate: `0.01`, `1`, `0.5`. At most six places, between 0 and 1 inclusive, no sign, no exponent.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`] for another form, [`MoneyError::TooManyPlaces`] beyond six places,
    /// [`MoneyError::OutOfRange`] above 1.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(places) {
            return Err(MoneyError::Malformed);
        }
        if places.len() > 6 {
            return Err(MoneyError::TooManyPlaces);
        }
        let value = Decimal::from_str_exact(text)
            .map_err(|_| MoneyError::OutOfRange)?
            .normalize();
        if value > Decimal::ONE {
            Err(MoneyError::OutOfRange)
        } else {
            Ok(Self(value))
        }
    }

    /// A rate of so many hundredths; more than the whole is the whole.
    #[must_use]
    pub fn from_hundredths(hundredths: u32) -> Self {
        Self(Decimal::new(i64::from(hundredths.min(100)), 2).normalize())
    }

    /// Whether the rate is below one half (reading R6=MIN50).
    #[must_use]
    pub fn is_below_half(self) -> bool {
        self.0 < Decimal::new(5, 1)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl TryFrom<String> for Rate {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        Self::parse(&text)
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_text_is_read_exactly_and_nothing_else_is_an_amount() {
        assert_eq!(Money::parse_yuan("3000000.01"), Ok(Money(300_000_001)));
        assert_eq!(Money::parse_yuan("5"), Ok(Money(500)));
        assert_eq!(Money::parse_yuan("5.1"), Ok(Money(510)));
        assert_eq!(Money::parse_yuan("99999999999.99"), Ok(Money(9_999_999_999_999)));
        for (text, error) in [
            ("1e6", MoneyError::Malformed),
            ("9.14105E+17", MoneyError::Malformed),
            ("+1", MoneyError::Malformed),
            ("-1", MoneyError::Malformed),
            ("1,000", MoneyError::Malformed),
            ("1_000", MoneyError::Malformed),
            ("", MoneyError::Malformed),
            (".5", MoneyError::Malformed),
            ("5.", MoneyError::Malformed),
            ("NaN", MoneyError::Malformed),
            ("1.234", MoneyError::TooManyPlaces),
            ("100000000000", MoneyError::OutOfRange),
        ] {
            assert_eq!(Money::parse_yuan(text), Err(error), "{text}");
        }
    }

    #[test]
    fn half_a_fen_goes_where_the_reading_says() {
        let base = Money::from_fen(1_234_567_850);
        let rate = Rate::parse("0.01").unwrap();
        assert_eq!(base.times(rate, Rounding::HalfUp), Ok(Money(12_345_679)));
        assert_eq!(base.times(rate, Rounding::HalfEven), Ok(Money(12_345_678)));
    }

    #[test]
    fn an_amount_ends_at_eleven_digits_and_two_places_whatever_stands_before() {
        for (text, fen) in [
            ("0", 0),
            ("0.00", 0),
            ("0.01", 1),
            ("0.1", 10),
            ("00000000000012.3", 1_230),
            ("0000000000000099999999999.99", 9_999_999_999_999),
        ] {
            assert_eq!(Money::parse_yuan(text), Ok(Money(fen)), "{text}");
            assert_eq!(
                Money::parse_signed(&format!("-{text}")),
                Ok(Money(-fen)),
                "{text}"
            );
        }
        assert_eq!(Money::parse_signed("7.5"), Ok(Money(750)));
        for text in ["--1", "-", "-+1", "+1"] {
            assert_eq!(Money::parse_signed(text), Err(MoneyError::Malformed), "{text}");
        }
        assert_eq!(Money::parse_yuan("0.001"), Err(MoneyError::TooManyPlaces));
        assert_eq!(Money::parse_yuan("0100000000000"), Err(MoneyError::OutOfRange));
    }

    #[test]
    fn an_amount_is_written_with_two_places_and_its_sign() {
        for (fen, text) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (99, "0.99"),
            (100, "1.00"),
            (-15_000_001, "-150000.01"),
            (i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(Money(fen).to_string(), text);
        }
    }

    #[test]
    fn sums_differences_and_products_are_exact() {
        assert_eq!(Money::from_yuan(3), Ok(Money(300)));
        assert_eq!(Money::from_yuan(-3), Ok(Money(-300)));
        assert_eq!(Money::from_yuan(i64::MAX / 100 + 1), Err(MoneyError::Overflow));
        assert_eq!(Money(7).plus(Money(5)), Ok(Money(12)));
        assert_eq!(Money(7).minus(Money(5)), Ok(Money(2)));
        assert_eq!(Money(5).minus(Money(7)), Ok(Money(-2)));
        assert_eq!(Money(5).minus_floored(Money(7)), Ok(Money::ZERO));
        assert_eq!(Money(7).minus_floored(Money(5)), Ok(Money(2)));
        assert_eq!(Money::sum([1, 2, 3].map(Money)), Ok(Money(6)));
        assert_eq!(Money::sum([]), Ok(Money::ZERO));
        assert!(Money::ZERO.is_zero() && !Money(1).is_zero() && !Money(-1).is_zero());
        let rate = Rate::parse("0.8").unwrap();
        assert_eq!(Money(101).times(rate, Rounding::HalfUp), Ok(Money(81)));
        assert_eq!(Money(101).times_exact(rate).unwrap().to_string(), "80.8");
        assert_eq!(
            Money(-150).times(Rate::parse("0.01").unwrap(), Rounding::HalfUp),
            Ok(Money(-2))
        );
        assert_eq!(
            Money(i64::MAX).times(Rate::ONE, Rounding::HalfUp),
            Ok(Money(i64::MAX))
        );
    }

    #[test]
    fn a_rate_lies_between_nothing_and_the_whole_with_six_places() {
        for (text, printed) in [
            ("0", "0"),
            ("1", "1"),
            ("1.000000", "1"),
            ("0.000001", "0.000001"),
            ("0.50", "0.5"),
        ] {
            assert_eq!(Rate::parse(text).unwrap().to_string(), printed);
        }
        for (text, error) in [
            ("1.000001", MoneyError::OutOfRange),
            ("2", MoneyError::OutOfRange),
            ("0.0000001", MoneyError::TooManyPlaces),
            (".5", MoneyError::Malformed),
            ("5.", MoneyError::Malformed),
            ("-0.5", MoneyError::Malformed),
            ("1e-1", MoneyError::Malformed),
            ("", MoneyError::Malformed),
        ] {
            assert_eq!(Rate::parse(text), Err(error), "{text}");
        }
        for (hundredths, printed) in [
            (0, "0"),
            (1, "0.01"),
            (80, "0.8"),
            (100, "1"),
            (101, "1"),
            (u32::MAX, "1"),
        ] {
            assert_eq!(Rate::from_hundredths(hundredths).to_string(), printed);
        }
        let is_below_half = |text| Rate::parse(text).unwrap().is_below_half();
        assert!(is_below_half("0.499999") && !is_below_half("0.5") && !is_below_half("0.500001"));
    }

    #[test]
    fn sums_refuse_to_overflow() {
        assert_eq!(Money(i64::MAX).plus(Money(1)), Err(MoneyError::Overflow));
        assert_eq!(Money(i64::MIN).minus(Money(1)), Err(MoneyError::Overflow));
    }
}
