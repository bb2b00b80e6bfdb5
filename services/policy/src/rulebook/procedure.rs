//! How a city settles, where its document says nothing of it.

use serde::Deserialize;

use super::RulebookError;

/// How a negative total of a beneficiary is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negative {
    /// 抵扣: set off against the beneficiary's positive lines first, of the same and of later batches.
    Offset,
    /// 追回: a recovery notice over the whole.
    Recovery,
}

/// How a city settles, where the document says nothing of it (table `[procedure]`): our choice, not the document's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Procedure {
    /// 公示工作日: working days that the lines of a batch are on public notice, 1 to 60.
    pub notice_working_days: u16,
    /// 补报期限: days after 31 December of the policy year on which more may still be paid; none while it is open.
    pub late_window_days: Option<u16>,
    /// What a negative total becomes.
    pub negative: Negative,
}

impl Default for Procedure {
    /// Five working days, an open window, set off.
    fn default() -> Self {
        Self {
            notice_working_days: 5,
            late_window_days: None,
            negative: Negative::Offset,
        }
    }
}

/// The table as it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcedureTable {
    notice_working_days: Option<i64>,
    late_window_days: Option<i64>,
    negative: Option<String>,
}

impl ProcedureTable {
    /// The procedure; what the table leaves out is as in [`Procedure::default`].
    pub(super) fn read(&self) -> Result<Procedure, RulebookError> {
        let days = |name: &str, stated: Option<i64>, range: std::ops::RangeInclusive<u16>| {
            let read = |days| u16::try_from(days).ok().filter(|days| range.contains(days));
            let checked =
                |days| read(days).ok_or_else(|| RulebookError::InvalidValue(format!("procedure.{name}")));
            stated.map(checked).transpose()
        };
        let default = Procedure::default();
        let notice = days("notice_working_days", self.notice_working_days, 1..=60)?;
        Ok(Procedure {
            notice_working_days: notice.unwrap_or(default.notice_working_days),
            late_window_days: days("late_window_days", self.late_window_days, 0..=3660)?,
            negative: match self.negative.as_deref() {
                None | Some("offset") => Negative::Offset,
                Some("recovery") => Negative::Recovery,
                Some(_) => return Err(RulebookError::InvalidValue("procedure.negative".to_owned())),
            },
        })
    }
}
