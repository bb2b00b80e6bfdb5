//! A running node: database, services and the listener, in one process; all services or some.

mod certificates;
mod listening;
mod people;
mod routes;
mod webhooks;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ledger::{Error, Ledger};
use notify::Worker;
use platform::clock::Clock;
use platform::config::Settings;
use platform::database::embedded::{self, Cluster};
use platform::database::{Database, Tuning};
use platform::sealing::Keyring;
use platform::serve::Running;
use platform::signing::{self, Signer};
use platform::sqlx::postgres::PgConnectOptions;
use policy::rulebook::{ANYANG_2018_9, Rulebook};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::safety;

/// The services a node can run, as named by `--role`.
pub const SERVICES: [&str; 6] = ["registry", "pledge", "insurance", "settlement", "files", "notify"];

/// The file in the identity folder that says that its certificates are a sandbox's.
pub const SANDBOX_MARK: &str = "sandbox";

/// Name of the sandbox's own key pair for signing batches, beside its certificates.
pub const SIGNING_KEY: &str = "batch-signing";

/// The folder of its certificates in the data folder.
const IDENTITY: &str = "identity";

/// Name of the certificate that health probes use; it belongs to no caller and may make no other call.
pub const PROBE: &str = "probe";

/// Name of the sandbox's own keys for payee accounts, beside its certificates.
pub const PAYEE_KEY: &str = "payee.keys";

/// A running node.
pub struct Node {
    url: String,
    identity: PathBuf,
    database: Database,
    cluster: Option<Cluster>,
    stop: oneshot::Sender<()>,
    running: Running,
    /// The second listener, for people without a client certificate.
    people: Option<(oneshot::Sender<()>, Running)>,
    watch: Option<JoinHandle<()>>,
    webhooks: Option<Worker>,
}

impl Node {
    /// Starts the database where none is given, brings its schema up to date, and serves the roles asked for.
    ///
    /// # Errors
    /// An unknown role (`ROLE_UNKNOWN`), and whatever keeps the database or the listener from starting.
    pub async fn start(settings: &Settings) -> Result<Self, Error> {
        Self::start_on(settings, None).await
    }

    /// Serves over a database that is there and has this program's schema, whatever the settings say of one.
    ///
    /// # Errors
    /// As [`Node::start`]; the schema is not brought up to date.
    pub async fn start_over(settings: &Settings, database: PgConnectOptions) -> Result<Self, Error> {
        Self::start_on(settings, Some(database)).await
    }

    async fn start_on(settings: &Settings, database: Option<PgConnectOptions>) -> Result<Self, Error> {
        let roles = roles_of(settings)?;
        // Rules that do not load are told before anything is started.
        let rulebooks = rulebooks(settings)?;
        let is_earnest = safety::is_earnest(settings);
        if is_earnest {
            safety::judge(settings, &safety::of_machine(settings, &roles))?;
        }
        std::fs::create_dir_all(&settings.data).map_err(|source| io_error(&settings.data, source))?;
        let identity = settings.data.join(IDENTITY);
        let (authority, server_identity) = certificates::of_folder(&identity)?;
        // A key that cannot be used is told before anything is started.
        let (signer, keys) = if roles.contains(&"settlement") {
            (signer_of(settings, &identity)?, payee_keys(settings, &identity)?)
        } else {
            (None, None)
        };
        let webhook_options = webhooks::options(settings, &roles, &identity)?;
        let (database, cluster) = match database {
            Some(options) => (given_database(options).await?, None),
            None => open_database(settings).await?,
        };
        if is_earnest {
            let found = safety::of_database(&database, &roles).await?;
            safety::judge(settings, &found)?;
        }
        if roles.contains(&"registry") {
            certificates::enroll_people(&database, &identity, authority.as_deref(), &rulebooks).await?;
        }
        mark_sandbox(settings, &identity)?;
        let server = listening::server_of(settings, server_identity, &roles)?;
        let issuer = authority.filter(|_| settings.sandbox);
        let rulebooks = Arc::new(rulebooks);
        let webhooks = webhook_options
            .map(|options| webhooks::service(&database, rulebooks.clone(), options))
            .transpose()?;
        let routes = routes::of(
            &roles,
            (&database, &rulebooks),
            issuer,
            (signer, keys),
            webhooks.as_ref(),
            settings.sandbox,
        );
        let people = people::ways_in(settings, &roles, &database, &rulebooks)?;
        let routes = routes::guarded(routes, &database, listening::bounds_of(settings), people)?;
        let people = match settings.people_listen {
            Some(listen) => {
                Some(listening::start(listening::for_people(&server, listen), routes.clone()).await?)
            }
            None => None,
        };
        let (stop, running) = listening::start(server, routes).await?;
        let url = format!("https://{}", running.address());
        let watch = watch_of(&roles, &database, &rulebooks);
        Ok(Self {
            url,
            identity,
            database,
            cluster,
            stop,
            running,
            people,
            watch,
            webhooks: webhooks.and_then(|webhooks| webhooks.start()),
        })
    }

    /// Where it listens, e.g. `https://127.0.0.1:7443`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens for people without a client certificate, if it does.
    #[must_use]
    pub fn people_url(&self) -> Option<String> {
        let (_, running) = self.people.as_ref()?;
        Some(format!("https://{}", running.address()))
    }

    /// The folder of its certificates.
    #[must_use]
    pub fn identity(&self) -> &Path {
        &self.identity
    }

    /// Stops: calls in flight end, then the database closes.
    ///
    /// # Errors
    /// What kept it from stopping cleanly.
    pub async fn stop(self) -> Result<(), Error> {
        // Nobody listens any more when the server ended by itself.
        let _ended = self.stop.send(());
        if let Some(watch) = self.watch {
            watch.abort();
        }
        let mut finished = self.running.finished().await;
        if let Some((stop, running)) = self.people {
            let _ended = stop.send(());
            finished = finished.and(running.finished().await);
        }
        if let Some(worker) = self.webhooks {
            worker.stop().await;
        }
        self.database.close().await;
        if let Some(cluster) = self.cluster {
            cluster.stop().await?;
        }
        Ok(finished?)
    }
}

fn io_error(path: &Path, source: std::io::Error) -> Error {
    platform::Error::Io {
        what: path.display().to_string(),
        source,
    }
    .into()
}

/// The services that this process serves.
///
/// # Errors
/// An unknown role (`ROLE_UNKNOWN`).
pub(crate) fn roles_of(settings: &Settings) -> Result<Vec<&'static str>, Error> {
    if settings.roles.is_empty() {
        return Ok(SERVICES.to_vec());
    }
    let known = |role: &String| {
        SERVICES.into_iter().find(|name| name == role).ok_or_else(|| {
            let names = SERVICES.join(", ");
            Error::invalid(
                "role",
                "ROLE_UNKNOWN",
                format!("未知的服务 {role}，可用：{names}"),
                format!("no service is named {role}; there are {names}"),
            )
        })
    };
    settings.roles.iter().map(known).collect()
}

/// The database role of a service, which a login takes on for each transaction.
pub(crate) fn database_role(service: &str) -> &'static str {
    match service {
        "registry" => registry::DATABASE_ROLE,
        "pledge" => pledge::DATABASE_ROLE,
        "insurance" => insurance::DATABASE_ROLE,
        "notify" => notify::DATABASE_ROLE,
        "files" => files::DATABASE_ROLE,
        _ => settlement::DATABASE_ROLE,
    }
}

async fn given_database(options: PgConnectOptions) -> Result<Database, Error> {
    let database = Database::connect(options, &Tuning::default()).await?;
    database.check_migrated().await?;
    Ok(database)
}

async fn open_database(settings: &Settings) -> Result<(Database, Option<Cluster>), Error> {
    let tuning = Tuning {
        max_connections: settings.database_max_connections,
        ..Tuning::default()
    };
    if let Some(url) = &settings.database_url {
        let database = Database::connect_url(url.expose(), &tuning).await?;
        // In earnest both are on the list of what keeps a node from starting.
        if settings.sandbox {
            database.check_migrated().await?;
            database.check_durable().await?;
        }
        return Ok((database, None));
    }
    let (pg_bin, data) = (settings.pg_bin.clone(), settings.data.clone());
    let programs = tokio::task::spawn_blocking(move || embedded::find(pg_bin.as_deref(), &data))
        .await
        .map_err(|error| io_error(&settings.data, std::io::Error::other(error)))??;
    let cluster = Cluster::start(&settings.data, &programs).await?;
    let database = Database::connect(cluster.options(), &tuning).await?;
    database.migrate().await?;
    database.check_durable().await?;
    Ok((database, Some(cluster)))
}

/// The rulebooks of a node: those that ship with the program, each replaced by the one of the settings for its city.
///
/// # Errors
/// A file that cannot be read, a rulebook that does not load, and two files for one city.
pub fn rulebooks(settings: &Settings) -> Result<Vec<Rulebook>, Error> {
    let mut given: Vec<Rulebook> = Vec::new();
    for path in &settings.policies {
        let text = std::fs::read_to_string(path).map_err(|source| io_error(path, source))?;
        let rulebook = Rulebook::load(&text)?;
        if given.iter().any(|other| other.city == rulebook.city) {
            let (path, city) = (path.display(), &rulebook.city);
            return Err(Error::invalid(
                "policies",
                "POLICY_TWICE",
                format!("{path}：城市 {city} 已有另一政策文件"),
                format!("{path}: another file has the rules of city {city} already"),
            ));
        }
        tracing::info!(policy.id = %rulebook.id, policy.file = %path.display(), "rules come from a file");
        given.push(rulebook);
    }
    let shipped = Rulebook::load(ANYANG_2018_9)?;
    if given.iter().all(|other| other.city != shipped.city) {
        given.insert(0, shipped);
    }
    Ok(given)
}

/// Measures for a collector what only the database knows, where there is one and this process settles.
fn watch_of(
    roles: &[&'static str],
    database: &Database,
    rulebooks: &Arc<Vec<Rulebook>>,
) -> Option<JoinHandle<()>> {
    if !platform::metrics::is_on() || !roles.contains(&"settlement") {
        return None;
    }
    let ledger = ledger_of(database, settlement::DATABASE_ROLE, rulebooks.clone());
    Some(tokio::spawn(settlement::watch(ledger)))
}

/// Whether `serve` could use what the settings name; starts nothing.
///
/// # Errors
/// An unknown role, or a key that cannot be used.
pub fn check(settings: &Settings) -> Result<(), Error> {
    roles_of(settings)?;
    if let Some(path) = &settings.signing_key {
        signing::load(path, settings.signing_algorithm, &settings.signing_profile())?;
    }
    if let Some(path) = &settings.payee_key {
        Keyring::load(path)?;
    }
    Ok(())
}

/// The names under which a service of `--role` answers the health service.
///
/// # Errors
/// An unknown role (`ROLE_UNKNOWN`).
pub fn health_names(role: &str) -> Result<Vec<&'static str>, Error> {
    let settings = Settings {
        roles: vec![role.to_owned()],
        ..Settings::default()
    };
    Ok(routes::health_of(&roles_of(&settings)?))
}

/// A sandbox says so beside its certificates, and never takes over the certificates of a node that is none.
fn mark_sandbox(settings: &Settings, identity: &Path) -> Result<(), Error> {
    let mark = identity.join(SANDBOX_MARK);
    if settings.sandbox {
        std::fs::write(&mark, "sandbox\n").map_err(|source| io_error(&mark, source))?;
    }
    Ok(())
}

/// The key that signs released batches: the one that is set, a sandbox's own, or none.
fn signer_of(settings: &Settings, identity: &Path) -> Result<Option<Arc<dyn Signer>>, Error> {
    let (algorithm, profile) = (settings.signing_algorithm, settings.signing_profile());
    let signer = match &settings.signing_key {
        Some(path) => signing::load(path, algorithm, &profile)?,
        None if settings.sandbox => signing::load_or_make(identity, SIGNING_KEY, algorithm, &profile)?,
        None => {
            tracing::warn!("no signing_key is set: batches are released unsigned");
            return Ok(None);
        }
    };
    tracing::info!(
        signing.algorithm = signer.algorithm().as_str(),
        signing.key = signer.key_id(),
        "released batches are signed"
    );
    Ok(Some(signer))
}

/// The keys that seal payee accounts: those that are set, a sandbox's own, or none.
fn payee_keys(settings: &Settings, identity: &Path) -> Result<Option<Arc<Keyring>>, Error> {
    let keys = match &settings.payee_key {
        Some(path) => Keyring::load(path)?,
        None if settings.sandbox => Keyring::load_or_make(&identity.join(PAYEE_KEY))?,
        None => {
            tracing::warn!("no payee_key is set: no payee account can be kept, so nothing can be paid");
            return Ok(None);
        }
    };
    Ok(Some(Arc::new(keys)))
}

fn ledger_of(database: &Database, role: &'static str, rulebooks: Arc<Vec<Rulebook>>) -> Ledger {
    Ledger {
        database: database.clone(),
        role,
        clock: Clock::System,
        rulebooks,
    }
}

impl From<Error> for crate::CommandError {
    fn from(error: Error) -> Self {
        use platform::Fault;
        match error {
            Error::Platform(error) => Self::Platform(error),
            Error::Rulebook(error) => Self::Rulebook(error),
            other => Self::usage(other.reason(), other.message_zh(), other.message_en()),
        }
    }
}
