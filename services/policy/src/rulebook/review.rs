//! The thresholds of the review findings: how near, how small and how much before somebody should look.
//!
//! They decide no money. A city states its own in the optional table `[review]` of the policy text; what is not stated
//! has the default given here.

use serde::Deserialize;

use super::RulebookError;
use super::load::Sourced;
use crate::money::{Money, Rate};

/// Days and counts above this are no thresholds but mistakes: ten years.
const MOST: u32 = 3_660;

/// A value that a threshold can have.
trait Threshold: Sized {
    /// Reads its text.
    fn read(text: &str) -> Option<Self>;
}

impl Threshold for u32 {
    fn read(text: &str) -> Option<Self> {
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_digits && *number <= MOST)
    }
}

impl Threshold for Money {
    fn read(text: &str) -> Option<Self> {
        Self::parse_yuan(text).ok()
    }
}

impl Threshold for Rate {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

macro_rules! thresholds {
    ($($(#[$doc:meta])* $field:ident: $kind:ty = $default:expr;)+) => {
        /// The thresholds of the review findings (domain study 5.2).
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct ReviewThresholds { $($(#[$doc])* pub $field: $kind),+ }

        impl Default for ReviewThresholds {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }

        /// The table `[review]`; each key may be left out.
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct ReviewTable { $($field: Option<Sourced>),+ }

        impl ReviewTable {
            /// The stated thresholds, the others by default.
            pub(super) fn load(&self) -> Result<ReviewThresholds, RulebookError> {
                let mut thresholds = ReviewThresholds::default();
                $(if let Some(stated) = &self.$field {
                    let name = concat!("review.", stringify!($field));
                    thresholds.$field = <$kind as Threshold>::read(stated.checked(name)?)
                        .ok_or_else(|| RulebookError::InvalidValue(name.to_owned()))?;
                })+
                Ok(thresholds)
            }
        }
    };
}

thresholds! {
    /// LOAN_SPLITTING: contracts of one enterprise with one lender belong together when signed or first drawn at most this
    /// many days apart (domain study 5.2 no. 1, 2.2 R3).
    splitting_days: u32 = 90;
    /// LOAN_SPLITTING: more contracts than this of one enterprise with one lender in the year (domain study 5.2 no. 1).
    splitting_contracts: u32 = 3;
    /// LOAN_TINY: an enterprise's counted base of the year below this amount (domain study 5.2 no. 2, 2.2 MIN_LOAN).
    tiny_loan: Money = Money::from_fen(10_000_000);
    /// QUICK_REPAYMENT: days after a draw within which it is repaid (domain study 2.2 R15: 30 days).
    quick_repayment_days: u32 = 30;
    /// QUICK_REPAYMENT: the share of a draw that is repaid within those days, at least (domain study 5.2 no. 3).
    quick_repayment_share: Rate = Rate::from_hundredths(50);
    /// CIRCULAR_DRAWS: how often a revolving contract is drawn again after a repayment, at least (domain study 5.2 no. 3,
    /// 2.2 R8).
    circular_draws: u32 = 1;
    /// PATENT_TRANSFERRED: a patent acquired at most this many days before its pledge or cover (domain study 5.2 no. 7).
    transfer_days: u32 = 90;
    /// PLEDGE_CANCELLED_EARLY: a pledge cancelled at most this many days after a draw (domain study 5.2 no. 9).
    cancelled_days: u32 = 90;
    /// PLEDGE_DECORATIVE: a stated patent share below this (domain study 5.2 no. 8, 2.2 R6: 武汉 50%).
    decorative_share: Rate = Rate::from_hundredths(50);
    /// PREMIUM_REFUNDED_LATE: refunds of a payment above this share of it (domain study 5.2 no. 11).
    refund_share: Rate = Rate::from_hundredths(50);
    /// PREMIUM_OUTLIER: the year's premium above this share of the sum insured (domain study 5.2 no. 12).
    premium_share: Rate = Rate::from_hundredths(20);
    /// PREMIUM_OUTLIER: premium per sum insured above this many times the median of its product (domain study 5.2 no. 12).
    premium_times: u32 = 3;
    /// PREMIUM_OUTLIER: policies with a sum insured that a product needs in the year before it has a median.
    premium_policies: u32 = 5;
    /// POLICY_COVER_BACKDATED: days from the beginning of cover to the first payment, more than this (domain study 5.2
    /// no. 22).
    backdated_days: u32 = 90;
    /// UNIT_SUSPECTED: an amount below this is probably in another unit (domain study 3.7: 10,000 yuan).
    unit_low: Money = Money::from_fen(1_000_000);
    /// UNIT_SUSPECTED: an amount above this is probably in another unit (domain study 3.7: 1,000,000,000 yuan).
    unit_high: Money = Money::from_fen(100_000_000_000);
}
