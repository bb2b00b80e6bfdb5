//! What the bureau reports: institutions, enterprises, patents and the lists.

use chrono::NaiveDate;

use super::{AwardLevel, EndReason, ExclusionGrade, HolderRole, InstitutionKind, OtherLevel, OtherMeasure};
use crate::date::Period;
use crate::ident::{Division, InstitutionCode, PatentNo, Reference, Uscc};
use crate::money::Money;

/// An institution 机构 (file `institutions`): a bank's branch, an insurer's sub-branch, and its legal person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Institution {
    /// 机构代码
    pub institution_code: InstitutionCode,
    /// 名称
    pub name: String,
    /// 类型
    pub kind: InstitutionKind,
    /// 法人统一社会信用代码
    pub legal_person_uscc: Uscc,
    /// 法人名称
    pub legal_person_name: String,
    /// 行政区划代码
    pub division_code: Division,
    /// 机构统一社会信用代码, the branch's own
    pub uscc: Option<Uscc>,
}

/// An enterprise's registration in one place for a period 企业登记 (file `enterprises`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enterprise {
    /// 统一社会信用代码
    pub uscc: Uscc,
    /// 名称
    pub name: String,
    /// 行政区划代码 of the registered address
    pub division_code: Division,
    /// 登记起始日
    pub registered_from: NaiveDate,
    /// 登记终止日, the last day here
    pub registered_to: Option<NaiveDate>,
}

impl Enterprise {
    /// The days on which it was registered here.
    #[must_use]
    pub fn period(&self) -> Period {
        Period {
            from: self.registered_from,
            to: self.registered_to,
        }
    }
}

/// A patent or an application 专利 (file `patents`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patent {
    /// 专利号
    pub patent_no: PatentNo,
    /// 专利名称
    pub title: String,
    /// 专利权人代码; absent where a person holds it
    pub patentee_uscc: Option<Uscc>,
    /// 授权日; absent for an application
    pub granted_on: Option<NaiveDate>,
    /// 终止日: the first day on which it is no longer in force
    pub ended_on: Option<NaiveDate>,
    /// 终止原因
    pub end_reason: Option<EndReason>,
}

impl Patent {
    /// Whether it had ended by the day.
    #[must_use]
    pub fn has_ended_by(&self, day: NaiveDate) -> bool {
        self.ended_on.is_some_and(|ended| ended <= day)
    }

    /// Whether it was granted on or before the day and had not ended by it.
    #[must_use]
    pub fn is_in_force_on(&self, day: NaiveDate) -> bool {
        self.granted_on.is_some_and(|granted| granted <= day) && !self.has_ended_by(day)
    }
}

/// Who owns or may use a patent, and when 专利权属 (file `patent_owners`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatentOwner {
    /// 专利号
    pub patent_no: PatentNo,
    /// 权利人: a credit code, or a person's name
    pub holder: String,
    /// 身份
    pub role: HolderRole,
    /// 起
    pub valid_from: NaiveDate,
    /// 止
    pub valid_to: Option<NaiveDate>,
}

impl PatentOwner {
    /// The days on which the right stood.
    #[must_use]
    pub fn period(&self) -> Period {
        Period {
            from: self.valid_from,
            to: self.valid_to,
        }
    }
}

/// A patent award 专利奖 (file `awards`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Award {
    /// 专利号
    pub patent_no: PatentNo,
    /// 级别
    pub level: AwardLevel,
    /// 奖项
    pub award_name: String,
    /// 授奖日
    pub awarded_on: NaiveDate,
}

/// An entry of the exclusion list 限制名单 (file `exclusions`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// 对象: a credit code or a patent number in canonical form
    pub subject: String,
    /// 等级
    pub grade: ExclusionGrade,
    /// 起
    pub valid_from: NaiveDate,
    /// 止
    pub valid_to: Option<NaiveDate>,
    /// 原因
    pub reason: String,
}

impl Exclusion {
    /// The days on which the entry stands.
    #[must_use]
    pub fn period(&self) -> Period {
        Period {
            from: self.valid_from,
            to: self.valid_to,
        }
    }
}

/// Money of another level of government for the same loan or policy 其他资金 (file `other_awards`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherAward {
    /// 受益人
    pub beneficiary_uscc: Uscc,
    /// 项目
    pub measure: OtherMeasure,
    /// 对应编号: contract or policy number
    pub reference: Reference,
    /// 级别
    pub level: OtherLevel,
    /// 金额
    pub amount: Money,
    /// 授予日
    pub awarded_on: NaiveDate,
}
