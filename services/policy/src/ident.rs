//! Identifiers in their canonical form.
//!
//! A value of one of these types has the form of its standard; that its check digits are right is verified
//! where text enters (the exchange crate), because a city may allow-list a code that is in circulation with a wrong one.

use std::fmt;
use std::sync::Arc;

/// The text does not have the canonical form of this identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical {0}")]
pub struct NotCanonical(pub &'static str);

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes text that is already in canonical form.
            ///
            /// # Errors
            /// [`NotCanonical`] for any other text.
            pub fn from_canonical(text: &str) -> Result<Self, NotCanonical> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(Arc::from(text))) } else { Err(NotCanonical($what)) }
            }

            /// The canonical text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The 31 symbols of GB 32100-2015 (no I, O, S, V, Z), in the order of their values.
pub const USCC_SYMBOLS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

fn is_uscc(text: &str) -> bool {
    text.len() == 18 && text.chars().all(|symbol| USCC_SYMBOLS.contains(symbol))
}

fn is_patent_no(text: &str) -> bool {
    let Some((number, check)) = text.split_once('.') else {
        return false;
    };
    (number.len() == 12 || number.len() == 8)
        && all_digits(number)
        && matches!(check.as_bytes(), [b'0'..=b'9' | b'X'])
}

fn is_pledge_no(text: &str) -> bool {
    let digits = text.strip_prefix('Y').unwrap_or(text);
    digits.len() == 13 && all_digits(digits) && digits.starts_with("20")
}

fn is_reference(text: &str) -> bool {
    let length = text.chars().count();
    (1..=64).contains(&length)
        && text.trim() == text
        && !text
            .chars()
            .any(|symbol| symbol == '/' || symbol == ';' || symbol.is_control())
}

identifier!(
    /// Unified social credit code 统一社会信用代码 (GB 32100-2015): 18 symbols.
    Uscc, "unified social credit code", is_uscc
);
identifier!(
    /// Patent number 专利号 as printed: 12 digits (8 before October 2003), a point and the check character: `201610123456.6`, `95115608.X`.
    PatentNo, "patent number", is_patent_no
);
identifier!(
    /// Pledge registration number 质押登记号 of CNIPA: an optional `Y` and 13 digits beginning with the year.
    PledgeNo, "pledge registration number", is_pledge_no
);
identifier!(
    /// Administrative division code 行政区划代码 (GB/T 2260): six digits; the first four name the city.
    Division, "division code", |text| text.len() == 6 && all_digits(text)
);
identifier!(
    /// Institution code 机构代码: a bank's CNAPS number, or another institution's registered code; 1 to 64 characters.
    InstitutionCode, "institution code", is_reference
);
identifier!(
    /// A reporter's own number: contract 合同号, policy 保单号, event 流水号, agreement; 1 to 64 characters without `/`, `;` or control characters.
    Reference, "reference", is_reference
);

/// The class of a credit code's holder (its second character under registration department 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderClass {
    /// 91: an enterprise 企业, the only class the document surely means.
    Enterprise,
    /// 92 or 93: an individual business 个体工商户 or a farmers' cooperative; held for review.
    IndividualOrCooperative,
    /// Any other holder: public institutions, associations and the like.
    Other,
}

impl Uscc {
    /// The holder's class by the first two characters.
    #[must_use]
    pub fn holder_class(&self) -> HolderClass {
        match self.0.get(..2) {
            Some("91") => HolderClass::Enterprise,
            Some("92" | "93") => HolderClass::IndividualOrCooperative,
            _ => HolderClass::Other,
        }
    }
}

impl PatentNo {
    /// Whether the type digit says invention: 1, or 8 for a PCT national-phase invention.
    #[must_use]
    pub fn is_invention(&self) -> bool {
        let position = if self.0.len() == 14 { 4 } else { 2 };
        matches!(self.0.as_bytes().get(position), Some(b'1' | b'8'))
    }
}

impl Division {
    /// The city this division belongs to.
    #[must_use]
    pub fn city(&self) -> City {
        City(Arc::from(self.0.get(..4).unwrap_or("")))
    }
}

/// A city: the first four digits of its divisions' codes, e.g. `4105` for Anyang 安阳市.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct City(Arc<str>);

impl City {
    /// Takes the four digits.
    ///
    /// # Errors
    /// [`NotCanonical`] for any other text.
    pub fn from_canonical(text: &str) -> Result<Self, NotCanonical> {
        if text.len() == 4 && all_digits(text) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(NotCanonical("city"))
        }
    }

    /// The four digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The division code of the city itself, e.g. `410500`.
    #[must_use]
    pub fn division_text(&self) -> String {
        format!("{}00", self.0)
    }
}

impl fmt::Display for City {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_in_their_canonical_form_alone() {
        let long = |length| "甲".repeat(length);
        for (text, is_one) in [
            ("", false),
            ("A", true),
            (long(64).as_str(), true),
            (long(65).as_str(), false),
            (" A", false),
            ("A ", false),
            ("A/1", false),
            ("A;1", false),
            ("A\u{7}", false),
            ("A 1", true),
        ] {
            assert_eq!(Reference::from_canonical(text).is_ok(), is_one, "{text:?}");
            assert_eq!(InstitutionCode::from_canonical(text).is_ok(), is_one, "{text:?}");
        }
        for (text, is_one) in [
            ("91410500MA0000000X", true),
            ("91410500MA0000000", false),
            ("91410500MA0000000XX", false),
            ("91410500MA0000000I", false),
            ("91410500ma0000000X", false),
        ] {
            assert_eq!(Uscc::from_canonical(text).is_ok(), is_one, "{text}");
        }
        for (text, is_one) in [
            ("201610123456.6", true),
            ("95115608.X", true),
            ("201610123456", false),
            ("201610123456.", false),
            ("201610123456.66", false),
            ("201610123456.Y", false),
            ("20161012345.6", false),
            ("2016101234567.6", false),
            ("9511560.X", false),
            ("951156081.X", false),
            ("9511560A.X", false),
            ("20161012345B.6", false),
        ] {
            assert_eq!(PatentNo::from_canonical(text).is_ok(), is_one, "{text}");
        }
        for (text, is_one) in [
            ("Y2025980000001", true),
            ("2025980000001", true),
            ("Y1925980000001", false),
            ("Y202598000000", false),
            ("Y20259800000011", false),
            ("Z2025980000001", false),
            ("Y20259800000A1", false),
        ] {
            assert_eq!(PledgeNo::from_canonical(text).is_ok(), is_one, "{text}");
        }
        for (text, is_one) in [
            ("410500", true),
            ("41050", false),
            ("4105000", false),
            ("41050A", false),
        ] {
            assert_eq!(Division::from_canonical(text).is_ok(), is_one, "{text}");
        }
        for (text, is_one) in [("4105", true), ("410", false), ("41050", false), ("41O5", false)] {
            assert_eq!(City::from_canonical(text).is_ok(), is_one, "{text}");
        }
    }

    #[test]
    fn what_an_identifier_says_of_its_holder() {
        let class = |start: &str| {
            let text = format!("{start}410500MA0000000X");
            Uscc::from_canonical(&text).unwrap().holder_class()
        };
        assert_eq!(class("91"), HolderClass::Enterprise);
        assert_eq!(["92", "93"].map(class), [HolderClass::IndividualOrCooperative; 2]);
        assert_eq!(["90", "94", "12", "19"].map(class), [HolderClass::Other; 4]);
        let is_invention = |text| PatentNo::from_canonical(text).unwrap().is_invention();
        assert!(
            ["201610123456.6", "201680123456.6", "95115608.X", "95815608.X"]
                .map(is_invention)
                .iter()
                .all(|it| *it)
        );
        assert!(
            ![
                "201620123456.6",
                "201630123456.6",
                "201690123456.6",
                "95215608.1",
                "18315608.1"
            ]
            .map(is_invention)
            .iter()
            .any(|it| *it)
        );
        let division = Division::from_canonical("410526").unwrap();
        assert_eq!(
            (division.city().as_str(), division.city().division_text()),
            ("4105", "410500".to_owned())
        );
        assert_eq!(
            format!("{division} {division:?} {}", division.city()),
            "410526 Division(410526) 4105"
        );
    }
}
