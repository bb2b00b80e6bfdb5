//! Rule 2: the base of a contract in a year.

use super::{Contract, Draw, Share, contract_reference};
use crate::codes::Limit;
use crate::date::PolicyYear;
use crate::engine::Rules;
use crate::explanation::Step;
use crate::facts::Loan;
use crate::money::{Money, MoneyError, Rate};
use crate::reading::{Revolving, YearOf};

/// A contract's base for one year and measure, with what limited it.
pub(crate) struct Base {
    pub(crate) drawn: Money,
    pub(crate) within_limit: Money,
    pub(crate) base: Money,
    pub(crate) share: Option<Rate>,
}

impl Base {
    /// What kept the base below the draws, the strictest first.
    pub(crate) fn limit(&self) -> Option<Limit> {
        if self.share.is_some() {
            Some(Limit::PatentShare)
        } else if self.within_limit < self.drawn {
            Some(Limit::ContractAmount)
        } else {
            None
        }
    }

    /// The explanation's step for a contract.
    pub(crate) fn step(&self, loan: &Loan) -> Step {
        Step::Contract {
            reference: contract_reference(loan),
            drawn: self.drawn,
            within_limit: self.within_limit,
            share: self.share.map(|share| share.to_string()),
            base: self.base,
        }
    }
}

impl<'a> Contract<'a> {
    /// The bank's base of a year: the draws of the year within the contract (rule 2).
    pub(crate) fn bank_base(&self, rules: &Rules<'_>, year: PolicyYear) -> Result<Option<Base>, MoneyError> {
        self.yearly_base(&self.for_bank, rules, year)
    }

    /// The enterprise's base of a year: the whole contract in the year of its first counted draw, or as the bank's (R4).
    pub(crate) fn enterprise_base(
        &self,
        rules: &Rules<'_>,
        year: PolicyYear,
    ) -> Result<Option<Base>, MoneyError> {
        if rules.readings.year == YearOf::DrawYear {
            return self.yearly_base(&self.for_enterprise, rules, year);
        }
        let Some(first) = self.for_enterprise.first() else {
            return Ok(None);
        };
        if PolicyYear::of(first.date) != year {
            return Ok(None);
        }
        let drawn = Money::sum(self.for_enterprise.iter().map(|draw| draw.net))?;
        let within = match rules.readings.revolving {
            Revolving::Gross => drawn,
            Revolving::LineCap => drawn.min(self.loan.contract_amount),
        };
        self.base(drawn, within, rules).map(Some)
    }

    /// The draws that the enterprise's base of a year is made of.
    pub(crate) fn enterprise_draws(
        &self,
        rules: &Rules<'_>,
        year: PolicyYear,
    ) -> impl Iterator<Item = &Draw<'a>> {
        let all = rules.readings.year == YearOf::FirstDrawYear;
        self.for_enterprise
            .iter()
            .filter(move |draw| all || PolicyYear::of(draw.date) == year)
    }

    fn yearly_base(
        &self,
        draws: &[Draw<'_>],
        rules: &Rules<'_>,
        year: PolicyYear,
    ) -> Result<Option<Base>, MoneyError> {
        let of_year = |draw: &&Draw<'_>| PolicyYear::of(draw.date) == year;
        let drawn = Money::sum(draws.iter().filter(of_year).map(|draw| draw.net))?;
        if drawn.is_zero() {
            return Ok(None);
        }
        let limit = self.loan.contract_amount;
        let within = if rules.readings.revolving == Revolving::Gross {
            drawn
        } else if self.loan.revolving {
            drawn.min(limit)
        } else {
            // Over the contract's life, in date order: what earlier years used up is gone.
            let before = Money::sum(
                draws
                    .iter()
                    .filter(|draw| PolicyYear::of(draw.date) < year)
                    .map(|draw| draw.net),
            )?;
            before.plus(drawn)?.min(limit).minus(before.min(limit))?
        };
        self.base(drawn, within, rules).map(Some)
    }

    fn base(&self, drawn: Money, within_limit: Money, rules: &Rules<'_>) -> Result<Base, MoneyError> {
        let (share, base) = match self.share {
            Share::Part(share) => (Some(share), within_limit.times(share, rules.rounding())?),
            Share::Whole => (None, within_limit),
            Share::Refused(_) => (None, Money::ZERO),
        };
        Ok(Base {
            drawn,
            within_limit,
            base,
            share,
        })
    }

    /// The contract amount as it would count when fully drawn: times the stated share.
    pub(crate) fn full_base(&self, rules: &Rules<'_>) -> Result<Base, MoneyError> {
        self.base(self.loan.contract_amount, self.loan.contract_amount, rules)
    }
}
