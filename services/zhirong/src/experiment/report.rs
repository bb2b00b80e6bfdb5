//! The effect of an experiment in sums: by year, measure, legal person, tier and enterprise, and the cap's.

use std::collections::BTreeMap;

use policy::codes::{Clause, Measure};
use policy::engine::Line;
use policy::explanation::Step;
use policy::money::{Money, MoneyError};

/// Lines and their sum, as it is and as it would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shift {
    /// Lines that pay as it is.
    pub lines_now: usize,
    /// What they pay.
    pub now: Money,
    /// Lines that would pay.
    pub lines_then: usize,
    /// What they would pay.
    pub then: Money,
}

impl Shift {
    fn add(&mut self, now: Option<&Line>, then: Option<&Line>) -> Result<(), MoneyError> {
        let entitled = |line: Option<&Line>| line.map_or(Money::ZERO, |line| line.entitled);
        self.lines_now += usize::from(!entitled(now).is_zero());
        self.lines_then += usize::from(!entitled(then).is_zero());
        self.now = self.now.plus(entitled(now))?;
        self.then = self.then.plus(entitled(then))?;
        Ok(())
    }

    fn is_moved(&self) -> bool {
        self.now != self.then || self.lines_now != self.lines_then
    }

    fn text(&self, name: &str) -> String {
        let difference = self
            .then
            .minus(self.now)
            .map_or_else(|_| "?".to_owned(), |it| it.to_string());
        format!(
            "  {name}: {} ({}) -> {} ({}), {difference}",
            self.now, self.lines_now, self.then, self.lines_then
        )
    }
}

/// What banks earned above their yearly cap, which is not paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cap {
    /// Bank lines at the cap.
    pub lines: usize,
    /// What they earned above it.
    pub above: Money,
}

impl Cap {
    fn add(&mut self, line: Option<&Line>) -> Result<(), MoneyError> {
        for step in line.iter().flat_map(|line| &line.explanation.steps) {
            if let Step::Cap { earned, entitled, .. } = step
                && entitled < earned
            {
                self.lines += 1;
                self.above = self.above.plus(earned.minus(*entitled)?)?;
            }
        }
        Ok(())
    }
}

/// The effect in sums.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Everything.
    pub total: Shift,
    /// By policy year.
    pub years: BTreeMap<String, Shift>,
    /// By measure.
    pub measures: BTreeMap<Measure, Shift>,
    /// Bank incentive by legal person: credit code and name.
    pub legal_persons: BTreeMap<(String, String), Shift>,
    /// Loan subsidy by tier.
    pub tiers: BTreeMap<Clause, Shift>,
    /// Loan and premium subsidy by enterprise: credit code and name.
    pub enterprises: BTreeMap<(String, String), Shift>,
    /// The cap as it is.
    pub cap_now: Cap,
    /// The cap as it would be.
    pub cap_then: Cap,
}

impl Summary {
    /// Adds one line as it is and as it would be.
    pub(super) fn add(&mut self, now: Option<&Line>, then: Option<&Line>) -> Result<(), MoneyError> {
        let Some(line) = then.or(now) else {
            return Ok(());
        };
        self.total.add(now, then)?;
        let year = self.years.entry(line.policy_year.to_string()).or_default();
        year.add(now, then)?;
        self.measures
            .entry(line.key.measure)
            .or_default()
            .add(now, then)?;
        let person = (line.key.beneficiary.to_string(), line.beneficiary_name.clone());
        match line.key.measure {
            Measure::BankIncentive => self.legal_persons.entry(person).or_default().add(now, then)?,
            Measure::LoanSubsidy | Measure::PremiumSubsidy => {
                self.enterprises.entry(person).or_default().add(now, then)?;
            }
        }
        if line.key.measure == Measure::LoanSubsidy {
            // A line may move from one tier to another, so each side counts under its own.
            if let Some(line) = now {
                self.tiers.entry(line.clause).or_default().add(now, None)?;
            }
            if let Some(line) = then {
                self.tiers.entry(line.clause).or_default().add(None, then)?;
            }
        }
        self.cap_now.add(now)?;
        self.cap_then.add(then)
    }

    /// The summary for people: every year, measure and tier; of legal persons and enterprises those that move.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![
            "现行（条数）→ 试验（条数），差额 / as it is (lines) -> as tried (lines), difference; yuan 元"
                .to_owned(),
            self.total.text("合计 total"),
            "按年度 / by year".to_owned(),
        ];
        lines.extend(self.years.iter().map(|(year, shift)| shift.text(year)));
        lines.push("按项目 / by measure".to_owned());
        let measures = self.measures.iter();
        lines.extend(measures.map(|(measure, shift)| shift.text(measure.as_str())));
        lines.push("按档 / by tier".to_owned());
        lines.extend(self.tiers.iter().map(|(tier, shift)| shift.text(tier.as_str())));
        lines.push("按法人（有变化的）/ by legal person, those that move".to_owned());
        lines.extend(moved(&self.legal_persons));
        lines.push("按企业（有变化的）/ by enterprise, those that move".to_owned());
        lines.extend(moved(&self.enterprises));
        lines.push(format!(
            "上限以上不付 / above the cap, not paid: {} ({}) -> {} ({})",
            self.cap_now.above, self.cap_now.lines, self.cap_then.above, self.cap_then.lines
        ));
        lines.join("\n")
    }
}

fn moved(shifts: &BTreeMap<(String, String), Shift>) -> impl Iterator<Item = String> {
    shifts
        .iter()
        .filter(|(_, shift)| shift.is_moved())
        .map(|((code, name), shift)| shift.text(&format!("{code} {name}")))
}
