//! People at a browser: they sign in with the sandbox's provider or one of the tests' own, and call with the session's cookie.

mod key;
mod provider;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{Method, Request};
use platform::identity::load_identity;
use serde_json::Value;

use crate::http::{Answer, Http, Version, whole};
use crate::sandbox::Sandbox;

pub use key::{ProofKey, json_part};
pub use provider::{Issued, Provider, Token};

/// Name of the session's cookie, written down apart from the product's own.
pub const COOKIE_NAME: &str = "__Host-zhirong";

/// A browser: it keeps cookies, follows redirects when it is told to, and has no script.
pub struct Browser {
    http: Http,
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// A request of a browser beside its cookies.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// What a call with a session sends beside the cookie.
pub const CSRF: (&str, &str) = ("x-zhirong-csrf", "1");

impl Browser {
    /// One that calls the sandbox with one of its certificates.
    pub fn new(sandbox: &Sandbox, certificate: &str) -> Self {
        Self::at(sandbox.identity_dir(), sandbox.url(), certificate)
    }

    /// One that calls the server at `url` with a certificate out of a folder.
    pub fn at(identities: &Path, url: &str, certificate: &str) -> Self {
        let identity = load_identity(identities, certificate).unwrap();
        Self::of(
            Http::maybe(url, &identity.ca_pem, Some(&identity), Version::Http2),
            url,
        )
    }

    /// One without a certificate, at the sandbox's address for people.
    pub fn bare(sandbox: &Sandbox) -> Self {
        let ca_pem = std::fs::read_to_string(sandbox.identity_dir().join("ca.pem")).unwrap();
        let url = sandbox.people_url();
        Self::of(Http::maybe(&url, &ca_pem, None, Version::Http2), &url)
    }

    /// One over a client, for the server at `base`.
    pub fn of(http: Http, base: &str) -> Self {
        Self {
            http,
            base: base.to_owned(),
            cookies: Mutex::default(),
        }
    }

    /// The address of a path, as a proof names it.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The session's token; empty before the sign-in.
    pub fn token(&self) -> String {
        self.cookie(COOKIE_NAME)
    }

    /// A cookie; empty where there is none.
    pub fn cookie(&self, name: &str) -> String {
        self.cookies
            .lock()
            .unwrap()
            .get(name)
            .cloned()
            .unwrap_or_default()
    }

    /// Puts a cookie, as a thief would.
    pub fn put(&self, name: &str, value: &str) {
        self.cookies
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }

    /// Sends a request with the cookies and keeps those that come.
    pub async fn send(&self, method: Method, path: &str, headers: Headers<'_>, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let own = self.cookies.lock().unwrap().clone();
        if !own.is_empty() {
            let pairs: Vec<String> = own
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self
            .http
            .send(request.body(whole(body.to_owned())).unwrap())
            .await;
        for line in answer.headers.get_all(SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.put(name, value);
        }
        self.cookies.lock().unwrap().retain(|_, value| !value.is_empty());
        answer
    }

    /// Gets a page of the server by its path or its whole address.
    pub async fn get(&self, address: &str) -> Answer {
        let path = address.strip_prefix(&self.base).unwrap_or(address);
        self.send(Method::GET, path, &[], "").await
    }

    /// Calls a method in JSON, with these headers beside the cookie.
    pub async fn call(&self, path: &str, request: &Value, headers: Headers<'_>) -> Answer {
        let kind = (CONTENT_TYPE.as_str(), "application/json");
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([kind]).collect();
        self.send(Method::POST, path, &headers, &request.to_string())
            .await
    }

    /// Begins to sign in: the address of the provider's page.
    pub async fn begin(&self, query: &str) -> Answer {
        self.get(&format!("/auth/login{query}")).await
    }

    /// Clicks on a person of the sandbox's provider: the address that leads back.
    pub async fn click(&self, query: &str, person: &str) -> String {
        let begun = self.begin(query).await;
        assert_eq!(begun.status, 302, "{begun:?}");
        let clicked = self
            .get(&format!("{}&person={person}", begun.header("location")))
            .await;
        assert_eq!(clicked.status, 302, "{clicked:?}");
        clicked.header("location").to_owned()
    }

    /// Signs in as a person of the sandbox's provider.
    pub async fn sign_in(&self, query: &str, person: &str) -> Answer {
        let back = self.click(query, person).await;
        self.get(&back).await
    }
}
