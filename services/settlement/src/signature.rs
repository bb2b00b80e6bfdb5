//! The signature of a released batch.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::batch::{Receipt, ReceiptSignature};
use platform::signing::{Signer, one_form, verify};

use crate::error::Error;
use crate::store::batch::Batch;

/// The receipt that a released batch keeps: signed where there is a key, else as it was computed.
///
/// What is signed is the stored receipt, and only if it is the one whose digest was approved.
pub(crate) async fn released(stored: &Batch, signer: Option<Arc<dyn Signer>>) -> Result<Vec<u8>, Error> {
    let bytes = stored.receipt.clone().unwrap_or_default();
    let Some(signer) = signer else {
        tracing::warn!(
            batch.sequence = stored.sequence,
            "released without a signature: no signing key is set"
        );
        return Ok(bytes);
    };
    let receipt = Receipt::from_json(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if !receipt.is_sealed() || stored.batch_digest.as_deref() != Some(receipt.batch_digest.as_str()) {
        return Err(unreadable("the stored receipt is not that of the batch digest"));
    }
    // A hardware module may take its time: not on a thread that other calls wait for.
    let signed = tokio::task::spawn_blocking(move || sign(receipt, signer.as_ref()))
        .await
        .map_err(platform::Error::from)??;
    Ok(signed.to_json())
}

/// Signs a receipt, and checks what came out: a released receipt cannot be signed again.
fn sign(receipt: Receipt, signer: &dyn Signer) -> Result<Receipt, Error> {
    let bytes = receipt
        .signed_bytes()
        .map_err(|error| unreadable(error.to_string()))?;
    let raw = signer.sign(&bytes)?;
    let raw = one_form(signer.algorithm(), signer.profile().encoding, &raw)?;
    verify(
        signer.algorithm(),
        signer.public_key_der(),
        &bytes,
        &raw,
        signer.profile(),
    )?;
    let signature = ReceiptSignature {
        algorithm: signer.algorithm().as_str().to_owned(),
        key_id: signer.key_id(),
        public_key: STANDARD.encode(signer.public_key_der()),
        user_id: signer.profile().user_id.clone(),
        encoding: signer.profile().encoding.as_str().to_owned(),
        signature: STANDARD.encode(raw),
    };
    Ok(Receipt {
        signature: Some(signature),
        ..receipt
    })
}

fn unreadable(detail: impl Into<String>) -> Error {
    ledger::Error::StoredRowUnreadable {
        file: "batch",
        detail: detail.into(),
    }
    .into()
}
