//! Settings of signing people in with the city's OpenID Connect provider: table `[oidc]` of the file, `ZHIRONG_OIDC_*` outside it.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::environment::comma_separated;
use super::set_some;
use crate::error::Error;

/// Path of this program that a provider sends people back to.
pub const CALLBACK_PATH: &str = "/auth/callback";

/// Who signs people in, and what of an ID token says who may do what. Nothing here is needed in a sandbox, which has a provider of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider's issuer, https; a sandbox may name one on this machine without TLS. Without it nobody signs in.
    pub issuer: Option<String>,
    /// Name under which the provider knows this program; `zhirong` where not set.
    pub client_id: Option<String>,
    /// File with the secret that the provider gave this program.
    pub client_secret: Option<PathBuf>,
    /// Certificates (PEM) that the provider is trusted by, beside the system's.
    pub ca: Option<PathBuf>,
    /// The whole address of [`CALLBACK_PATH`] as browsers reach it, as it is registered with the provider.
    pub callback: Option<String>,
    /// Claim of the ID token that holds a person's roles, a text or a list of texts; `zhirong_role` where not set.
    pub role_claim: Option<String>,
    /// What the values of that claim stand for, each `value=CITY:ROLE`; where there are none, the values are `CITY:ROLE` themselves.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Of these at least one must be the token's `acr` or stand in its `amr`: the words by which the provider says that two factors were used.
    #[serde(default)]
    pub acr: Vec<String>,
}

impl Oidc {
    /// Lays another layer over this one: what it states wins.
    pub(super) fn apply(&mut self, layer: Self) {
        set_some(&mut self.issuer, layer.issuer);
        set_some(&mut self.client_id, layer.client_id);
        set_some(&mut self.client_secret, layer.client_secret);
        set_some(&mut self.ca, layer.ca);
        set_some(&mut self.callback, layer.callback);
        set_some(&mut self.role_claim, layer.role_claim);
        for (own, others) in [(&mut self.roles, layer.roles), (&mut self.acr, layer.acr)] {
            if !others.is_empty() {
                *own = others;
            }
        }
    }

    /// Takes the variable `ZHIRONG_OIDC_{key}`; false where there is none of that name.
    pub(super) fn take(&mut self, key: &str, value: &str) -> bool {
        let text = || Some(value.to_owned());
        match key {
            "ISSUER" => self.issuer = text(),
            "CLIENT_ID" => self.client_id = text(),
            "CLIENT_SECRET" => self.client_secret = Some(PathBuf::from(value)),
            "CA" => self.ca = Some(PathBuf::from(value)),
            "CALLBACK" => self.callback = text(),
            "ROLE_CLAIM" => self.role_claim = text(),
            "ROLES" => self.roles = comma_separated(value),
            "ACR" => self.acr = comma_separated(value),
            _ => return false,
        }
        true
    }

    /// Whether a node in earnest could sign people in safely with these settings.
    pub(super) fn check(&self, is_sandbox: bool, has_listener: bool) -> Result<(), Error> {
        let Some(issuer) = &self.issuer else {
            if has_listener && !is_sandbox {
                return Err(Error::config(
                    "people_listen",
                    "没有 oidc.issuer，无人能在此登录",
                    "without oidc.issuer nobody could sign in there",
                ));
            }
            return Ok(());
        };
        let is_local = is_sandbox && issuer.strip_prefix("http://").is_some_and(is_loopback);
        if !issuer.starts_with("https://") && !is_local {
            return Err(Error::config(
                "oidc.issuer",
                "应以 https:// 开头",
                "must begin with https://",
            ));
        }
        if is_sandbox {
            return Ok(());
        }
        let is_callback =
            |callback: &String| callback.starts_with("https://") && callback.ends_with(CALLBACK_PATH);
        if !self.callback.as_ref().is_some_and(is_callback) {
            return Err(Error::config(
                "oidc.callback",
                format!("应为完整的 https 地址，以 {CALLBACK_PATH} 结尾"),
                format!("must be a whole https address that ends with {CALLBACK_PATH}"),
            ));
        }
        if self.client_secret.is_none() {
            return Err(Error::config(
                "oidc.client_secret",
                "缺少客户端密钥文件",
                "the file with the client secret is missing",
            ));
        }
        if self.acr.is_empty() {
            return Err(Error::config(
                "oidc.acr",
                "必须列出身份提供方表示双因素的取值",
                "must list the words by which the provider says that two factors were used",
            ));
        }
        Ok(())
    }
}

/// Whether the authority of an address behind its scheme is this machine.
fn is_loopback(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Oidc {
        Oidc {
            issuer: Some("https://id.anyang.example/realm".to_owned()),
            client_secret: Some(PathBuf::from("/run/secrets/oidc")),
            callback: Some("https://zhirong.anyang.example/auth/callback".to_owned()),
            acr: vec!["mfa".to_owned()],
            ..Oidc::default()
        }
    }

    fn refused(change: impl FnOnce(&mut Oidc), is_sandbox: bool) -> String {
        let mut settings = whole();
        change(&mut settings);
        settings
            .check(is_sandbox, true)
            .err()
            .map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn in_earnest_everything_that_keeps_a_session_safe_must_be_set() {
        assert_eq!(
            whole().check(false, true).map_err(|error| error.to_string()),
            Ok(())
        );
        for issuer in [
            "http://id.anyang.example",
            "http://127.0.0.1:1/x",
            "id.anyang.example",
        ] {
            let said = refused(|settings| settings.issuer = Some(issuer.to_owned()), false);
            assert!(said.contains("oidc.issuer"), "{said}");
        }
        assert!(refused(|settings| settings.callback = None, false).contains("oidc.callback"));
        assert!(refused(|settings| settings.client_secret = None, false).contains("oidc.client_secret"));
        assert!(refused(|settings| settings.acr.clear(), false).contains("oidc.acr"));
        assert!(refused(|settings| settings.issuer = None, false).contains("people_listen"));
    }

    #[test]
    fn a_sandbox_may_name_a_provider_of_this_machine_without_tls() {
        for local in ["http://127.0.0.1:80/x", "http://localhost:1", "http://[::1]:9/x"] {
            assert_eq!(
                refused(|settings| settings.issuer = Some(local.to_owned()), true),
                ""
            );
        }
        for far in [
            "http://10.0.0.1/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
        ] {
            assert!(!refused(|settings| settings.issuer = Some(far.to_owned()), true).is_empty());
        }
    }
}
