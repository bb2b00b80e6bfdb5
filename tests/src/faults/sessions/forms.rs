//! A session's token, proofs and sign-in in other hands.

use exchange::digest::{hex, sha256};
use http::Method;
use serde_json::{Value, json};

use crate::figure::Asked;
use crate::ids::request_id;
use crate::people::{Browser, COOKIE_NAME, CSRF, Headers, ProofKey, json_part};
use crate::sandbox::{Sandbox, close};

/// A call that the person of every session here may make.
pub(super) const LIST: &str = "/zhirong.people.v1.PeopleService/ListSessions";

/// The bureau's person.
pub(super) const PERSON: &str = "wang-min";

/// A form that was tried.
pub(super) struct Tried {
    /// What it is; what stands behind a colon tells one try of a kind from another.
    pub(super) name: String,
    /// Whether it must be accepted.
    pub(super) is_honest: bool,
    /// Whether it was.
    pub(super) is_accepted: bool,
}

impl Tried {
    /// A form that nobody may come through with.
    pub(super) fn stolen(name: impl Into<String>, is_accepted: bool) -> Self {
        Self {
            name: name.into(),
            is_honest: false,
            is_accepted,
        }
    }

    /// A call that must be answered.
    pub(super) fn honest(name: &str, is_accepted: bool) -> Self {
        Self {
            is_honest: true,
            ..Self::stolen(name, is_accepted)
        }
    }

    /// What stands before the colon.
    pub(super) fn kind(&self) -> &str {
        self.name.split(':').next().unwrap()
    }
}

/// Whether a call with what a browser holds is answered.
pub(super) async fn is_heard(browser: &Browser, headers: Headers<'_>) -> bool {
    browser.call(LIST, &json!({"page_size": 1}), headers).await.status == 200
}

/// A person who has signed in over a certificate that no caller is known by.
async fn signed_in(sandbox: &Sandbox) -> Browser {
    let browser = Browser::new(sandbox, "probe");
    let arrived = browser.sign_in("", PERSON).await;
    assert_eq!(arrived.status, 200, "{arrived:?}");
    browser
}

/// Every form that needs no provider of the tests' own.
pub(super) async fn all(sandbox: &Sandbox, asked: Asked) -> Vec<Tried> {
    let mut tried = of_certificates(sandbox).await;
    tried.extend(of_tokens(sandbox, asked).await);
    tried.extend(of_proofs(sandbox, asked).await);
    tried.extend(ended(sandbox).await);
    tried.extend(of_sign_ins(sandbox).await);
    tried
}

/// The token of a session on other connections.
async fn of_certificates(sandbox: &Sandbox) -> Vec<Tried> {
    let victim = signed_in(sandbox).await;
    let mut tried = vec![Tried::honest(
        "on its own certificate",
        is_heard(&victim, &[CSRF]).await,
    )];
    for (name, thief) in [
        (
            "on another certificate of the same role",
            Browser::new(sandbox, "bureau"),
        ),
        (
            "on another certificate of another role",
            Browser::new(sandbox, "finance-maker"),
        ),
        ("on no certificate", Browser::bare(sandbox)),
    ] {
        thief.put(COOKIE_NAME, &victim.token());
        tried.push(Tried::stolen(name, is_heard(&thief, &[CSRF]).await));
    }
    let (thief, key) = (Browser::bare(sandbox), ProofKey::new());
    thief.put(COOKIE_NAME, &victim.token());
    let proof = key.proof("POST", &thief.address(LIST), &victim.token());
    let headers = [CSRF, ("dpop", proof.as_str())];
    tried.push(Tried::stolen(
        "on no certificate, with a proof",
        is_heard(&thief, &headers).await,
    ));
    tried.push(Tried::stolen(
        "without the header of its own pages",
        is_heard(&victim, &[]).await,
    ));
    tried
}

/// Tokens that are none.
async fn of_tokens(sandbox: &Sandbox, asked: Asked) -> Vec<Tried> {
    let victim = signed_in(sandbox).await;
    let token = victim.token();
    let digest = sha256(token.as_bytes());
    let mut forged = vec![
        ("no token at all".to_owned(), String::new()),
        ("the token's digest in its place".to_owned(), hex(&digest)),
        ("two tokens".to_owned(), format!("{token}; {COOKIE_NAME}={token}")),
        ("the token with more behind it".to_owned(), format!("{token}A")),
        (
            "the token cut short".to_owned(),
            token[..token.len() - 1].to_owned(),
        ),
    ];
    let mut rng = fastrand::Rng::with_seed(asked.seed);
    for number in 0..asked.of(8, 100, 500, 5_000) {
        let mut bytes = token.clone().into_bytes();
        let at = rng.usize(..bytes.len());
        let other = loop {
            let other = rng.alphanumeric();
            if other != char::from(bytes[at]) {
                break other;
            }
        };
        bytes[at] = u8::try_from(other).unwrap();
        forged.push((
            format!("one character of the token changed: {number}"),
            String::from_utf8(bytes).unwrap(),
        ));
    }
    let mut tried = Vec::new();
    for (name, value) in forged {
        let browser = Browser::new(sandbox, "probe");
        browser.put(COOKIE_NAME, &value);
        tried.push(Tried::stolen(name, is_heard(&browser, &[CSRF]).await));
    }
    let nobody = Browser::new(sandbox, "probe");
    for scheme in ["Bearer", "DPoP"] {
        let value = format!("{scheme} {token}");
        let headers = [CSRF, ("authorization", value.as_str())];
        tried.push(Tried::stolen(
            format!("the token as {scheme}"),
            is_heard(&nobody, &headers).await,
        ));
    }
    // Whoever presents a session is that person or nobody: the certificate beside it does not count instead.
    let office = Browser::new(sandbox, "bureau");
    office.put(COOKIE_NAME, "none");
    let beside = is_heard(&office, &[CSRF]).await;
    tried.push(Tried::stolen(
        "a false token beside a certificate that is known",
        beside,
    ));
    tried
}

/// A change of a proof's header and claims.
type Change = fn(&mut Value, &mut Value);

/// Proofs that are signed by the right key and are not of this call.
const CHANGED: [(&str, Change); 14] = [
    ("a proof for another method", |_, claims| {
        claims["htm"] = json!("GET")
    }),
    ("a proof for another path", |_, claims| {
        claims["htu"] = json!(
            claims["htu"]
                .as_str()
                .unwrap()
                .replace("ListSessions", "RevokeSessions")
        );
    }),
    ("a proof for another host", |_, claims| {
        claims["htu"] = json!(format!("https://localhost{LIST}"))
    }),
    ("a proof five minutes old", |_, claims| {
        claims["iat"] = json!(claims["iat"].as_i64().unwrap() - 300)
    }),
    ("a proof of five minutes hence", |_, claims| {
        claims["iat"] = json!(claims["iat"].as_i64().unwrap() + 300)
    }),
    ("a proof of no time", |_, claims| claims["iat"] = Value::Null),
    ("a proof for another token", |_, claims| {
        claims["ath"] = json!("0".repeat(43))
    }),
    ("a proof for no token", |_, claims| claims["ath"] = Value::Null),
    ("a proof without a number", |_, claims| claims["jti"] = json!("")),
    ("a proof of another type", |header, _| {
        header["typ"] = json!("JWT")
    }),
    ("a proof without its key", |header, _| header["jwk"] = Value::Null),
    ("a proof with a private key", |header, _| {
        header["jwk"]["d"] = json!("AA")
    }),
    ("a proof said to be RS256", |header, _| {
        header["alg"] = json!("RS256")
    }),
    ("a proof with a critical extension", |header, _| {
        header["crit"] = json!(["htm"])
    }),
];

/// A session that is bound to a key, and proofs that are not its own.
async fn of_proofs(sandbox: &Sandbox, asked: Asked) -> Vec<Tried> {
    let (victim, key, thief) = (Browser::bare(sandbox), ProofKey::new(), ProofKey::new());
    let arrived = victim
        .sign_in(&format!("?dpop_jkt={}", key.thumbprint()), PERSON)
        .await;
    assert_eq!(arrived.status, 200, "{arrived:?}");
    let (token, address) = (victim.token(), victim.address(LIST));
    let good = key.proof("POST", &address, &token);
    let mut tried = vec![
        Tried::honest(
            "with its own proof",
            is_heard(&victim, &[CSRF, ("dpop", &good)]).await,
        ),
        Tried::stolen(
            "the same proof again",
            is_heard(&victim, &[CSRF, ("dpop", &good)]).await,
        ),
        Tried::stolen("no proof", is_heard(&victim, &[CSRF]).await),
    ];
    let on_certificate = Browser::new(sandbox, "probe");
    on_certificate.put(COOKIE_NAME, &token);
    let unproven = is_heard(&on_certificate, &[CSRF]).await;
    tried.push(Tried::stolen("no proof, on a certificate", unproven));
    let (header, claims) = (key.header(), ProofKey::claims("POST", &address, &token));
    let mut swapped = header.clone();
    swapped["jwk"] = thief.jwk();
    let none = json!({"typ": "dpop+jwt", "alg": "none", "jwk": key.jwk()});
    let shared = json!({"typ": "dpop+jwt", "alg": "HS256", "jwk": key.jwk()});
    let mut proofs = vec![
        ("a proof by another key", thief.proof("POST", &address, &token)),
        (
            "a proof by another key under this one's name",
            thief.sign(&header, &claims),
        ),
        (
            "a proof by this key under another's name",
            key.sign(&swapped, &claims),
        ),
        (
            "a proof that is not signed",
            format!("{}.{}.", json_part(&none), json_part(&claims)),
        ),
        (
            "a proof by the public key as a secret",
            hmac(&shared, &claims, &key.public()),
        ),
        ("a proof that is no token", "e30.e30".to_owned()),
    ];
    for (name, change) in CHANGED {
        let (mut header, mut claims) = (header.clone(), ProofKey::claims("POST", &address, &token));
        change(&mut header, &mut claims);
        proofs.push((name, key.sign(&header, &claims)));
    }
    for (name, proof) in proofs {
        tried.push(Tried::stolen(
            name,
            is_heard(&victim, &[CSRF, ("dpop", &proof)]).await,
        ));
    }
    let [one, two] = [(); 2].map(|()| key.proof("POST", &address, &token));
    let both = [CSRF, ("dpop", one.as_str()), ("dpop", two.as_str())];
    tried.push(Tried::stolen("two proofs", is_heard(&victim, &both).await));
    let mut rng = fastrand::Rng::with_seed(asked.seed);
    for number in 0..asked.of(8, 100, 500, 5_000) {
        let proof = flipped(&key.proof("POST", &address, &token), &mut rng);
        let heard = is_heard(&victim, &[CSRF, ("dpop", &proof)]).await;
        tried.push(Tried::stolen(
            format!("one bit of a proof flipped: {number}"),
            heard,
        ));
    }
    let last = key.proof("POST", &address, &token);
    let heard = is_heard(&victim, &[CSRF, ("dpop", &last)]).await;
    tried.push(Tried::honest("with another proof of its own", heard));
    tried
}

/// A token whose one bit is another, where it stays text that a header can hold.
pub(super) fn flipped(token: &str, rng: &mut fastrand::Rng) -> String {
    loop {
        let mut bytes = token.as_bytes().to_vec();
        let at = rng.usize(..bytes.len());
        bytes[at] ^= 1 << rng.u8(..7);
        if bytes[at].is_ascii_graphic() {
            return String::from_utf8(bytes).unwrap();
        }
    }
}

/// A token signed with HMAC-SHA-256, as RFC 2104 writes it down, under a key that everybody knows.
pub(super) fn hmac(header: &Value, claims: &Value, key: &[u8]) -> String {
    let signed = format!("{}.{}", json_part(header), json_part(claims));
    let key = if key.len() > 64 {
        sha256(key).to_vec()
    } else {
        key.to_vec()
    };
    let pad = |with: u8| -> Vec<u8> {
        let filled = key.iter().copied().chain(std::iter::repeat(0)).take(64);
        filled.map(|byte| byte ^ with).collect()
    };
    let inner = sha256(&[pad(0x36), signed.as_bytes().to_vec()].concat());
    let outer = sha256(&[pad(0x5c), inner.to_vec()].concat());
    use base64::Engine;
    format!(
        "{signed}.{}",
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(outer)
    )
}

/// Sessions that have ended, each in its own way.
async fn ended(sandbox: &Sandbox) -> Vec<Tried> {
    let mut tried = Vec::new();
    let mut database = sandbox.database().await;
    for (name, change) in [
        (
            "after fifteen minutes without a call",
            "update people.session set last_used_at = clock_timestamp() - interval '15 minutes' where token_digest = $1",
        ),
        (
            "after eight hours",
            "update people.session set created_at = created_at - interval '8 hours', ends_at = ends_at - interval '8 hours'
             where token_digest = $1",
        ),
    ] {
        let victim = signed_in(sandbox).await;
        let digest = sha256(victim.token().as_bytes());
        let done = sqlx::query(change).bind(digest.as_slice()).execute(&mut database).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
        tried.push(Tried::stolen(name, is_heard(&victim, &[CSRF]).await));
    }
    close(database).await;
    let victim = signed_in(sandbox).await;
    let token = victim.token();
    let out = victim.send(Method::POST, "/auth/logout", &[CSRF], "").await;
    assert_eq!(out.status, 204, "{out:?}");
    victim.put(COOKIE_NAME, &token);
    tried.push(Tried::stolen(
        "after signing out",
        is_heard(&victim, &[CSRF]).await,
    ));
    let victim = signed_in(sandbox).await;
    let request = api::people::v1::RevokeSessionsRequest {
        request_id: request_id(),
        subject: format!("person:{PERSON}"),
    };
    let answer = sandbox
        .client("bureau")
        .people()
        .revoke_sessions(request)
        .await
        .unwrap();
    assert!(answer.into_inner().ended >= 1);
    tried.push(Tried::stolen(
        "after the bureau ended it",
        is_heard(&victim, &[CSRF]).await,
    ));
    tried
}

/// Sign-ins that another browser, or nobody any more, may finish.
async fn of_sign_ins(sandbox: &Sandbox) -> Vec<Tried> {
    let arrives = async |browser: &Browser, back: &str| browser.get(back).await.status == 200;
    let victim = Browser::new(sandbox, "probe");
    let back = victim.click("", PERSON).await;
    let cookie = victim.cookie("__Host-zhirong-sign-in");
    let mut tried = Vec::new();
    let other = Browser::new(sandbox, "probe");
    tried.push(Tried::stolen(
        "a code in a browser that asked for none",
        arrives(&other, &back).await,
    ));
    other.begin("").await;
    tried.push(Tried::stolen(
        "a code under the state of another browser",
        arrives(&other, &back).await,
    ));
    let elsewhere = Browser::new(sandbox, "auditor");
    elsewhere.put("__Host-zhirong-sign-in", &cookie);
    tried.push(Tried::stolen(
        "a code on another certificate",
        arrives(&elsewhere, &back).await,
    ));
    let bare = Browser::bare(sandbox);
    bare.put("__Host-zhirong-sign-in", &cookie);
    tried.push(Tried::stolen(
        "a code on no certificate",
        arrives(&bare, back.trim_start_matches(sandbox.url())).await,
    ));
    tried.push(Tried::honest(
        "a code in its own browser",
        arrives(&victim, &back).await,
    ));
    victim.put("__Host-zhirong-sign-in", &cookie);
    tried.push(Tried::stolen("a code used twice", arrives(&victim, &back).await));
    let late = Browser::new(sandbox, "probe");
    let back = late.click("", PERSON).await;
    let mut database = sandbox.database().await;
    sqlx::query("update people.sign_in set created_at = created_at - interval '10 minutes'")
        .execute(&mut database)
        .await
        .unwrap();
    close(database).await;
    tried.push(Tried::stolen(
        "a sign-in of ten minutes ago",
        arrives(&late, &back).await,
    ));
    let nobody = Browser::bare(sandbox);
    tried.push(Tried::stolen(
        "a sign-in that is bound to nothing",
        nobody.begin("").await.status == 302,
    ));
    tried
}
