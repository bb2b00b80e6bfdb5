//! Which key speaks for whom.

use api::registry::v1 as pb;
use api::registry::v1::create_credential_request::Key;
use platform::database::embedded::temporary_dir;
use platform::identity::{Authority, Identity, Purpose};
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::sandbox::{client, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{ids, run};

/// A certificate of the sandbox's authority that nobody has registered.
async fn certificate() -> Identity {
    let sandbox = shared().await;
    let name = format!("visitor-{}", ids::fresh());
    Authority::open(sandbox.identity_dir())
        .unwrap()
        .issue(&name, Purpose::Client)
        .unwrap()
}

fn request(holder: &str, role: pb::CredentialRole, key: Key) -> pb::CreateCredentialRequest {
    pb::CreateCredentialRequest {
        request_id: ids::request_id(),
        holder: holder.to_owned(),
        role: role.into(),
        key: Some(key),
        not_before: None,
        not_after: Some(prost_types::Timestamp {
            seconds: 4_000_000_000,
            nanos: 0,
        }),
    }
}

#[test]
fn a_key_speaks_from_its_registration_to_its_revocation() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let identity = certificate().await;
        let visitor = client(sandbox.url(), &identity);
        let get = pb::GetInstitutionRequest {
            name: format!("institutions/{}", scene.code),
        };
        let refused = visitor.registry().get_institution(get.clone()).await;
        assert_refused(refused, Code::Unauthenticated, "CALLER_UNKNOWN");

        let mut bureau = sandbox.client("bureau").registry();
        let key = Key::CertificatePem(identity.certificate_pem.clone());
        let create = request(&scene.code, pb::CredentialRole::Institution, key);
        let created = bureau
            .create_credential(create)
            .await
            .unwrap()
            .into_inner()
            .credential
            .unwrap();
        let digest = exchange::digest::hex(&identity.spki_digest().unwrap());
        assert_eq!((&created.holder, &created.spki_digest), (&scene.code, &digest));
        assert_eq!(created.name, format!("credentials/{digest}"));
        visitor.registry().get_institution(get.clone()).await.unwrap();

        let list = pb::ListCredentialsRequest {
            holder: scene.code.clone(),
            page_size: 1,
            page_token: String::new(),
        };
        let listed = list_all!(bureau, list_credentials, list, credentials);
        assert_eq!(listed.len(), 2, "the sandbox's own and the new one");
        assert!(listed.iter().any(|credential| credential.name == created.name));

        let revoke = pb::RevokeCredentialRequest {
            request_id: ids::request_id(),
            name: created.name,
            reason: "测试".to_owned(),
        };
        let revoked = bureau
            .revoke_credential(revoke)
            .await
            .unwrap()
            .into_inner()
            .credential
            .unwrap();
        assert!(revoked.revoked_at.is_some());
        // A look-up may be remembered for two seconds; then the key speaks no more.
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            match visitor.registry().get_institution(get.clone()).await {
                Err(status) => break assert_eq!(status.code(), Code::Unauthenticated),
                Ok(_) => assert!(std::time::Instant::now() < limit, "a revoked key still speaks"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
}

#[test]
fn a_key_has_one_holder_and_a_holder_few_keys() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut bureau = sandbox.client("bureau").registry();
        let taken = certificate().await;
        let key = Key::SpkiDigest(exchange::digest::hex(&taken.spki_digest().unwrap()));
        let first = request(&scene.code, pb::CredentialRole::Institution, key.clone());
        bureau.create_credential(first).await.unwrap();
        let other = request("somebody-else", pb::CredentialRole::Auditor, key);
        assert_refused(
            bureau.create_credential(other).await,
            Code::InvalidArgument,
            "CREDENTIAL_KEY_TAKEN",
        );
        let third = Key::CertificatePem(certificate().await.certificate_pem);
        let refused = bureau
            .create_credential(request(&scene.code, pb::CredentialRole::Institution, third))
            .await;
        assert!(refused.is_err(), "two live keys a holder");
    });
}

#[test]
fn the_bureau_gives_no_keys_to_finance() {
    run(async {
        let mut bureau = shared().await.client("bureau").registry();
        for role in [
            pb::CredentialRole::FinanceMaker,
            pb::CredentialRole::FinanceChecker,
            pb::CredentialRole::FinanceReleaser,
        ] {
            let key = Key::SpkiDigest("ab".repeat(32));
            let refused = bureau.create_credential(request("accomplice", role, key)).await;
            assert_refused(refused, Code::InvalidArgument, "CREDENTIAL_ROLE_NOT_YOURS");
        }
        let bad = request(
            "someone",
            pb::CredentialRole::Auditor,
            Key::SpkiDigest("short".to_owned()),
        );
        assert_refused(
            bureau.create_credential(bad).await,
            Code::InvalidArgument,
            "DIGEST_MALFORMED",
        );
    });
}

#[test]
fn a_certificate_of_another_authority_does_not_get_in() {
    run(async {
        let sandbox = shared().await;
        let own_ca = certificate().await.ca_pem;
        let dir = temporary_dir("zhirong-tests-ca").unwrap();
        let stranger = Authority::open(&dir)
            .unwrap()
            .issue("bureau", Purpose::Client)
            .unwrap();
        let stranger = Identity {
            ca_pem: own_ca.clone(),
            ..stranger
        };
        let request = pb::ListPatentsRequest::default();
        assert!(
            client(sandbox.url(), &stranger)
                .registry()
                .list_patents(request.clone())
                .await
                .is_err()
        );
        let bare = zhirong_tests::sandbox::channel(sandbox.url(), &own_ca, None);
        let mut bare = pb::registry_service_client::RegistryServiceClient::new(bare);
        assert!(bare.list_patents(request).await.is_err(), "without a certificate");
        std::fs::remove_dir_all(dir).unwrap();
    });
}
