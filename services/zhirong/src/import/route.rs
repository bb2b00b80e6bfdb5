//! Which certificate sends an institution's row, and by which call.

use std::collections::BTreeSet;

use exchange::Service;

use super::stream::Wire;
use crate::connection::{BUREAU, is_institution};

/// By which certificate and call an institution's row goes; none where no certificate here may send it.
pub(super) fn route(
    names: &BTreeSet<String>,
    institution: Option<&str>,
    service: Service,
) -> Option<(Wire, String)> {
    let (own, on_behalf) = match service {
        Service::Insurance => (Wire::Insurance, Wire::InsuranceOnBehalf),
        Service::Pledge | Service::Registry => (Wire::Pledge, Wire::PledgeOnBehalf),
    };
    if let Some(code) = institution.filter(|code| is_institution(code) && names.contains(*code)) {
        return Some((own, code.to_owned()));
    }
    if names.contains(BUREAU) {
        return Some((on_behalf, BUREAU.to_owned()));
    }
    // The one certificate given sends everything: the service says which rows are another institution's.
    let mut others = names.iter().filter(|name| name.as_str() != "server");
    match (others.next(), others.next()) {
        (Some(only), None) => Some((own, only.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_row_goes_by_its_own_certificate_then_by_the_bureau_then_by_the_only_one() {
        let all = names(&["bureau", "102496000991", "finance-maker"]);
        let routed = |names: &BTreeSet<String>, code| route(names, code, Service::Pledge);
        assert_eq!(
            routed(&all, Some("102496000991")),
            Some((Wire::Pledge, "102496000991".to_owned()))
        );
        assert_eq!(
            routed(&all, Some("102496000000")),
            Some((Wire::PledgeOnBehalf, "bureau".to_owned()))
        );
        assert_eq!(
            routed(&all, None),
            Some((Wire::PledgeOnBehalf, "bureau".to_owned()))
        );
        // An institution named like an office does not get the office's certificate.
        assert_eq!(
            routed(&all, Some("finance-maker")),
            Some((Wire::PledgeOnBehalf, "bureau".to_owned()))
        );
        let one = names(&["my-bank"]);
        assert_eq!(
            routed(&one, Some("102496000000")),
            Some((Wire::Pledge, "my-bank".to_owned()))
        );
        let two = names(&["102496000991", "PICC-1"]);
        assert_eq!(routed(&two, Some("102496000000")), None);
    }
}
