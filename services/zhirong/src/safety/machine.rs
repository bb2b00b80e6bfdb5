//! Findings of the settings, the certificates and the keys.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use platform::clock::Clock;
use platform::config::Settings;
use platform::database::is_private_url;
use platform::identity::{Purpose, check as check_identity, is_development, load_identity};
use platform::sealing::Keyring;
use platform::{Fault, telemetry, twin};

use super::{Hazard, List};
use crate::node::SANDBOX_MARK;

/// How long before its end a certificate is told.
const SOON_DAYS: i64 = 30;
/// Shortest password of a database.
const PASSWORD_CHARS_MIN: usize = 16;
/// Passwords that are tried first.
const PASSWORDS: [&str; 6] = ["postgres", "zhirong", "password", "changeme", "secret", "admin"];

pub(super) fn check(list: &mut List, settings: &Settings, roles: &[&str]) {
    if let Some(name) = twin::asked() {
        list.add(Hazard::RedTwin, name);
    }
    let identity = settings.data.join("identity");
    if identity.join(SANDBOX_MARK).exists() {
        list.add(Hazard::SandboxData, identity.display().to_string());
    }
    certificates(list, &identity);
    keys(list, settings, roles, &identity);
    if settings.reflection {
        list.add(Hazard::Reflection, "reflection = true");
    }
    if telemetry::is_verbose(&settings.log_level) {
        list.add(Hazard::DebugLog, settings.log_level.clone());
    }
    if let Some(endpoint) = settings.otlp_endpoint.as_deref().filter(|it| !is_here(it)) {
        list.add(Hazard::OtlpPlaintext, endpoint);
    }
    if let Some(limit) = core_limit().filter(|limit| limit != "0") {
        list.add(Hazard::CoreDumps, limit);
    }
    database(list, settings);
}

fn certificates(list: &mut List, identity: &Path) {
    let authority = std::fs::read_to_string(identity.join("ca.pem")).unwrap_or_default();
    let shown = identity.display();
    if identity.join("ca.key").exists() {
        list.add(Hazard::DevelopmentAuthority, format!("{shown}/ca.key"));
    } else if authority.is_empty() || is_development(&authority) {
        // Without an authority's certificate the program would make an authority of its own.
        list.add(Hazard::DevelopmentAuthority, format!("{shown}/ca.pem"));
    }
    let now = Clock::System.now();
    let at = |moment| {
        let own = load_identity(identity, "server")?;
        check_identity(&own, Purpose::Server, "server", moment)
    };
    if let Err(error) = at(now) {
        list.add(Hazard::CertificateInvalid, error.message_en());
    } else if at(now + TimeDelta::days(SOON_DAYS)).is_err() {
        list.add(Hazard::CertificateEndsSoon, format!("{shown}/server.pem"));
    }
}

fn keys(list: &mut List, settings: &Settings, roles: &[&str], identity: &Path) {
    let entries = std::fs::read_dir(identity).into_iter().flatten().flatten();
    let of_folder = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "key"));
    let named = [&settings.signing_key, &settings.payee_key, &settings.webhook_key];
    let mut open: Vec<String> = of_folder
        .chain(named.into_iter().flatten().cloned())
        .filter(|path| {
            std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
        })
        .map(|path| path.display().to_string())
        .collect();
    open.sort();
    list.add_all(Hazard::KeyReadable, &open);
    let wanted = [
        ("settlement", Hazard::NoSigningKey, &settings.signing_key),
        ("settlement", Hazard::NoPayeeKey, &settings.payee_key),
        ("notify", Hazard::NoWebhookKey, &settings.webhook_key),
    ];
    for (role, hazard, key) in wanted {
        if key.is_none() && roles.contains(&role) {
            list.add(hazard, "");
        }
    }
    secrets(list, settings);
}

/// Keys that somebody else has too.
fn secrets(list: &mut List, settings: &Settings) {
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let named = [&settings.signing_key, &settings.payee_key, &settings.webhook_key];
    let mut known: Vec<String> = named
        .into_iter()
        .flatten()
        .filter(|path| {
            let is_sandbox = path.parent().is_some_and(|dir| dir.join(SANDBOX_MARK).exists());
            let text = read(path);
            is_sandbox || text.trim().is_empty() || !Keyring::made_up(&text).is_empty()
        })
        .map(|path| path.display().to_string())
        .collect();
    if let (Some(payee), Some(webhook)) = (&settings.payee_key, &settings.webhook_key)
        && read(payee) == read(webhook)
    {
        known.push(format!("{} = {}", payee.display(), webhook.display()));
    }
    list.add_all(Hazard::SecretDefault, &known);
}

fn database(list: &mut List, settings: &Settings) {
    let Some(url) = settings.database_url.as_ref().map(|url| url.expose()) else {
        list.add(Hazard::EmbeddedDatabase, "database_url");
        return;
    };
    // A malformed one is told by whoever connects.
    if !is_private_url(url).unwrap_or(true) {
        list.add(Hazard::DatabasePlaintext, "database_url");
    }
    if let Some((user, password)) = credentials(url)
        && is_weak(user, password)
    {
        list.add(Hazard::DatabasePassword, user);
    }
}

/// User and password of a URL that holds both.
fn credentials(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let (who, _) = authority.rsplit_once('@')?;
    who.split_once(':')
}

fn is_weak(user: &str, password: &str) -> bool {
    let lower = password.to_ascii_lowercase();
    password.chars().count() < PASSWORD_CHARS_MIN
        || lower == user
        || PASSWORDS.iter().any(|it| lower.contains(it))
}

/// Whether a collector is on this machine.
fn is_here(endpoint: &str) -> bool {
    let (_, rest) = endpoint.split_once("://").unwrap_or_default();
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_loopback = |address: std::net::IpAddr| address.is_loopback();
    host == "localhost" || host.parse().is_ok_and(is_loopback)
}

/// How large a core dump may be, as Linux says it; unknown elsewhere.
fn core_limit() -> Option<String> {
    let text = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find(|line| line.starts_with("Max core file size"))?;
    line.split_whitespace().nth(4).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_and_collectors_elsewhere_are_told() {
        let of = |url| credentials(url).is_some_and(|(user, password)| is_weak(user, password));
        for url in [
            "postgres://zhirong_service:postgres@localhost/zhirong",
            "postgres://zhirong_service:@localhost/zhirong",
            "postgres://zhirong_service:zhirong_service@localhost/zhirong",
            "postgres://zhirong_service:ChangeMe-ChangeMe@localhost/zhirong",
        ] {
            assert!(of(url), "{url}");
        }
        for url in [
            "postgres://zhirong_service:9tK2vQ8pLw4xZ7mB3nR6@localhost/zhirong",
            "postgres://zhirong_service@localhost/zhirong",
        ] {
            assert!(!of(url), "{url}");
        }
        for (endpoint, here) in [
            ("http://127.0.0.1:4317", true),
            ("http://[::1]:4317", true),
            ("http://localhost:4317/v1", true),
            ("http://collector.example:4317", false),
            ("http://10.0.0.1:4317", false),
        ] {
            assert_eq!(is_here(endpoint), here, "{endpoint}");
        }
    }
}
