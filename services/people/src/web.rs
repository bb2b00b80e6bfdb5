//! The little of HTTP that signing in needs: queries, forms, cookies, pages.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use tonic::body::Body;

use crate::error::Error;

/// An answer.
pub(crate) type Answer = Response<Body>;

/// Parameters of a query or a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `name=value&..`.
    pub(crate) fn read(text: &str) -> Self {
        let plain = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (plain(name), plain(value))
        });
        Self(pairs.collect())
    }

    /// The one value of a parameter; none where there is none.
    ///
    /// # Errors
    /// [`Error::ParameterInvalid`] for one that is given twice (RFC 6749, 3.1).
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.0.iter().filter(|(own, _)| own == name);
        let first = values.next().map(|(_, value)| value.as_str());
        match values.next() {
            None => Ok(first.filter(|value| !value.is_empty())),
            Some(_) => Err(Error::ParameterInvalid { name }),
        }
    }

    /// The one value of a parameter that must be there.
    ///
    /// # Errors
    /// [`Error::ParameterInvalid`].
    pub(crate) fn one(&self, name: &'static str) -> Result<&str, Error> {
        self.optional(name)?.ok_or(Error::ParameterInvalid { name })
    }
}

/// Writes parameters as a query or a form.
pub(crate) fn query(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

/// An address with parameters behind it, whether or not it has some already.
pub(crate) fn with_query(address: &str, parameters: &[(&str, &str)]) -> String {
    let between = if address.contains('?') { '&' } else { '?' };
    format!("{address}{between}{}", query(parameters))
}

/// Where a request came to, as its caller wrote it: `https://host[:port]`. All listeners speak TLS.
pub(crate) fn origin(head: &Parts) -> String {
    let host = head
        .headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = head.uri.authority().map(http::uri::Authority::as_str).or(host);
    format!("https://{}", authority.unwrap_or_default().to_ascii_lowercase())
}

/// Every value of a cookie. HTTP/2 may send cookies in several headers.
pub(crate) fn cookies(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(own, _)| *own == name)
        .map(|(_, value)| value.to_owned())
        .collect()
}

/// How far a cookie is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SameSite {
    /// Never with a request that another site began.
    Strict,
    /// With a page that another site links to; what comes back from the provider is one.
    Lax,
}

/// A cookie for so many seconds; 0 removes it.
pub(crate) fn cookie(name: &str, value: &str, same_site: SameSite, seconds: u32) -> String {
    let same_site = match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
    };
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={seconds}")
}

/// An answer that nobody keeps, frames or sniffs, and whose address goes nowhere.
fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Body::new(Full::new(body.into())));
    *answer.status_mut() = status;
    let fixed = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; \
             base-uri 'none'; form-action 'none'",
        ),
        // The frame around every answer counts calls by this.
        (HeaderName::from_static("grpc-status"), "0"),
    ];
    for (name, value) in fixed {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// A JSON document.
pub(crate) fn json(status: StatusCode, document: &Value) -> Answer {
    answer(status, "application/json", document.to_string())
}

/// A script of our own.
pub(crate) fn script(text: &'static str) -> Answer {
    answer(StatusCode::OK, "text/javascript; charset=utf-8", text)
}

/// No content.
pub(crate) fn nothing() -> Answer {
    answer(StatusCode::NO_CONTENT, "text/plain", Bytes::new())
}

/// A page. Only scripts of this origin run in it.
pub(crate) fn page(status: StatusCode, title: &str, head: &str, body: &str) -> Answer {
    let text = format!(
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>{head}\
         <style>body{{font-family:sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;line-height:1.6}}\
         li{{margin:.5rem 0}}.en{{color:#555}}</style></head><body><h1>{title}</h1>{body}</body></html>\n"
    );
    answer(status, "text/html; charset=utf-8", text)
}

/// Sends the browser somewhere; an address that is no header sends it nowhere.
pub(crate) fn redirect(address: &str) -> Result<Answer, Error> {
    let mut found = answer(StatusCode::FOUND, "text/plain", Bytes::new());
    let address =
        HeaderValue::from_str(address).map_err(|_| Error::ParameterInvalid { name: "redirect_uri" })?;
    found.headers_mut().insert(LOCATION, address);
    Ok(found)
}

/// Adds a cookie to an answer.
pub(crate) fn set_cookie(answer: &mut Answer, cookie: &str) {
    // Cookies are made of this crate's own texts, which are all ASCII.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(SET_COOKIE, value);
    }
}

/// Text within a page.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_survive_the_way_there_and_back_and_none_counts_twice() {
        let written = query(&[("a", "一 & 二=+%"), ("b", "")]);
        let read = Parameters::read(&written);
        assert_eq!(read.one("a").ok(), Some("一 & 二=+%"));
        assert_eq!(read.optional("b").ok(), Some(None));
        assert!(Parameters::read("a=1&a=1").one("a").is_err());
        assert_eq!(Parameters::read("a=b+c").one("a").ok(), Some("b c"));
    }

    #[test]
    fn cookies_are_found_in_one_header_or_several() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("x=1; __Host-zhirong=one"));
        headers.append(COOKIE, HeaderValue::from_static("__Host-zhirong=two;y"));
        assert_eq!(cookies(&headers, "__Host-zhirong"), ["one", "two"]);
        assert!(cookies(&headers, "zhirong").is_empty());
    }
}
