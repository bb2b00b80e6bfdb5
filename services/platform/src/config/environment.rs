//! The `ZHIRONG_*` variables as a layer of the settings.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{LogFormat, Overlay, Secret};
use crate::error::Error;
use crate::signing::{Algorithm, Encoding};

const PREFIX: &str = "ZHIRONG_";

/// What the variables say, and the file of settings that one of them may name.
pub(super) fn from_environment(
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<(Overlay, Option<PathBuf>), Error> {
    let mut layer = Overlay::default();
    let mut file = None;
    for (name, value) in environment {
        let Some(key) = name.strip_prefix(PREFIX) else {
            continue;
        };
        match key {
            "CONFIG" => file = Some(PathBuf::from(value)),
            "DATABASE_URL" => layer.database_url = Some(Secret::new(value)),
            "DATABASE_MAX_CONNECTIONS" => layer.database_max_connections = Some(parse(&name, &value)?),
            "CALLS_PER_INSTITUTION" => layer.calls_per_institution = Some(parse(&name, &value)?),
            "CALLS_AT_ONCE" => layer.calls_at_once = Some(parse(&name, &value)?),
            "CONNECTIONS" => layer.connections = Some(parse(&name, &value)?),
            "CONNECTIONS_PER_CERTIFICATE" => {
                layer.connections_per_certificate = Some(parse(&name, &value)?);
            }
            "PG_BIN" => layer.pg_bin = Some(PathBuf::from(value)),
            "DATA" => layer.data = Some(PathBuf::from(value)),
            "LISTEN" => layer.listen = Some(parse(&name, &value)?),
            "PEOPLE_LISTEN" => layer.people_listen = Some(parse(&name, &value)?),
            "ROLES" => layer.roles = Some(comma_separated(&value)),
            "POLICIES" => {
                layer.policies = Some(comma_separated(&value).into_iter().map(PathBuf::from).collect())
            }
            "DRAIN_SECONDS" => layer.drain_seconds = Some(parse(&name, &value)?),
            "ACCEPT" => layer.accept = Some(comma_separated(&value)),
            "REFLECTION" => layer.reflection = Some(parse(&name, &value)?),
            "SANDBOX" => layer.sandbox = Some(parse(&name, &value)?),
            "SIGNING_KEY" => layer.signing_key = Some(PathBuf::from(value)),
            "SIGNING_ALGORITHM" => {
                let names = Algorithm::ALL.map(Algorithm::as_str).join(", ");
                layer.signing_algorithm = Some(named(&name, &names, Algorithm::parse(&value))?);
            }
            "SIGNING_USER_ID" => layer.signing_user_id = Some(value),
            "SIGNING_ENCODING" => {
                layer.signing_encoding = Some(named(&name, "der, raw", Encoding::parse(&value))?);
            }
            "PAYEE_KEY" => layer.payee_key = Some(PathBuf::from(value)),
            "WEBHOOK_KEY" => layer.webhook_key = Some(PathBuf::from(value)),
            "WEBHOOK_ALLOW" => layer.webhook_allow = Some(comma_separated(&value)),
            "WEBHOOK_CA" => layer.webhook_ca = Some(PathBuf::from(value)),
            "OTLP_ENDPOINT" => layer.otlp_endpoint = Some(value),
            "TRACE_FILE" => layer.trace_file = Some(PathBuf::from(value)),
            "LOG_FORMAT" => {
                let format = match value.as_str() {
                    "json" => Some(LogFormat::Json),
                    "text" => Some(LogFormat::Text),
                    _ => None,
                };
                layer.log_format = Some(named(&name, "json, text", format)?);
            }
            "LOG_LEVEL" => layer.log_level = Some(value),
            _ if key
                .strip_prefix("OIDC_")
                .is_some_and(|key| layer.oidc.get_or_insert_default().take(key, &value)) => {}
            _ => {
                return Err(Error::config(
                    &name,
                    "未知的环境变量",
                    "unknown environment variable",
                ));
            }
        }
    }
    Ok((layer, file))
}

/// A value out of a closed list, or which there are.
fn named<T>(setting: &str, names: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| {
        Error::config(
            setting,
            format!("应为其中之一:{names}"),
            format!("must be one of {names}"),
        )
    })
}

pub(super) fn comma_separated(value: &str) -> Vec<String> {
    value
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn parse<T: FromStr>(name: &str, value: &str) -> Result<T, Error>
where
    T::Err: fmt::Display,
{
    value.parse().map_err(|error: T::Err| {
        Error::config(
            name,
            format!("无法识别的值:{error}"),
            format!("cannot be read: {error}"),
        )
    })
}
