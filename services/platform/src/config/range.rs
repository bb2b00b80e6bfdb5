//! Numbers that have a range.

use std::ops::RangeInclusive;

use crate::error::Error;

/// Refuses a number outside its range; so no bound can be set to "no limit".
pub(super) fn within(name: &str, value: u32, range: RangeInclusive<u32>) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(Error::config(
        name,
        format!("应为 {least} 到 {most}"),
        format!("must be {least} to {most}"),
    ))
}
