//! Signing in and out: authorisation code with PKCE (RFC 7636), state and nonce kept here, the session in a cookie.

use http::StatusCode;
use http::request::Parts;
use platform::database::{Database, Scope};
use serde_json::json;

use crate::error::Error;
use crate::jose::{self, digest};
use crate::provider::{Provider, Question, Reply};
use crate::roles::Roles;
use crate::session::{Bound, COOKIE, Presented, Sessions, Signed, Use};
use crate::store::session::Begun;
use crate::store::sign_in::SignIn;
use crate::web::{self, Answer, Parameters, SameSite};
use crate::{DATABASE_ROLE, random, store};

/// The cookie of the browser that began to sign in. It must come back with a page that the provider's site leads to, so it is `Lax`; it
/// opens nothing, and is worth nothing without the state.
const SIGN_IN_COOKIE: &str = "__Host-zhirong-sign-in";
/// The digest of a session's token, for the scripts that must name it in their proofs and cannot read the token itself. It opens nothing.
const DIGEST_COOKIE: &str = "__Host-zhirong-ath";
/// Seconds that a sign-in may take.
const SIGN_IN_SECONDS: u32 = 600;
/// Seconds of a session at most; the database ends it by its own clock.
const SESSION_SECONDS: u32 = 8 * 3600;
/// Most bytes of a path to return to.
const RETURN_BYTES: usize = 512;

/// What signs people in.
pub(crate) struct Flow {
    pub(crate) database: Database,
    pub(crate) sessions: Sessions,
    pub(crate) provider: Provider,
    pub(crate) roles: Roles,
    /// The address that the provider sends people back to; in a sandbox the one that they came by.
    pub(crate) callback: Option<String>,
}

/// A path of this node. `//host` and `/\host` are other sites to a browser.
fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= RETURN_BYTES
        && !text.starts_with("//")
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

impl Flow {
    fn callback(&self, origin: &str) -> String {
        let own = || format!("{origin}{}", platform::config::CALLBACK_PATH);
        self.callback.clone().unwrap_or_else(own)
    }

    /// `GET /auth/login?return=&role=&dpop_jkt=`: sends the browser to the provider.
    pub(crate) async fn login(&self, head: &Parts) -> Result<Answer, Error> {
        let asked = Parameters::read(head.uri.query().unwrap_or_default());
        let return_path = asked.optional("return")?.unwrap_or("/auth/session");
        if !is_path(return_path) {
            return Err(Error::ParameterInvalid { name: "return" });
        }
        let wanted_role = asked.optional("role")?.unwrap_or_default();
        if wanted_role.len() > 64 {
            return Err(Error::ParameterInvalid { name: "role" });
        }
        let bound = match (
            platform::serve::peer_spki(&head.extensions),
            asked.optional("dpop_jkt")?,
        ) {
            (Some(certificate), _) => Bound::Certificate(certificate),
            (None, Some(key)) => {
                let key = jose::decode(key).and_then(|key| <[u8; 32]>::try_from(key).ok());
                Bound::Dpop(key.ok_or(Error::ParameterInvalid { name: "dpop_jkt" })?)
            }
            (None, None) => return Err(Error::SignInUnbound),
        };
        let (state, browser) = (random::text()?, random::text()?);
        let (bound_kind, bound_to) = bound.stored();
        let sign_in = SignIn {
            nonce: random::text()?,
            verifier: random::text()?,
            return_path: return_path.to_owned(),
            wanted_role: wanted_role.to_owned(),
            bound_kind,
            bound_to,
        };
        let origin = web::origin(head);
        let question = Question {
            callback: &self.callback(&origin),
            state: &state,
            nonce: &sign_in.nonce,
            challenge: &jose::encode(&digest(sign_in.verifier.as_bytes())),
        };
        let mut answer = web::redirect(&self.provider.address(&origin, question).await?)?;
        let key = (digest(state.as_bytes()), digest(browser.as_bytes()));
        self.database
            .run_keyed("people.login", &Scope::new(DATABASE_ROLE, "", ""), move |tx| {
                let sign_in = sign_in.clone();
                Box::pin(async move { store::sign_in::begin(tx, key, &sign_in).await })
            })
            .await?;
        let cookie = web::cookie(SIGN_IN_COOKIE, &browser, SameSite::Lax, SIGN_IN_SECONDS);
        web::set_cookie(&mut answer, &cookie);
        Ok(answer)
    }

    /// `GET /auth/callback?code=&state=`: takes the sign-in, redeems the code and begins a session.
    pub(crate) async fn callback_answer(&self, head: &Parts) -> Result<Answer, Error> {
        let asked = Parameters::read(head.uri.query().unwrap_or_default());
        let origin = web::origin(head);
        let sign_in = self.take(head, asked.one("state")?).await?;
        if let Some(error) = asked.optional("error")? {
            let what = error.chars().filter(char::is_ascii_graphic).take(64).collect();
            return Err(Error::SignInRefused { what });
        }
        // RFC 9207: a provider that names itself must be the one that was asked.
        if asked
            .optional("iss")?
            .is_some_and(|issuer| issuer != self.provider.issuer(&origin))
        {
            return Err(Error::TokenInvalid { what: "iss" });
        }
        let reply = Reply {
            callback: &self.callback(&origin),
            code: asked.one("code")?,
            verifier: &sign_in.verifier,
            nonce: &sign_in.nonce,
        };
        let person = self.provider.redeem(&origin, reply).await?;
        let assigned = self.roles.choose(&person.roles, &sign_in.wanted_role)?;
        let begun = Begun {
            city: assigned.city.as_str().to_owned(),
            // A prefix that no office and no institution code has: nobody's id at the provider can stand for another holder.
            subject: format!("person:{}", person.subject),
            name: person.name,
            role: assigned.role.as_str(),
            bound_kind: sign_in.bound_kind,
            bound_to: sign_in.bound_to,
        };
        tracing::info!(
            subject = begun.subject,
            role = begun.role,
            city = begun.city,
            "a person signed in"
        );
        let token = random::text()?;
        let key = digest(token.as_bytes());
        let scope = Scope::new(DATABASE_ROLE, begun.city.clone(), "*");
        self.database
            .run("people.begin", &scope, move |tx| {
                let begun = begun.clone();
                Box::pin(async move { store::session::begin(tx, key, &begun).await })
            })
            .await?;
        Ok(arrived(&token, &key, &sign_in.return_path))
    }

    async fn take(&self, head: &Parts, state: &str) -> Result<SignIn, Error> {
        let browsers = web::cookies(&head.headers, SIGN_IN_COOKIE);
        let [browser] = browsers.as_slice() else {
            return Err(Error::SignInUnknown);
        };
        let key = (digest(state.as_bytes()), digest(browser.as_bytes()));
        let certificate = platform::serve::peer_spki(&head.extensions);
        let taken: Result<Option<SignIn>, Error> = self
            .database
            .run("people.callback", &Scope::new(DATABASE_ROLE, "", ""), move |tx| {
                Box::pin(store::sign_in::take(tx, key, certificate))
            })
            .await;
        taken?.ok_or(Error::SignInUnknown)
    }

    async fn signed(&self, head: &Parts, usage: Use) -> Result<Signed, Error> {
        let presented = Presented::of(head).ok_or(Error::Ledger(ledger::Error::SessionEnded))?;
        self.sessions.admit(&presented, &head.extensions, usage).await
    }

    /// `GET /auth/session`: who is signed in.
    pub(crate) async fn session(&self, head: &Parts) -> Result<Answer, Error> {
        let signed = self.signed(head, Use::Asks).await?;
        let document = json!({
            "subject": signed.caller.holder,
            "display_name": signed.name,
            "role": signed.caller.role.as_str(),
            "city": signed.caller.city.as_str(),
            "ends_at": signed.ends_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        });
        Ok(web::json(StatusCode::OK, &document))
    }

    /// `POST /auth/logout`: ends the session.
    pub(crate) async fn logout(&self, head: &Parts) -> Result<Answer, Error> {
        let signed = self.signed(head, Use::Asks).await?;
        let (city, session_id) = (signed.caller.city.as_str().to_owned(), signed.session_id);
        let subject = signed.caller.holder;
        let scope = Scope::new(DATABASE_ROLE, city.clone(), "*");
        self.database
            .run_keyed("people.logout", &scope, move |tx| {
                let (city, subject) = (city.clone(), subject.clone());
                Box::pin(async move { store::session::end(tx, (&city, &subject), session_id).await })
            })
            .await?;
        let mut answer = web::nothing();
        for name in [COOKIE, DIGEST_COOKIE] {
            web::set_cookie(&mut answer, &web::cookie(name, "", SameSite::Strict, 0));
        }
        Ok(answer)
    }
}

/// The page that a person arrives at, with the session's cookie. It leads on by itself: a redirect would still count as begun by the provider's
/// site, and the `Strict` cookie would be missing there.
fn arrived(token: &str, digest: &[u8; 32], return_path: &str) -> Answer {
    let path = web::escaped(return_path);
    let mut answer = web::page(
        StatusCode::OK,
        "已登录 / Signed in",
        &format!("<meta http-equiv=\"refresh\" content=\"0;url={path}\">"),
        &format!("<p><a href=\"{path}\">继续 / Continue</a></p>"),
    );
    web::set_cookie(
        &mut answer,
        &web::cookie(COOKIE, token, SameSite::Strict, SESSION_SECONDS),
    );
    let readable = web::cookie(
        DIGEST_COOKIE,
        &jose::encode(digest),
        SameSite::Strict,
        SESSION_SECONDS,
    );
    web::set_cookie(&mut answer, &readable.replace("HttpOnly; ", ""));
    web::set_cookie(&mut answer, &web::cookie(SIGN_IN_COOKIE, "", SameSite::Lax, 0));
    answer
}

/// The page at `/auth/`: it signs a browser without a certificate in, by a key of its own.
pub(crate) fn sign_in_page() -> Answer {
    web::page(
        StatusCode::OK,
        "知融 登录 / Sign in",
        "<script type=\"module\" src=\"/auth/sign-in.js\"></script>",
        "<p id=\"who\"></p><p><a id=\"enter\" hidden>登录 / Sign in</a> <button id=\"leave\" hidden>退出 / Sign out</button></p>\
         <noscript>请使用客户端证书登录 / Sign in with a client certificate: <a href=\"/auth/login\">/auth/login</a></noscript>",
    )
}

/// Its script.
pub(crate) fn sign_in_script() -> Answer {
    web::script(include_str!("page/sign-in.js"))
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn a_sign_in_leads_back_to_this_site_only() {
        for own in ["/", "/auth/session", "/a?b=c#d"] {
            assert!(is_path(own), "{own}");
        }
        for other in [
            "",
            "a",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "/ b",
        ] {
            assert!(!is_path(other), "{other}");
        }
        assert!(!is_path(&format!("/{}", "a".repeat(512))));
    }
}
