//! The steps of decisions and conditions held against the line.

use super::{Replay, Step, StepsDiffer, is_share};
use crate::codes::FindingCode;
use crate::facts::Verdict;
use crate::money::Money;

/// A decision that the steps named.
pub(super) struct Decided<'a> {
    reference: &'a str,
    verdict: Verdict,
    /// The share it states, where that is what it decides.
    share: Option<&'a str>,
}

impl<'a> Replay<'a> {
    pub(super) fn condition(&mut self, step: &'a Step) -> Result<(), StepsDiffer> {
        match step {
            Step::Decided {
                reference,
                code,
                verdict,
                value,
                ..
            } => self.decided(reference, code, verdict, value.as_deref()),
            Step::Revoked {
                at_most,
                earned,
                entitled,
                ..
            } => self.lowered(*earned, *at_most, *entitled),
            Step::SetAside { earned, entitled, .. }
            | Step::Frozen { earned, entitled, .. }
            | Step::LateWindow { earned, entitled, .. } => {
                self.lowered(*earned, self.line.settled_before, *entitled)
            }
            Step::Budget {
                available,
                wanted,
                earned,
                granted,
                entitled,
                ..
            } => self.budget([*available, *wanted, *earned, *granted, *entitled]),
            _ => Ok(()),
        }
    }

    fn decided(
        &mut self,
        reference: &'a str,
        code: &str,
        verdict: &str,
        value: Option<&'a str>,
    ) -> Result<(), StepsDiffer> {
        let code = FindingCode::parse(code);
        self.follows(code.is_some(), "code")?;
        let Some(verdict) = Verdict::parse(verdict) else {
            return self.follows(false, "verdict");
        };
        let is_share = code == Some(FindingCode::ShareUnstated) && verdict == Verdict::Accept;
        self.decided.push(Decided {
            reference,
            verdict,
            share: value.filter(|_| is_share),
        });
        Ok(())
    }

    /// A contract or policy that was rejected has no part in the line; a share that was accepted is the one applied.
    pub(super) fn follows_decisions(&self, reference: &str, share: Option<&str>) -> Result<(), StepsDiffer> {
        let own = || self.decided.iter().filter(|it| it.reference == reference);
        self.follows(own().all(|it| it.verdict == Verdict::Accept), "reference")?;
        let states = |it: &Decided<'_>| it.share.is_none() || it.share == share;
        self.follows(own().all(states), "share")
    }

    /// The line is lowered to an amount below it.
    fn lowered(&mut self, earned: Money, to: Money, entitled: Money) -> Result<(), StepsDiffer> {
        self.follows(earned == self.earned, "earned")?;
        self.follows(to < earned && entitled == to, "entitled")?;
        self.earned = entitled;
        Ok(())
    }

    /// `[available, wanted, earned, granted, entitled]`: a part of what is left, on top of what was settled.
    fn budget(&mut self, amounts: [Money; 5]) -> Result<(), StepsDiffer> {
        let [available, wanted, earned, granted, entitled] = amounts;
        self.follows(earned == self.earned, "earned")?;
        let due = earned.minus(self.line.settled_before)?;
        self.follows(available < wanted && due <= wanted, "wanted")?;
        self.follows(
            Money::ZERO <= granted && granted < due && granted <= available,
            "granted",
        )?;
        let is_pro_rata = self.reading("R14") == "PRO_RATA";
        self.follows(
            !is_pro_rata || is_share(available, due, wanted, granted),
            "granted",
        )?;
        self.follows(entitled == self.line.settled_before.plus(granted)?, "entitled")?;
        self.earned = entitled;
        Ok(())
    }
}
