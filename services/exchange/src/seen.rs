//! Identifiers that a file repeats from row to row: read once, then shared.

use std::collections::HashMap;

use policy::ident::{InstitutionCode, Reference, Uscc};

use crate::codes::RefusalCode;
use crate::identifiers::{read_institution_code, read_reference, read_uscc, uscc_is_right};
use crate::row::Allow;

/// Most credit codes that are remembered: a large city's enterprises.
const CODES_MAX: usize = 200_000;

/// What earlier rows of the same file held. It changes no answer, only time and memory.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    codes: HashMap<Box<str>, Uscc>,
    institution: Option<InstitutionCode>,
    /// The contract or policy of the row before.
    parent: Option<Reference>,
}

impl Seen {
    /// A credit code. Only right ones are remembered, so the allow-list is asked for every other.
    pub(crate) fn uscc(&mut self, text: &str, allow: &Allow) -> Result<Uscc, RefusalCode> {
        if let Some(code) = self.codes.get(text) {
            return Ok(code.clone());
        }
        let code = read_uscc(text, allow)?;
        if code.as_str() == text && self.codes.len() < CODES_MAX && uscc_is_right(&code) {
            self.codes.insert(Box::from(text), code.clone());
        }
        Ok(code)
    }

    /// An institution code; canonical text reads to itself, so equal text needs no second reading.
    pub(crate) fn institution(&mut self, text: &str) -> Result<InstitutionCode, RefusalCode> {
        if let Some(code) = self.institution.as_ref().filter(|code| code.as_str() == text) {
            return Ok(code.clone());
        }
        let code = read_institution_code(text)?;
        self.institution = Some(code.clone());
        Ok(code)
    }

    /// The number of a contract or policy, whose events and patents usually stand together.
    pub(crate) fn parent(&mut self, text: &str) -> Result<Reference, RefusalCode> {
        if let Some(reference) = self
            .parent
            .as_ref()
            .filter(|reference| reference.as_str() == text)
        {
            return Ok(reference.clone());
        }
        let reference = read_reference(text)?;
        self.parent = Some(reference.clone());
        Ok(reference)
    }
}
