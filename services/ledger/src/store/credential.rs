//! Table `registry.credential`, as the identity look-up sees it.

use platform::database::BoxFuture;
use policy::ident::City;
use sqlx::PgConnection;

use crate::caller::{Caller, Role};
use crate::error::Error;

/// The holder of a public key whose credential is valid now.
///
/// # Errors
/// Database errors.
pub fn find(tx: &mut PgConnection, spki_digest: [u8; 32]) -> BoxFuture<'_, Result<Option<Caller>, Error>> {
    Box::pin(async move {
        let found: Option<(String, String, String)> = sqlx::query_as(
            "select city, holder, role from registry.credential
             where spki_digest = $1
               and revoked_at is null
               and clock_timestamp() between not_before and not_after",
        )
        .bind(spki_digest.as_slice())
        .fetch_optional(tx)
        .await?;
        Ok(found.and_then(|(city, holder, role)| {
            Some(Caller {
                city: City::from_canonical(&city).ok()?,
                holder,
                role: Role::parse(&role)?,
            })
        }))
    })
}
