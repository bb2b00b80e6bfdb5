//! Which value of the role claim is which role in which city: the one rule by which the provider's word counts here.

use ledger::Role;
use policy::ident::City;

use crate::error::Error;

/// The role of a person who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) city: City,
    pub(crate) role: Role,
}

impl Assigned {
    /// Reads `CITY:ROLE`. A session is never an institution's: banks and insurers call by certificates alone.
    fn read(text: &str) -> Option<Self> {
        let (city, role) = text.split_once(':')?;
        let role = Role::parse(role).filter(|role| *role != Role::Institution)?;
        Some(Self {
            city: City::from_canonical(city).ok()?,
            role,
        })
    }

    fn word(&self) -> String {
        format!("{}:{}", self.city.as_str(), self.role.as_str())
    }
}

/// The table `oidc.roles`; empty where the values of the claim are `CITY:ROLE` themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roles(Vec<(String, Assigned)>);

impl Roles {
    /// Reads the table; the line that cannot be read where one cannot.
    pub(crate) fn read(lines: &[String]) -> Result<Self, &str> {
        let entry = |line: &String| {
            let (value, assigned) = line.rsplit_once('=')?;
            Some((value.to_owned(), Assigned::read(assigned)?))
        };
        let entries = lines.iter().map(|line| entry(line).ok_or(line.as_str()));
        Ok(Self(entries.collect::<Result<_, _>>()?))
    }

    /// The one role of a person with these values. With several, `wanted` says which: a role, or `CITY:ROLE`.
    pub(crate) fn choose(&self, values: &[String], wanted: &str) -> Result<Assigned, Error> {
        let mut found: Vec<Assigned> = Vec::new();
        for value in values {
            let assigned = if self.0.is_empty() {
                Assigned::read(value)
            } else {
                self.0
                    .iter()
                    .find(|(own, _)| own == value)
                    .map(|(_, assigned)| assigned.clone())
            };
            found.extend(assigned.filter(|assigned| !found.contains(assigned)));
        }
        let is_wanted =
            |it: &Assigned| wanted.is_empty() || it.role.as_str() == wanted || it.word() == wanted;
        found.retain(is_wanted);
        match found.as_slice() {
            [] => Err(Error::RoleMissing),
            [one] => Ok(one.clone()),
            several => Err(Error::RoleAmbiguous {
                roles: several.iter().map(Assigned::word).collect::<Vec<_>>().join(", "),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use platform::Fault;

    use super::*;

    fn chosen(table: &[&str], values: &[&str], wanted: &str) -> String {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let table = owned(table);
        let roles = Roles::read(&table).unwrap();
        match roles.choose(&owned(values), wanted) {
            Ok(assigned) => assigned.word(),
            Err(error) => error.reason().to_owned(),
        }
    }

    #[test]
    fn a_person_has_one_role_at_a_time() {
        assert_eq!(chosen(&[], &["4105:bureau"], ""), "4105:bureau");
        assert_eq!(
            chosen(&[], &["4105:bureau", "4105:bureau", "x"], ""),
            "4105:bureau"
        );
        let two = ["4105:finance-maker", "4105:finance-checker"];
        assert_eq!(chosen(&[], &two, ""), "SIGN_IN_ROLE_AMBIGUOUS");
        assert_eq!(chosen(&[], &two, "finance-checker"), "4105:finance-checker");
        assert_eq!(chosen(&[], &two, "4105:finance-maker"), "4105:finance-maker");
        assert_eq!(chosen(&[], &two, "auditor"), "SIGN_IN_ROLE_MISSING");
    }

    #[test]
    fn nobody_signs_in_as_an_institution_or_as_what_is_no_role() {
        for value in [
            "4105:institution",
            "4105:operator",
            "4105",
            "bureau",
            "41050:bureau",
            ":bureau",
            "",
        ] {
            assert_eq!(chosen(&[], &[value], ""), "SIGN_IN_ROLE_MISSING", "{value}");
        }
    }

    #[test]
    fn a_table_of_values_replaces_the_values_themselves() {
        let table = ["cn=zhirong,ou=finance=4105:finance-maker", "IP=4105:bureau"];
        assert_eq!(
            chosen(&table, &["cn=zhirong,ou=finance"], ""),
            "4105:finance-maker"
        );
        assert_eq!(chosen(&table, &["4105:auditor"], ""), "SIGN_IN_ROLE_MISSING");
        let wrong = ["IP=4105:institution".to_owned()];
        assert_eq!(Roles::read(&wrong).err(), Some("IP=4105:institution"));
    }
}
