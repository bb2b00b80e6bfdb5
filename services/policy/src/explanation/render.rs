//! A step in words, Chinese and English.

mod conditions;

use super::Step;
use crate::codes::Clause;

impl Step {
    /// The step in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Draw {
                reference,
                date,
                amount,
                reversed,
            } if reversed.is_zero() => {
                format!("{date} 放款 {amount} 元（{reference}）")
            }
            Self::Draw {
                reference,
                date,
                amount,
                reversed,
            } => {
                format!("{date} 放款 {amount} 元，冲正 {reversed} 元（{reference}）")
            }
            Self::Contract {
                reference,
                drawn,
                within_limit,
                share,
                base,
            } => {
                let share = share
                    .as_ref()
                    .map(|share| format!("，专利占比 {share}"))
                    .unwrap_or_default();
                format!(
                    "合同 {reference}：计入放款 {drawn} 元，合同额度内 {within_limit} 元{share}，基数 {base} 元"
                )
            }
            Self::Sum { base } => format!("基数合计 {base} 元"),
            Self::Tier {
                base, clause, amount, ..
            } => {
                let text = Clause::parse(clause).map_or("", Clause::zh);
                format!("{base} 元适用 {text}，应得 {amount} 元")
            }
            Self::Rate {
                base,
                rate,
                exact,
                rounded,
            } => format!("{base} × {rate} = {exact}，舍入到分 {rounded} 元"),
            Self::Cap {
                earned,
                cap,
                entitled,
                left,
            } => {
                format!("年度上限 {cap} 元：应得 {earned} 元，计 {entitled} 元，剩余额度 {left} 元")
            }
            Self::NothingEarned { settled } => {
                format!("现有事实不再产生应得金额，此前已结算的 {settled} 元收回")
            }
            Self::Payment { .. }
            | Self::Class { .. }
            | Self::ClassShare { .. }
            | Self::OtherMoney { .. }
            | Self::Excluded { .. } => self.premium_zh(),
            Self::Decided { .. }
            | Self::Revoked { .. }
            | Self::SetAside { .. }
            | Self::Frozen { .. }
            | Self::LateWindow { .. }
            | Self::Budget { .. } => self.condition_zh(),
        }
    }

    /// The steps of a premium, and the exclusion that ends any computation.
    fn premium_zh(&self) -> String {
        match self {
            Self::Payment {
                reference,
                date,
                paid,
                refunded,
                part,
            } => {
                format!("{date} 缴费 {paid} 元，退费 {refunded} 元（{reference}），本专利分摊 {part} 元")
            }
            Self::Class { clause, because } => {
                format!(
                    "{}（{because}）",
                    Clause::parse(clause).map_or(clause.as_str(), |known| known.zh())
                )
            }
            Self::ClassShare {
                reference,
                class_sum,
                class_subsidy,
                part,
                share,
            } => format!(
                "保单 {reference} 同类保费合计 {class_sum} 元，补贴 {class_subsidy} 元；本专利 {part} 元，最大余数法分得 {share} 元"
            ),
            Self::OtherMoney {
                money,
                year_net,
                ceiling,
                earned,
                entitled,
            } => format!(
                "其他级次资金 {money} 元；本年净保费 {year_net} 元，可补上限 {ceiling} 元；保单应得 {earned} 元，本行计 {entitled} 元"
            ),
            Self::Excluded {
                as_of,
                earned,
                entitled,
            } => {
                format!("{as_of} 处于限制名单：事实应得 {earned} 元，暂计 {entitled} 元")
            }
            // Said by `zh` itself, or with the conditions.
            _ => String::new(),
        }
    }

    /// The step in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::Draw {
                reference,
                date,
                amount,
                reversed,
            } => {
                format!("{date} drawn {amount}, reversed {reversed} ({reference})")
            }
            Self::Contract {
                reference,
                drawn,
                within_limit,
                share,
                base,
            } => {
                let share = share
                    .as_ref()
                    .map(|share| format!(", patent share {share}"))
                    .unwrap_or_default();
                format!(
                    "contract {reference}: counted draws {drawn}, within the contract {within_limit}{share}, base {base}"
                )
            }
            Self::Sum { base } => format!("sum of bases {base}"),
            Self::Tier {
                base, clause, amount, ..
            } => {
                format!(
                    "{base} falls under {}: {amount}",
                    Clause::parse(clause).map_or("", Clause::en)
                )
            }
            Self::Rate {
                base,
                rate,
                exact,
                rounded,
            } => format!("{base} x {rate} = {exact}, rounded to the fen {rounded}"),
            Self::Cap {
                earned,
                cap,
                entitled,
                left,
            } => {
                format!("yearly cap {cap}: earned {earned}, entitled {entitled}, room left {left}")
            }
            Self::NothingEarned { settled } => {
                format!("no known fact earns anything any more; the {settled} settled before is taken back")
            }
            Self::Payment { .. }
            | Self::Class { .. }
            | Self::ClassShare { .. }
            | Self::OtherMoney { .. }
            | Self::Excluded { .. } => self.premium_en(),
            Self::Decided { .. }
            | Self::Revoked { .. }
            | Self::SetAside { .. }
            | Self::Frozen { .. }
            | Self::LateWindow { .. }
            | Self::Budget { .. } => self.condition_en(),
        }
    }

    /// The steps of a premium, and the exclusion that ends any computation.
    fn premium_en(&self) -> String {
        match self {
            Self::Payment {
                reference,
                date,
                paid,
                refunded,
                part,
            } => {
                format!("{date} paid {paid}, refunded {refunded} ({reference}), this patent's part {part}")
            }
            Self::Class { clause, because } => {
                format!(
                    "{} ({because})",
                    Clause::parse(clause).map_or(clause.as_str(), |known| known.en())
                )
            }
            Self::ClassShare {
                reference,
                class_sum,
                class_subsidy,
                part,
                share,
            } => format!(
                "policy {reference}: class sum {class_sum}, class subsidy {class_subsidy}; this patent {part}, share by largest remainder {share}"
            ),
            Self::OtherMoney {
                money,
                year_net,
                ceiling,
                earned,
                entitled,
            } => format!(
                "other levels paid {money}; the year's net premium {year_net}, ceiling {ceiling}; policy earned {earned}, this line {entitled}"
            ),
            Self::Excluded {
                as_of,
                earned,
                entitled,
            } => {
                format!("excluded on {as_of}: facts earn {earned}, for now {entitled}")
            }
            // Said by `en` itself, or with the conditions.
            _ => String::new(),
        }
    }
}
