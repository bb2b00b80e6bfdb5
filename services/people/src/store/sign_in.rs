//! Table `people.sign_in`: sign-ins under way.

use sqlx::{FromRow, PgConnection};

use crate::error::Error;

/// Most sign-ins under way at once: anybody may begin one.
const MOST: i64 = 10_000;

/// A sign-in as it is kept.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct SignIn {
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) return_path: String,
    pub(crate) wanted_role: String,
    pub(crate) bound_kind: String,
    pub(crate) bound_to: Vec<u8>,
}

/// Begins one, and forgets those that took too long.
///
/// # Errors
/// [`Error::SignInBusy`].
pub(crate) async fn begin(
    tx: &mut PgConnection,
    (state, browser): ([u8; 32], [u8; 32]),
    sign_in: &SignIn,
) -> Result<(), Error> {
    sqlx::query("delete from people.sign_in where created_at < clock_timestamp() - interval '10 minutes'")
        .execute(&mut *tx)
        .await?;
    let under_way: i64 = sqlx::query_scalar("select count(*) from people.sign_in")
        .fetch_one(&mut *tx)
        .await?;
    if under_way >= MOST {
        return Err(Error::SignInBusy);
    }
    sqlx::query(
        "insert into people.sign_in
             (state_digest, browser_digest, nonce, verifier, return_path, wanted_role, bound_kind, bound_to)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(state.as_slice())
    .bind(browser.as_slice())
    .bind(&sign_in.nonce)
    .bind(&sign_in.verifier)
    .bind(&sign_in.return_path)
    .bind(&sign_in.wanted_role)
    .bind(&sign_in.bound_kind)
    .bind(&sign_in.bound_to)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes the one that this browser began; nobody takes it again. On another key than it began with, it is not there.
pub(crate) async fn take(
    tx: &mut PgConnection,
    (state, browser): ([u8; 32], [u8; 32]),
    certificate: Option<[u8; 32]>,
) -> Result<Option<SignIn>, Error> {
    Ok(sqlx::query_as(
        "delete from people.sign_in
         where state_digest = $1 and browser_digest = $2 and created_at >= clock_timestamp() - interval '10 minutes'
             and (bound_kind <> 'certificate' or bound_to = $3)
         returning nonce, verifier, return_path, wanted_role, bound_kind, bound_to",
    )
    .bind(state.as_slice())
    .bind(browser.as_slice())
    .bind(certificate.as_ref().map(<[u8; 32]>::as_slice))
    .fetch_optional(tx)
    .await?)
}
