//! Settings: built-in values, then a TOML file, then `ZHIRONG_*` variables, then flags; the later
//! wins. A key nobody knows is refused by name, so a misspelt safety setting cannot pass unseen.

mod environment;
mod oidc;
mod range;
mod secret;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use self::environment::from_environment;
use self::range::within;
pub use self::secret::Secret;
use crate::error::Error;
use crate::signing::{Algorithm, Encoding, Profile};

pub use oidc::{CALLBACK_PATH, Oidc};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For reading in a terminal.
    Text,
}

/// The settings the program runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Connection URL of PostgreSQL 15 to 18; without it the program starts its own server.
    pub database_url: Option<Secret>,
    /// Most open database connections, 1 to 1,000.
    pub database_max_connections: u32,
    /// Most calls of one institution, office or person that may be under way at once, 1 to 1,000.
    pub calls_per_institution: u16,
    /// Most calls that may be under way in this process at once, 1 to 10,000.
    pub calls_at_once: u16,
    /// Most open connections of callers, 16 to 10,000; a connection takes a file descriptor.
    pub connections: u16,
    /// Most connections of one certificate, 1 to 1,000.
    pub connections_per_certificate: u16,
    /// Folder with `postgres` and `initdb`, when it shall not be searched for.
    pub pg_bin: Option<PathBuf>,
    /// Folder for the embedded database, certificates and other files of this program.
    pub data: PathBuf,
    /// Address to serve on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A second address for people without a client certificate, who sign in by [`Oidc`]; none by default.
    pub people_listen: Option<SocketAddr>,
    /// Services this process serves; empty means all.
    pub roles: Vec<String>,
    /// A place for trying out: made-up data, development certificates. Loopback only.
    pub sandbox: bool,
    /// Seconds between telling health probes that this process stops and closing its connections, 0 to 60.
    pub drain_seconds: u32,
    /// Names of findings that a start in earnest goes on with; only those that can be lived with are taken.
    pub accept: Vec<String>,
    /// Whether the interface describes itself to anybody who asks (gRPC reflection); a sandbox does, a node in earnest never.
    pub reflection: bool,
    /// Files with rules that stand in for those that ship with the program, one a city.
    pub policies: Vec<PathBuf>,
    /// Private key (PKCS#8 PEM) that signs released results. Without it nothing is signed, but for a sandbox, which makes one.
    pub signing_key: Option<PathBuf>,
    /// How it signs; the key's curve decides where this is not set.
    pub signing_algorithm: Option<Algorithm>,
    /// SM2 only: the signer's user id, 1 to 8,191 bytes; `1234567812345678` where not set.
    pub signing_user_id: Option<String>,
    /// How a signature is written.
    pub signing_encoding: Encoding,
    /// Keys that seal payee accounts, one a line, the last one the newest (see [`crate::sealing::Keyring`]). Without it no account
    /// is kept, but for a sandbox, which makes one.
    pub payee_key: Option<PathBuf>,
    /// Keys that seal the secrets of webhook endpoints, in the same form. Without it no endpoint is kept and nothing is sent, but for a
    /// sandbox, which makes one.
    pub webhook_key: Option<PathBuf>,
    /// Networks that webhooks may be sent to although their addresses are not public (`10.20.0.0/16`, `fd00::/8`).
    pub webhook_allow: Vec<String>,
    /// Certificates (PEM) that webhook endpoints are trusted by, beside the system's.
    pub webhook_ca: Option<PathBuf>,
    /// Who signs people in.
    pub oidc: Oidc,
    /// OTLP gRPC collector for traces (`http://host:4317`).
    pub otlp_endpoint: Option<String>,
    /// File that receives one JSON line per finished span.
    pub trace_file: Option<PathBuf>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Filter of log lines in the `tracing` directive language, for example `info,sqlx=warn`.
    pub log_level: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database_url: None,
            database_max_connections: 10,
            calls_per_institution: 32,
            calls_at_once: 256,
            connections: 1_024,
            connections_per_certificate: 64,
            pg_bin: None,
            data: PathBuf::from("zhirong-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 7443)),
            people_listen: None,
            roles: Vec::new(),
            sandbox: false,
            drain_seconds: 0,
            accept: Vec::new(),
            reflection: false,
            policies: Vec::new(),
            signing_key: None,
            signing_algorithm: None,
            signing_user_id: None,
            signing_encoding: Encoding::Der,
            payee_key: None,
            webhook_key: None,
            webhook_allow: Vec::new(),
            webhook_ca: None,
            oidc: Oidc::default(),
            otlp_endpoint: None,
            trace_file: None,
            log_format: LogFormat::Json,
            log_level: "info".to_owned(),
        }
    }
}

/// One layer of settings; what is `None` is left to the layer below. The fields are those of
/// [`Settings`] and are also the keys of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// See [`Settings::database_url`].
    pub database_url: Option<Secret>,
    /// See [`Settings::database_max_connections`].
    pub database_max_connections: Option<u32>,
    /// See [`Settings::calls_per_institution`].
    pub calls_per_institution: Option<u16>,
    /// See [`Settings::calls_at_once`].
    pub calls_at_once: Option<u16>,
    /// See [`Settings::connections`].
    pub connections: Option<u16>,
    /// See [`Settings::connections_per_certificate`].
    pub connections_per_certificate: Option<u16>,
    /// See [`Settings::pg_bin`].
    pub pg_bin: Option<PathBuf>,
    /// See [`Settings::data`].
    pub data: Option<PathBuf>,
    /// See [`Settings::listen`].
    pub listen: Option<SocketAddr>,
    /// See [`Settings::people_listen`].
    pub people_listen: Option<SocketAddr>,
    /// See [`Settings::roles`].
    pub roles: Option<Vec<String>>,
    /// See [`Settings::sandbox`].
    pub sandbox: Option<bool>,
    /// See [`Settings::drain_seconds`].
    pub drain_seconds: Option<u32>,
    /// See [`Settings::accept`].
    pub accept: Option<Vec<String>>,
    /// See [`Settings::reflection`].
    pub reflection: Option<bool>,
    /// See [`Settings::policies`].
    pub policies: Option<Vec<PathBuf>>,
    /// See [`Settings::signing_key`].
    pub signing_key: Option<PathBuf>,
    /// See [`Settings::signing_algorithm`].
    pub signing_algorithm: Option<Algorithm>,
    /// See [`Settings::signing_user_id`].
    pub signing_user_id: Option<String>,
    /// See [`Settings::signing_encoding`].
    pub signing_encoding: Option<Encoding>,
    /// See [`Settings::payee_key`].
    pub payee_key: Option<PathBuf>,
    /// See [`Settings::webhook_key`].
    pub webhook_key: Option<PathBuf>,
    /// See [`Settings::webhook_allow`].
    pub webhook_allow: Option<Vec<String>>,
    /// See [`Settings::webhook_ca`].
    pub webhook_ca: Option<PathBuf>,
    /// See [`Settings::oidc`].
    pub oidc: Option<Oidc>,
    /// See [`Settings::otlp_endpoint`].
    pub otlp_endpoint: Option<String>,
    /// See [`Settings::trace_file`].
    pub trace_file: Option<PathBuf>,
    /// See [`Settings::log_format`].
    pub log_format: Option<LogFormat>,
    /// See [`Settings::log_level`].
    pub log_level: Option<String>,
}

impl Settings {
    /// Puts the layers together and checks the result. `file` is the TOML file named on the command
    /// line; without it `ZHIRONG_CONFIG` may name one. `environment` is usually `std::env::vars()`.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting that is unknown, malformed or unsafe; [`Error::Io`] when
    /// the file cannot be read.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Overlay,
    ) -> Result<Self, Error> {
        let (variables, file_from_environment) = from_environment(environment)?;
        let mut settings = Self::default();
        if let Some(path) = file.map(Path::to_path_buf).or(file_from_environment) {
            let text = std::fs::read_to_string(&path).map_err(|error| Error::io("reading", &path, error))?;
            settings.apply(parse_file(&path, &text)?);
        }
        settings.apply(variables);
        settings.apply(flags);
        settings.check()?;
        Ok(settings)
    }

    /// Encoding and user id of signatures.
    #[must_use]
    pub fn signing_profile(&self) -> Profile {
        Profile {
            encoding: self.signing_encoding,
            user_id: self.signing_user_id.clone(),
        }
    }

    fn apply(&mut self, layer: Overlay) {
        set_some(&mut self.database_url, layer.database_url);
        set(&mut self.database_max_connections, layer.database_max_connections);
        set(&mut self.calls_per_institution, layer.calls_per_institution);
        set(&mut self.calls_at_once, layer.calls_at_once);
        set(&mut self.connections, layer.connections);
        set(
            &mut self.connections_per_certificate,
            layer.connections_per_certificate,
        );
        set_some(&mut self.pg_bin, layer.pg_bin);
        set(&mut self.data, layer.data);
        set(&mut self.listen, layer.listen);
        set_some(&mut self.people_listen, layer.people_listen);
        set(&mut self.roles, layer.roles);
        set(&mut self.sandbox, layer.sandbox);
        set(&mut self.drain_seconds, layer.drain_seconds);
        set(&mut self.accept, layer.accept);
        set(&mut self.reflection, layer.reflection);
        set(&mut self.policies, layer.policies);
        set_some(&mut self.signing_key, layer.signing_key);
        set_some(&mut self.signing_algorithm, layer.signing_algorithm);
        set_some(&mut self.signing_user_id, layer.signing_user_id);
        set(&mut self.signing_encoding, layer.signing_encoding);
        set_some(&mut self.payee_key, layer.payee_key);
        set_some(&mut self.webhook_key, layer.webhook_key);
        set(&mut self.webhook_allow, layer.webhook_allow);
        set_some(&mut self.webhook_ca, layer.webhook_ca);
        self.oidc.apply(layer.oidc.unwrap_or_default());
        set_some(&mut self.otlp_endpoint, layer.otlp_endpoint);
        set_some(&mut self.trace_file, layer.trace_file);
        set(&mut self.log_format, layer.log_format);
        set(&mut self.log_level, layer.log_level);
    }

    fn check(&self) -> Result<(), Error> {
        within(
            "database_max_connections",
            self.database_max_connections,
            1..=1_000,
        )?;
        within(
            "calls_per_institution",
            self.calls_per_institution.into(),
            1..=1_000,
        )?;
        within("calls_at_once", self.calls_at_once.into(), 1..=10_000)?;
        within("connections", self.connections.into(), 16..=10_000)?;
        within(
            "connections_per_certificate",
            self.connections_per_certificate.into(),
            1..=1_000,
        )?;
        within("drain_seconds", self.drain_seconds, 0..=60)?;
        let addresses = [Some(self.listen), self.people_listen];
        if let Some(open) = addresses
            .iter()
            .flatten()
            .find(|address| !address.ip().is_loopback())
            && self.sandbox
        {
            return Err(Error::config(
                "sandbox",
                format!("试用模式只能监听本机地址,不能监听 {open}"),
                format!("a sandbox may only listen on loopback, not on {open}"),
            ));
        }
        self.oidc.check(self.sandbox, self.people_listen.is_some())?;
        if let Some(endpoint) = &self.otlp_endpoint
            && !endpoint.starts_with("http://")
        {
            return Err(Error::config(
                "otlp_endpoint",
                "应以 http:// 开头,收集器应与本服务同机",
                "must begin with http://, the collector belongs on the same machine",
            ));
        }
        if let Err(error) = EnvFilter::try_new(&self.log_level) {
            return Err(Error::config("log_level", error.to_string(), error.to_string()));
        }
        Ok(())
    }
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

fn set_some<T>(target: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *target = value;
    }
}

fn parse_file(path: &Path, text: &str) -> Result<Overlay, Error> {
    // Only the message is used: the full display quotes the line, which may hold a secret.
    toml::from_str(text).map_err(|error: toml::de::Error| {
        Error::config(&path.display().to_string(), error.message(), error.message())
    })
}
