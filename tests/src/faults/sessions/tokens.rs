//! ID tokens that no honest provider issued for this sign-in.

use platform::config::Oidc;
use serde_json::{Value, json};

use super::forms::{Tried, flipped, hmac};
use crate::figure::Asked;
use crate::people::{Browser, Issued, ProofKey, Provider, Token, json_part};
use crate::sandbox::Sandbox;

/// What a node is told of the tests' own provider.
pub(super) fn settings(provider: &Provider) -> Oidc {
    Oidc {
        issuer: Some(provider.issuer().to_owned()),
        acr: vec!["two".to_owned()],
        ..Oidc::default()
    }
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "one"})
}

/// Whether a token signs somebody in.
async fn signs_in(sandbox: &Sandbox, provider: &Provider, token: Token) -> bool {
    let browser = Browser::new(sandbox, "probe");
    let begun = browser.begin("").await;
    assert_eq!(begun.status, 302, "{begun:?}");
    let address = begun.header("location").to_owned();
    let parameter = |name: &str| {
        let query = address.split_once('?').unwrap().1;
        let found = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.unwrap().to_owned()
    };
    let plain = |text: String| {
        percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let nonce = plain(parameter("nonce"));
    provider.issue(Issued { nonce, token });
    let state = parameter("state");
    let back = browser.get(&format!("/auth/callback?code=x&state={state}")).await;
    back.status == 200 && !browser.token().is_empty()
}

/// A token with changed claims under the provider's own key.
/// A change of claims.
type Change = fn(&mut Value);

fn changed(change: Change) -> Token {
    Box::new(move |key, mut claims| {
        change(&mut claims);
        key.sign(&header(), &claims)
    })
}

/// Claims that are changed one at a time.
const CHANGED: [(&str, Change); 17] = [
    ("a token of another issuer", |claims| {
        claims["iss"] = json!("https://id.example")
    }),
    ("a token of no issuer", |claims| claims["iss"] = Value::Null),
    ("a token for another program", |claims| {
        claims["aud"] = json!("other")
    }),
    ("a token for several programs without a party", |claims| {
        claims["aud"] = json!(["zhirong", "other"])
    }),
    ("a token that another party asked for", |claims| {
        claims["azp"] = json!("other")
    }),
    ("a token with another nonce", |claims| {
        claims["nonce"] = json!("other")
    }),
    ("a token without a nonce", |claims| claims["nonce"] = Value::Null),
    ("a token that has expired", |claims| {
        claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 61)
    }),
    ("a token that never expires", |claims| claims["exp"] = Value::Null),
    ("a token of the future", |claims| {
        claims["iat"] = json!(claims["iat"].as_i64().unwrap() + 120)
    }),
    ("a token of an hour ago", |claims| {
        claims["iat"] = json!(claims["iat"].as_i64().unwrap() - 3600)
    }),
    ("a token not yet valid", |claims| {
        claims["nbf"] = json!(claims["iat"].as_i64().unwrap() + 120)
    }),
    ("a token of one factor", |claims| {
        claims["acr"] = json!("password")
    }),
    ("a token about nobody", |claims| claims["sub"] = json!("")),
    ("a token about a name with a space", |claims| {
        claims["sub"] = json!("a b")
    }),
    ("a token of an institution", |claims| {
        claims["zhirong_role"] = json!("4105:institution")
    }),
    ("a token without a role", |claims| {
        claims["zhirong_role"] = json!(["admin", "4105"])
    }),
];

/// Every forged token, and one that is good.
pub(super) async fn all(sandbox: &Sandbox, provider: &Provider, asked: Asked) -> Vec<Tried> {
    let mut forged: Vec<(String, Token)> = CHANGED
        .iter()
        .map(|(name, change)| ((*name).to_owned(), changed(*change)))
        .collect();
    let unsigned: Token = Box::new(|_, claims| {
        let none = json!({"alg": "none", "kid": "one"});
        format!("{}.{}.", json_part(&none), json_part(&claims))
    });
    forged.push(("a token that is not signed".to_owned(), unsigned));
    let shared: Token =
        Box::new(|key, claims| hmac(&json!({"alg": "HS256", "kid": "one"}), &claims, &key.public()));
    forged.push(("a token by the public key as a secret".to_owned(), shared));
    let published: Token =
        Box::new(|_, claims| hmac(&json!({"alg": "HS256", "kid": "shared"}), &claims, b"secret"));
    forged.push(("a token by a secret that is published".to_owned(), published));
    let heads: [(&str, Value); 4] = [
        ("a token said to be RS256", json!({"alg": "RS256", "kid": "one"})),
        (
            "a token by an unknown key's name",
            json!({"alg": "ES256", "kid": "two"}),
        ),
        ("a token by no key's name", json!({"alg": "ES256"})),
        (
            "a token with a critical extension",
            json!({"alg": "ES256", "kid": "one", "crit": ["b64"]}),
        ),
    ];
    for (name, head) in heads {
        forged.push((
            name.to_owned(),
            Box::new(move |key, claims| key.sign(&head, &claims)),
        ));
    }
    let other: Token = Box::new(|_, claims| ProofKey::new().sign(&header(), &claims));
    forged.push(("a token by another key".to_owned(), other));
    let brought: Token = Box::new(|_, claims| {
        let own = ProofKey::new();
        own.sign(&json!({"alg": "ES256", "kid": "one", "jwk": own.jwk()}), &claims)
    });
    forged.push(("a token by a key that it brings along".to_owned(), brought));
    for number in 0..asked.of(4, 50, 200, 2_000) {
        let seed = asked.seed.wrapping_add(number);
        let token: Token = Box::new(move |key, claims| {
            flipped(&key.sign(&header(), &claims), &mut fastrand::Rng::with_seed(seed))
        });
        forged.push((format!("one bit of a token flipped: {number}"), token));
    }
    let mut tried = Vec::new();
    for (name, token) in forged {
        tried.push(Tried::stolen(name, signs_in(sandbox, provider, token).await));
    }
    let good: Token = Box::new(|key, claims| key.sign(&header(), &claims));
    tried.push(Tried::honest(
        "a token as it should be",
        signs_in(sandbox, provider, good).await,
    ));
    tried
}
