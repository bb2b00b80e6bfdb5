//! Table `people.proof`: proofs that were used.

use sqlx::PgConnection;

use crate::dpop::Proof;
use crate::error::Error;

/// Uses a proof up; false where it was used before, whichever process saw it.
pub(crate) async fn use_up(tx: &mut PgConnection, proof: &Proof) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into people.proof (key_digest, proof_id) values ($1, $2) on conflict on constraint proof_key do nothing",
    )
    .bind(proof.key.as_slice())
    .bind(&proof.id)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets proofs that are too old to be taken again.
pub(crate) async fn forget(tx: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("delete from people.proof where seen_at < clock_timestamp() - interval '5 minutes'")
        .execute(tx)
        .await?;
    Ok(())
}
