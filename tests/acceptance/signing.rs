//! A draft is unsigned, a released batch is signed once and for all.

use api::settlement::v1::StreamBatchResponse;
use exchange::batch::Receipt;
use platform::signing::{key_id, read_public_key};
use zhirong::node::SIGNING_KEY;
use zhirong::verify::verify;
use zhirong_tests::sandbox::{Sandbox, close, shared};
use zhirong_tests::{batch, ids, run};

fn receipt(messages: &[StreamBatchResponse]) -> Receipt {
    Receipt::from_json(&batch::files(messages)["receipt.json"]).unwrap()
}

/// What the sandbox says its signing key is.
fn public_key(sandbox: &Sandbox) -> Vec<u8> {
    let path = sandbox.identity_dir().join(format!("{SIGNING_KEY}.pem"));
    read_public_key(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_release_signs_the_receipt_and_nothing_changes_it_afterwards() {
    run(async {
        let sandbox = shared().await;
        let year = ids::year();
        let draft = batch::open(sandbox, batch::opening(year, &format!("{}-03-31", year + 1))).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let of_draft = batch::pull(sandbox, &draft.name, 0).await;
        assert_eq!(receipt(&of_draft).signature, None);

        let mut releaser = sandbox.client("finance-releaser").settlement();
        let computed = batch::approved(sandbox, &computed).await;
        let request = batch::releasing(&computed);
        let released = releaser
            .release_batch(request.clone())
            .await
            .unwrap()
            .into_inner();
        let first = batch::pull(sandbox, &draft.name, 0).await;
        let signed = receipt(&first);
        let signature = signed.signature.clone().unwrap();
        assert_eq!(signature.algorithm, "ECDSA-P256-SHA256");
        assert_eq!(signature.key_id, key_id(&public_key(sandbox)));
        let (_, differences) = verify(&batch::files(&first));
        assert!(differences.is_empty(), "{differences:?}");
        // Everything but the signature is what was approved.
        assert_eq!(
            Receipt {
                signature: None,
                ..signed
            },
            receipt(&of_draft)
        );

        // A repeated release and a second pull have the same bytes.
        let again = releaser.release_batch(request).await.unwrap().into_inner();
        assert_eq!(again, released);
        let second = batch::pull(sandbox, &draft.name, 0).await;
        assert_eq!(batch::files(&first), batch::files(&second));

        // Not even the owner of the database signs it anew.
        let mut database = sandbox.database().await;
        let changed =
            sqlx::query("update settlement.batch set receipt = 'x' where city = '4105' and year = $1")
                .bind(year)
                .execute(&mut database)
                .await;
        let refused = changed.unwrap_err();
        assert_eq!(
            refused.as_database_error().and_then(|it| it.constraint()),
            Some("batch_closed")
        );
        close(database).await;
    });
}

#[test]
fn no_certificate_of_a_caller_is_taken_for_the_signing_key() {
    run(async {
        let sandbox = shared().await;
        let names = zhirong::connection::certificates(sandbox.identity_dir()).unwrap();
        assert!(
            names.contains("bureau") && !names.contains(SIGNING_KEY),
            "{names:?}"
        );
    });
}
