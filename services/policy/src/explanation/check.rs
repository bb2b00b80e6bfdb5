//! A line recomputed from its own steps alone: the leaves of an explanation sum to the line.
//!
//! Nothing here looks at facts or rules, so it holds for a batch of any rulebook, and a step that was lost, doubled or changed shows.

mod conditions;

use super::Step;
use crate::codes::{Clause, Measure};
use crate::engine::Line;
use crate::money::{Money, MoneyError, Rate, Rounding};

/// Why the steps of a line do not come to its amounts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepsDiffer {
    /// A step does not follow from those before it.
    #[error(
        "step {place} ({code}): {what} does not follow from the steps before it / 第 {place} 步（{code}）：{what} 与前面各步不符"
    )]
    Step {
        /// Number of the step, from 1.
        place: usize,
        /// Its name.
        code: &'static str,
        /// What of it differs.
        what: &'static str,
    },
    /// The line is not what its steps come to.
    #[error(
        "{what}: the steps come to {steps}, the line says {line} / {what}：各步得出 {steps}，明细为 {line}"
    )]
    Line {
        /// `base`, `entitled`, `amount` or `clause`.
        what: &'static str,
        /// By the steps.
        steps: String,
        /// By the line.
        line: String,
    },
    /// A sum left the range of amounts.
    #[error("AMOUNT_OVERFLOW: a sum of the steps left the range of amounts / 各步合计超出范围")]
    Money(#[from] MoneyError),
}

/// Recomputes a line from its steps: draws to contracts, contracts to their sum, tier or rate, cap; payments' parts, class shares,
/// other levels' money; the exclusion, the conditions and the budget; then base, entitled amount, difference and clause of the line.
///
/// # Errors
/// [`StepsDiffer`] names the first step that does not follow, or what of the line differs.
pub fn check(line: &Line) -> Result<(), StepsDiffer> {
    let mut replay = Replay {
        line,
        place: 0,
        code: "",
        draws: Vec::new(),
        bases: Vec::new(),
        parts: Vec::new(),
        rated: None,
        base: Money::ZERO,
        earned: Money::ZERO,
        clause: None,
        is_first_class: true,
        decided: Vec::new(),
    };
    for (place, step) in (1..).zip(&line.explanation.steps) {
        (replay.place, replay.code) = (place, step.code());
        replay.take(step)?;
    }
    replay.finish()
}

/// What the steps so far come to.
struct Replay<'a> {
    line: &'a Line,
    place: usize,
    code: &'static str,
    /// Draws no contract has taken up yet: contract and net amount.
    draws: Vec<(&'a str, Money)>,
    /// Bases no sum has taken up yet.
    bases: Vec<Money>,
    /// Parts of payments no class has taken up yet: policy and part.
    parts: Vec<(&'a str, Money)>,
    /// The last base and its product with a rate.
    rated: Option<(Money, Money)>,
    base: Money,
    earned: Money,
    clause: Option<Clause>,
    is_first_class: bool,
    /// Decisions so far.
    decided: Vec<conditions::Decided<'a>>,
}

/// What stands before the last `/` of a reference.
fn parent(reference: &str) -> &str {
    reference.rsplit_once('/').map_or("", |(parent, _)| parent)
}

impl<'a> Replay<'a> {
    fn follows(&self, holds: bool, what: &'static str) -> Result<(), StepsDiffer> {
        if holds {
            return Ok(());
        }
        Err(StepsDiffer::Step {
            place: self.place,
            code: self.code,
            what,
        })
    }

    fn reading(&self, id: &str) -> &str {
        let readings = &self.line.explanation.readings;
        readings
            .iter()
            .find(|(known, _)| known == id)
            .map_or("", |(_, value)| value)
    }

    fn rounding(&self) -> Rounding {
        if self.reading("R10") == "HALF_EVEN" {
            Rounding::HalfEven
        } else {
            Rounding::HalfUp
        }
    }

    fn take(&mut self, step: &'a Step) -> Result<(), StepsDiffer> {
        match step {
            Step::Draw {
                reference,
                amount,
                reversed,
                ..
            } => {
                self.follows(*reversed < *amount, "net")?;
                self.draws.push((parent(reference), amount.minus(*reversed)?));
                Ok(())
            }
            Step::Contract {
                reference,
                drawn,
                within_limit,
                share,
                base,
            } => self.contract(reference, *drawn, *within_limit, share.as_deref(), *base),
            Step::Sum { base } => self.sum(*base),
            Step::Tier {
                base,
                clause,
                from,
                to,
                amount,
            } => {
                self.follows(*base == self.base, "base")?;
                self.follows(*from <= *base && to.is_none_or(|to| *base <= to), "from")?;
                self.clause = Clause::parse(clause);
                self.earned = *amount;
                Ok(())
            }
            Step::Rate {
                base, rate, rounded, ..
            } => self.rate(step, *base, rate, *rounded),
            Step::Cap {
                earned,
                cap,
                entitled,
                left,
            } => {
                self.follows(*earned == self.earned, "earned")?;
                self.follows(*entitled == (*earned).min(*cap), "entitled")?;
                self.follows(*left == cap.minus(*entitled)?, "left")?;
                self.earned = *entitled;
                Ok(())
            }
            Step::Payment { .. } | Step::Class { .. } | Step::ClassShare { .. } | Step::OtherMoney { .. } => {
                self.premium(step)
            }
            Step::NothingEarned { settled } => {
                self.clause = Some(Clause::NothingEarned);
                self.follows(*settled == self.line.settled_before, "settled")
            }
            Step::Excluded { earned, entitled, .. } => {
                self.follows(*earned == self.earned, "earned")?;
                self.follows(*entitled == self.line.settled_before.min(*earned), "entitled")?;
                self.earned = *entitled;
                Ok(())
            }
            Step::Decided { .. }
            | Step::Revoked { .. }
            | Step::SetAside { .. }
            | Step::Frozen { .. }
            | Step::LateWindow { .. }
            | Step::Budget { .. } => self.condition(step),
        }
    }

    fn contract(
        &mut self,
        reference: &str,
        drawn: Money,
        within_limit: Money,
        share: Option<&str>,
        base: Money,
    ) -> Result<(), StepsDiffer> {
        // A bank's line gives its contracts without their draws.
        if self.line.key.measure == Measure::LoanSubsidy {
            let sum = Money::sum(self.draws.drain(..).map(|(contract, net)| {
                // A draw of another contract spoils the sum, which is what it should do.
                if contract == reference {
                    net
                } else {
                    Money::from_fen(-1)
                }
            }))?;
            self.follows(sum == drawn, "drawn")?;
        }
        self.follows(within_limit <= drawn, "within_limit")?;
        self.follows_decisions(reference, share)?;
        let shared = match share.map(Rate::parse).transpose()? {
            Some(share) => within_limit.times(share, self.rounding())?,
            None => within_limit,
        };
        self.follows(shared == base, "base")?;
        self.bases.push(base);
        Ok(())
    }

    fn sum(&mut self, base: Money) -> Result<(), StepsDiffer> {
        let bases = std::mem::take(&mut self.bases);
        let of_bases = if self.reading("R3") == "ENTERPRISE_YEAR_MAX" {
            bases.into_iter().max().unwrap_or_default()
        } else {
            Money::sum(bases)?
        };
        self.follows(self.draws.is_empty() && of_bases == base, "base")?;
        self.base = base;
        Ok(())
    }

    fn rate(&mut self, step: &Step, base: Money, rate: &str, rounded: Money) -> Result<(), StepsDiffer> {
        let rate = Rate::parse(rate)?;
        self.follows(*step == Step::rate(base, rate, rounded)?, "exact")?;
        self.follows(rounded == base.times(rate, self.rounding())?, "rounded")?;
        if self.line.key.measure == Measure::PremiumSubsidy {
            // The rate of a policy's whole class: the next step says which part of it is this patent's.
            self.rated = Some((base, rounded));
            return Ok(());
        }
        self.follows(base == self.base, "base")?;
        self.earned = rounded;
        Ok(())
    }

    fn premium(&mut self, step: &'a Step) -> Result<(), StepsDiffer> {
        match step {
            Step::Payment {
                reference,
                paid,
                refunded,
                part,
                ..
            } => {
                self.follows(*refunded < *paid && *part <= paid.minus(*refunded)?, "part")?;
                self.follows_decisions(parent(reference), None)?;
                self.parts.push((parent(reference), *part));
                self.base = self.base.plus(*part)?;
            }
            Step::Class { clause, .. } => {
                let (_, part) = self.parts.pop().unwrap_or_default();
                self.follows(!part.is_zero(), "clause")?;
                self.earned = self.earned.plus(part)?;
                // The first class a line's parts are paid under is the line's clause.
                if self.is_first_class {
                    self.clause = Clause::parse(clause);
                }
                self.is_first_class = false;
            }
            Step::ClassShare {
                reference,
                class_sum,
                class_subsidy,
                part,
                share,
            } => {
                let rated = self.rated.take();
                self.follows(rated == Some((*class_sum, *class_subsidy)), "class_subsidy")?;
                let (own, others) = std::mem::take(&mut self.parts)
                    .into_iter()
                    .partition(|(policy, _)| *policy == reference);
                self.parts = others;
                let own: Vec<(&str, Money)> = own;
                self.follows(Money::sum(own.iter().map(|(_, part)| *part))? == *part, "part")?;
                self.follows(is_share(*class_subsidy, *part, *class_sum, *share), "share")?;
                self.earned = self.earned.plus(*share)?;
                self.is_first_class = false;
            }
            Step::OtherMoney {
                money,
                year_net,
                ceiling,
                earned,
                entitled,
            } => {
                // Earlier years' premium may have used up some of the money, never more than all of it.
                let least = year_net.minus_floored(*money)?;
                self.follows(least <= *ceiling && *ceiling <= *year_net, "ceiling")?;
                let allowed = (*earned).min(*ceiling);
                self.follows(self.earned <= *earned, "earned")?;
                self.follows(is_share(allowed, self.earned, *earned, *entitled), "entitled")?;
                self.earned = *entitled;
            }
            _ => {}
        }
        Ok(())
    }

    /// Holds the line against what its steps came to.
    fn finish(self) -> Result<(), StepsDiffer> {
        let line = self.line;
        let differs = |what, steps: String, line: String| {
            if steps == line {
                Ok(())
            } else {
                Err(StepsDiffer::Line { what, steps, line })
            }
        };
        let left = Money::sum(self.parts.iter().chain(&self.draws).map(|(_, amount)| *amount))?;
        let left = left.plus(Money::sum(self.bases.iter().copied())?)?;
        differs("steps", left.to_string(), Money::ZERO.to_string())?;
        differs("base", self.base.to_string(), line.base.to_string())?;
        differs("entitled", self.earned.to_string(), line.entitled.to_string())?;
        let amount = line.entitled.minus(line.settled_before)?;
        differs("amount", amount.to_string(), line.amount.to_string())?;
        // A rate's clause stands in the rules alone; a tier and a full class name theirs.
        let clause = match (line.explanation.steps.is_empty(), line.key.measure) {
            (true, _) => Clause::NothingEarned,
            (false, Measure::LoanSubsidy) => self.clause.unwrap_or(Clause::NothingEarned),
            (false, Measure::BankIncentive | Measure::PremiumSubsidy) => self.clause.unwrap_or(line.clause),
        };
        differs(
            "clause",
            clause.as_str().to_owned(),
            line.clause.as_str().to_owned(),
        )
    }
}

/// Whether `share` can be what largest remainder gives a weight of `total`: the exact share floored, or one fen above it.
fn is_share(total: Money, weight: Money, weights: Money, share: Money) -> bool {
    let [total, weight, weights, share] =
        [total, weight, weights, share].map(|amount| i128::from(amount.fen()));
    if weights == 0 {
        return share == 0;
    }
    let scaled = total * weight;
    let floor = scaled / weights;
    share == floor || (share == floor + 1 && scaled % weights != 0)
}
