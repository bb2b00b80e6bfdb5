//! People sign in with an identity provider and call with a session. Stolen and forged ones are `zhirong_tests::faults::sessions`'s.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use api::people::v1 as pb;
use exchange::digest::sha256;
use http::Method;
use platform::config::Oidc;
use platform::database::embedded::temporary_dir;
use serde_json::{Value, json};
use tonic::Code;
use zhirong_tests::answer::{assert_refused, refused};
use zhirong_tests::earnest::Earnest;
use zhirong_tests::ids::{self, request_id};
use zhirong_tests::people::{Browser, COOKIE_NAME, CSRF, ProofKey};
use zhirong_tests::process::Served;
use zhirong_tests::run;
use zhirong_tests::sandbox::{Sandbox, close, shared};

const LIST: &str = "/zhirong.people.v1.PeopleService/ListSessions";
const REVOKE: &str = "/zhirong.people.v1.PeopleService/RevokeSessions";

fn listing(subject: &str) -> pb::ListSessionsRequest {
    pb::ListSessionsRequest {
        subject: subject.to_owned(),
        ..pb::ListSessionsRequest::default()
    }
}

#[test]
fn a_person_signs_in_on_a_certificate_and_calls_until_they_sign_out() {
    run(async {
        let sandbox = shared().await;
        let browser = Browser::new(sandbox, "probe");
        let nobody = browser.get("/auth/session").await;
        assert_eq!((nobody.status, nobody.reason().as_str()), (401, "SESSION_ENDED"));
        let arrived = browser.sign_in("?return=/auth/session", "chen-jing").await;
        let page = String::from_utf8(arrived.body.to_vec()).unwrap();
        assert!(
            page.contains("url=/auth/session") && !page.contains("<script"),
            "{page}"
        );
        let cookies: Vec<&str> = arrived
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert!(cookies[0].starts_with(&format!("{COOKIE_NAME}=")), "{cookies:?}");
        assert!(cookies[0].ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=28800"));
        let own = browser.get("/auth/session").await.json();
        assert_eq!(own["subject"], "person:chen-jing");
        assert_eq!((&own["role"], &own["city"]), (&json!("auditor"), &json!("4105")));
        let listed = browser
            .call(LIST, &json!({"subject": "person:chen-jing"}), &[CSRF])
            .await;
        assert_eq!(
            listed.json()["sessions"][0]["binding"],
            "SESSION_BINDING_CERTIFICATE"
        );
        let out = browser.send(Method::POST, "/auth/logout", &[CSRF], "").await;
        assert_eq!(out.status, 204);
        assert_eq!(browser.token(), "");
    });
}

#[test]
fn a_person_without_a_certificate_signs_in_with_a_key_that_proves_each_call() {
    run(async {
        let sandbox = shared().await;
        let (browser, key) = (Browser::bare(sandbox), ProofKey::new());
        let unbound = browser.begin("").await;
        assert_eq!(
            (unbound.status, unbound.reason().as_str()),
            (400, "SIGN_IN_UNBOUND")
        );
        let query = format!("?dpop_jkt={}", key.thumbprint());
        assert_eq!(browser.sign_in(&query, "wang-min").await.status, 200);
        let proof = key.proof("POST", &browser.address(LIST), &browser.token());
        let listed = browser.call(LIST, &json!({}), &[CSRF, ("dpop", &proof)]).await;
        assert_eq!(listed.status, 200, "{listed:?}");
        let proof = key.proof("GET", &browser.address(LIST), &browser.token());
        let read = browser
            .send(
                Method::GET,
                &format!("{LIST}?page_size=1"),
                &[("dpop", &proof)],
                "",
            )
            .await;
        assert_eq!(read.status, 200, "a read needs no more than its proof: {read:?}");
        // Nobody else is anybody there.
        let stranger = Browser::bare(sandbox).call(LIST, &json!({}), &[CSRF]).await;
        assert_eq!(
            (stranger.status, stranger.reason().as_str()),
            (401, "CALLER_UNKNOWN")
        );
    });
}

#[test]
fn the_bureau_lists_and_ends_sessions_and_the_trail_says_so() {
    run(async {
        let sandbox = shared().await;
        let people = [
            Browser::new(sandbox, "probe"),
            Browser::new(sandbox, "finance-maker"),
        ];
        for browser in &people {
            assert_eq!(browser.sign_in("", "liu-yang").await.status, 200);
        }
        let mut bureau = sandbox.client("bureau").people();
        let first = bureau
            .list_sessions(pb::ListSessionsRequest {
                page_size: 1,
                ..listing("person:liu-yang")
            })
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first.sessions.len(), 1);
        assert_eq!(first.sessions[0].display_name, "刘洋");
        assert_eq!(first.sessions[0].state(), pb::SessionState::Open);
        let second = bureau
            .list_sessions(pb::ListSessionsRequest {
                page_token: first.next_page_token.clone(),
                ..listing("person:liu-yang")
            })
            .await
            .unwrap()
            .into_inner();
        assert!(second.sessions.iter().all(|it| it.name != first.sessions[0].name));
        let ending = pb::RevokeSessionsRequest {
            request_id: request_id(),
            subject: "person:liu-yang".to_owned(),
        };
        let ended = bureau.revoke_sessions(ending.clone()).await.unwrap().into_inner();
        assert!(ended.ended >= 2, "{ended:?}");
        assert_eq!(
            bureau.revoke_sessions(ending).await.unwrap().into_inner(),
            ended,
            "a repeat"
        );
        for browser in &people {
            let gone = browser.call(LIST, &json!({}), &[CSRF]).await;
            assert_eq!((gone.status, gone.reason().as_str()), (401, "SESSION_ENDED"));
        }
        let listed = bureau
            .list_sessions(listing("person:liu-yang"))
            .await
            .unwrap()
            .into_inner();
        assert!(
            listed
                .sessions
                .iter()
                .all(|it| it.state() == pb::SessionState::Revoked && it.revoked_by == "bureau")
        );
        let mut database = sandbox.database().await;
        let audited: (String, String) =
            sqlx::query_as("select actor, object from ledger.audit where chain_no = $1 and stream = $2")
                .bind(ended.audit_head.as_ref().unwrap().chain_no)
                .bind(&ended.audit_head.as_ref().unwrap().stream)
                .fetch_one(&mut database)
                .await
                .unwrap();
        assert_eq!(
            audited,
            ("bureau".to_owned(), "sessions of person:liu-yang".to_owned())
        );
        close(database).await;
    });
}

#[test]
fn what_is_no_subject_or_page_is_refused() {
    run(async {
        let mut bureau = shared().await.client("bureau").people();
        let wrong = pb::RevokeSessionsRequest {
            request_id: request_id(),
            subject: "finance-maker".to_owned(),
        };
        assert_refused(
            bureau.revoke_sessions(wrong).await,
            Code::InvalidArgument,
            "SESSION_SUBJECT_INVALID",
        );
        let wrong = pb::ListSessionsRequest {
            page_token: "x".to_owned(),
            ..listing("")
        };
        let status = bureau.list_sessions(wrong).await.unwrap_err();
        assert_eq!(refused(&status).reason, "PAGE_TOKEN_INVALID");
    });
}

/// A call of the settlement service in JSON.
async fn settle(browser: &Browser, call: &str, request: &Value) -> zhirong_tests::http::Answer {
    let path = format!("/zhirong.settlement.v1.SettlementService/{call}");
    browser.call(&path, request, &[CSRF]).await
}

#[test]
fn a_person_with_two_roles_says_which_and_never_checks_what_they_made() {
    run(async {
        let sandbox = shared().await;
        let maker = Browser::new(sandbox, "probe");
        let back = maker.click("", "zhao-lei").await;
        let unsaid = maker.get(&back).await;
        assert_eq!(
            (unsaid.status, unsaid.reason().as_str()),
            (400, "SIGN_IN_ROLE_AMBIGUOUS")
        );
        assert_eq!(maker.sign_in("?role=finance-maker", "zhao-lei").await.status, 200);
        let year = ids::year();
        let opened = settle(
            &maker,
            "OpenBatch",
            &json!({
                "request_id": request_id(), "division_code": "410500", "year": year,
                "as_of": {"year": year, "month": 12, "day": 31}
            }),
        )
        .await;
        assert_eq!(opened.status, 200, "{opened:?}");
        let name = opened.json()["batch"]["name"].as_str().unwrap().to_owned();
        let computed = settle(
            &maker,
            "ComputeBatch",
            &json!({"request_id": request_id(), "name": name}),
        )
        .await;
        let digest = computed.json()["batch"]["digests"]["batch"].clone();
        let step = || json!({"request_id": request_id(), "name": name, "batch_digest": digest});
        let submitting = step();
        assert_eq!(settle(&maker, "SubmitBatch", &submitting).await.status, 200);
        let bureau = Browser::new(sandbox, "probe");
        assert_eq!(bureau.sign_in("", "wang-min").await.status, 200);
        let published = settle(&bureau, "PublishNotice", &step()).await;
        assert_eq!(published.status, 200, "{published:?}");
        let checker = Browser::new(sandbox, "probe");
        assert_eq!(
            checker.sign_in("?role=finance-checker", "zhao-lei").await.status,
            200
        );
        let approved = settle(&checker, "ApproveBatch", &step()).await;
        assert_eq!(approved.reason(), "TWO_PEOPLE_NEEDED", "{approved:?}");
        let mut database = sandbox.database().await;
        let actor: String = sqlx::query_scalar(
            "select actor from ledger.audit where action = 'SubmitBatch' and request_id = $1::text::uuid",
        )
        .bind(submitting["request_id"].as_str().unwrap())
        .fetch_one(&mut database)
        .await
        .unwrap();
        assert_eq!(actor, "person:zhao-lei");
        close(database).await;
    });
}

#[test]
fn a_session_in_use_goes_on_and_a_page_that_only_asks_keeps_nobody_signed_in() {
    run(async {
        let sandbox = shared().await;
        let browser = Browser::new(sandbox, "probe");
        assert_eq!(browser.sign_in("", "chen-jing").await.status, 200);
        let digest = sha256(browser.token().as_bytes());
        let mut database = sandbox.database().await;
        let age = "update people.session set last_used_at = clock_timestamp() - interval '14 minutes' where token_digest = $1";
        let idle = "select clock_timestamp() - last_used_at > interval '1 minute' from people.session where token_digest = $1";
        let mut is_idle = Vec::new();
        for asks in [true, false] {
            sqlx::query(age)
                .bind(digest.as_slice())
                .execute(&mut database)
                .await
                .unwrap();
            let answer = match asks {
                true => browser.get("/auth/session").await,
                false => browser.call(LIST, &json!({}), &[CSRF]).await,
            };
            assert_eq!(answer.status, 200);
            let found: bool = sqlx::query_scalar(idle)
                .bind(digest.as_slice())
                .fetch_one(&mut database)
                .await
                .unwrap();
            is_idle.push(found);
        }
        assert_eq!(is_idle, [true, false]);
        close(database).await;
    });
}

#[test]
fn a_sign_in_leads_nowhere_else_and_a_refusal_is_a_page_for_a_person() {
    run(async {
        let browser = Browser::new(shared().await, "probe");
        for other in [
            "//evil.example",
            "https://evil.example/",
            "/%5Cevil.example",
            "/a%0d%0aset-cookie:x",
        ] {
            let answer = browser.begin(&format!("?return={other}")).await;
            assert_eq!(
                (answer.status, answer.reason().as_str()),
                (400, "SIGN_IN_PARAMETER_INVALID"),
                "{other}"
            );
        }
        let page = browser
            .send(
                Method::GET,
                "/auth/callback?code=a&state=b",
                &[("accept", "text/html")],
                "",
            )
            .await;
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        assert_eq!(page.status, 401);
        assert!(
            text.contains("请重新登录") && text.contains("begin again"),
            "{text}"
        );
    });
}

/// A node in earnest over a place that `deploy` made, with more variables.
fn in_earnest(place: &Earnest, data: &str, more: &[(&'static str, String)]) -> Served {
    let data = place.data(data);
    let mut environment = place.environment();
    environment.extend_from_slice(more);
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Served::start(
        &["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()],
        &environment,
    )
}

/// The variables by which a node asks the provider of a sandbox.
fn provider(far: &Sandbox, secret: &Path) -> Vec<(&'static str, String)> {
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    vec![
        ("ZHIRONG_OIDC_ISSUER", format!("{}/sandbox-idp", far.people_url())),
        ("ZHIRONG_OIDC_CA", path(&far.identity_dir().join("ca.pem"))),
        ("ZHIRONG_OIDC_CLIENT_SECRET", path(secret)),
        ("ZHIRONG_OIDC_ACR", "sandbox-two-factors".to_owned()),
        ("ZHIRONG_OIDC_CALLBACK", CALLBACK.to_owned()),
    ]
}

/// What the provider was told; no browser of these tests goes there.
const CALLBACK: &str = "https://zhirong.example/auth/callback";

#[test]
fn a_node_in_earnest_has_no_provider_of_its_own_and_signs_people_in_under_its_own_logins() {
    run(async {
        let place = Earnest::start().await;
        let bureau = place.deploy().join("identity/people/bureau");
        let alone = in_earnest(&place, "alone", &[]);
        let browser = Browser::at(&bureau, alone.url(), "bureau");
        for path in [
            "/auth/login",
            "/auth/session",
            "/sandbox-idp/jwks",
            "/sandbox-idp/.well-known/openid-configuration",
        ] {
            let answer = browser.get(path).await;
            assert_eq!(answer.reason(), "METHOD_UNKNOWN", "{path} {answer:?}");
        }
        alone.stop();
        let secret = place.deploy().join("secrets/oidc.secret");
        std::fs::write(&secret, "between two nodes\n").unwrap();
        std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        let far = Sandbox::signing_in_by(Oidc {
            client_secret: Some(secret.clone()),
            ..Oidc::default()
        })
        .await;
        let near = in_earnest(&place, "near", &provider(&far, &secret));
        let year = ids::year();
        let revoking = json!({"request_id": request_id(), "subject": "person:nobody"});
        let opening = json!({
            "request_id": request_id(), "division_code": "410500", "year": year,
            "as_of": {"year": year, "month": 12, "day": 31}
        });
        // A write of each holds its session: the database lets these roles do no more with sessions than that.
        for (person, path, request) in [
            ("wang-min", REVOKE, revoking),
            (
                "li-qiang",
                "/zhirong.settlement.v1.SettlementService/OpenBatch",
                opening,
            ),
        ] {
            let browser = Browser::at(&bureau, near.url(), "bureau");
            let begun = browser.begin("").await;
            assert_eq!(begun.status, 302, "{begun:?}");
            let clicked = Browser::bare(&far)
                .get(&format!("{}&person={person}", begun.header("location")))
                .await;
            let back = clicked
                .header("location")
                .strip_prefix(CALLBACK)
                .unwrap()
                .to_owned();
            let arrived = browser.get(&format!("/auth/callback{back}")).await;
            assert_eq!(arrived.status, 200, "{arrived:?}");
            let wrote = browser.call(path, &request, &[CSRF]).await;
            assert_eq!(wrote.status, 200, "{wrote:?}");
            let token = browser.token();
            let out = browser.send(Method::POST, "/auth/logout", &[CSRF], "").await;
            assert_eq!(out.status, 204, "{out:?}");
            browser.put(COOKIE_NAME, &token);
            let late = browser.call(path, &request, &[CSRF]).await;
            assert_eq!((late.status, late.reason().as_str()), (401, "SESSION_ENDED"));
        }
        near.stop();
        far.stop().await;
    });
}

#[test]
fn a_provider_elsewhere_is_trusted_by_its_certificate_and_believed_by_its_keys() {
    run(async {
        // The provider is another sandbox's, at its address for people; only its authority vouches for it.
        let dir = temporary_dir("zhirong-tests").unwrap();
        std::fs::create_dir_all(&dir).unwrap();
        let secret = dir.join("secret");
        std::fs::write(&secret, "between two sandboxes\n").unwrap();
        let client = || Oidc {
            client_secret: Some(secret.clone()),
            ..Oidc::default()
        };
        let far = Sandbox::signing_in_by(client()).await;
        let oidc = |ca: Option<PathBuf>| Oidc {
            issuer: Some(format!("{}/sandbox-idp", far.people_url())),
            acr: vec!["sandbox-two-factors".to_owned()],
            ca,
            ..client()
        };
        let near = Sandbox::signing_in_by(oidc(None)).await;
        let begun = Browser::new(&near, "probe").begin("").await;
        assert_eq!(
            (begun.status, begun.reason().as_str()),
            (503, "IDENTITY_PROVIDER_UNAVAILABLE"),
            "not trusted"
        );
        near.stop().await;
        let near = Sandbox::signing_in_by(oidc(Some(far.identity_dir().join("ca.pem")))).await;
        let browser = Browser::new(&near, "probe");
        let begun = browser.begin("").await;
        assert_eq!(begun.status, 302, "{begun:?}");
        let page = Browser::bare(&far);
        let clicked = page
            .get(&format!("{}&person=wang-min", begun.header("location")))
            .await;
        let back = browser.get(clicked.header("location")).await;
        assert_eq!(back.status, 200, "{back:?}");
        assert_eq!(browser.call(LIST, &json!({}), &[CSRF]).await.status, 200);
        near.stop().await;
        far.stop().await;
        std::fs::remove_dir_all(&dir).unwrap();
    });
}
