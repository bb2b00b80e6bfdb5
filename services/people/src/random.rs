//! Secrets from the system.

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;
use crate::jose;

/// 256 random bits as 43 characters of base64url.
pub(crate) fn text() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| platform::Error::Identity {
            name: "session".to_owned(),
            what: "the system gives no random numbers".to_owned(),
        })?;
    Ok(jose::encode(&bytes))
}
