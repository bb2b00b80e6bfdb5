//! Table `registry.credential`, as the identity look-up sees it.

use platform::database::BoxFuture;
use platform::twin::{self, Twin};
use policy::ident::City;
use sqlx::PgConnection;

use crate::caller::{Caller, Credential, Role};
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
                credential: Credential::Key(spki_digest),
            })
        }))
    })
}

/// Kind and digest of what a write must hold of its caller; none in the twin that forgets to ask.
#[must_use]
pub fn known_by(caller: &Caller) -> Option<(&'static str, &[u8])> {
    let (kind, digest) = caller.credential.stored();
    (!twin::is_on(Twin::StaleCredential)).then_some((kind, digest.as_slice()))
}

/// Holds the caller's credential for share until the transaction ends, so that nothing of it commits after a revocation did.
/// A command does so in the statement that claims its request key ([`super::request::claim`]).
///
/// # Errors
/// [`Credential::gone`] where it is revoked or past its end by now; database errors.
pub async fn hold(tx: &mut PgConnection, caller: &Caller) -> Result<(), Error> {
    let (stands,): (bool,) =
        sqlx::query_as("select $1::text is null or ledger.caller_stands($1::text, $2::bytea)")
            .bind(known_by(caller).map(|(kind, _)| kind))
            .bind(known_by(caller).map(|(_, digest)| digest))
            .fetch_one(tx)
            .await?;
    if stands {
        Ok(())
    } else {
        Err(caller.credential.gone())
    }
}
