//! A place to serve in earnest, made by the scripts of `deploy`: passwords, keys, certificates, logins; and a PostgreSQL of its own
//! whose settings a test may spoil.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use platform::database::embedded::{Cluster, Programs, find, temporary_dir};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::process::program;
use crate::sandbox::{Watchdog, watch};

/// What a start in earnest may go on without, in tests that are about something else.
pub const ACCEPTED: &str = "NO_STANDBY,NO_SIGNING_KEY,NO_PAYEE_KEY,NO_WEBHOOK_KEY";
/// The name that `make-secrets.sh` gives its authority.
pub const AUTHORITY: &str = "Zhirong authority of zhirong.internal";

/// Runs a command that must succeed.
pub fn checked(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The scripts of `deploy` and nothing else, so that the repository's own folder stays as it is; then its secrets and certificates.
pub fn copy_deploy(to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    std::fs::create_dir_all(to.join("postgres")).unwrap();
    for file in ["make-secrets.sh", "postgres/10-roles.sh"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    checked(&mut Command::new(to.join("make-secrets.sh")));
}

/// The environment of a process that logs in as `login` with the password of a file in `deploy/secrets`.
pub fn environment(deploy: &Path, socket: &str, login: &str, pgpass: &str) -> Vec<(&'static str, String)> {
    let url = format!("postgres://{login}@localhost:5432/zhirong?host={socket}");
    let pgpass = deploy.join(format!("secrets/{pgpass}.pgpass"));
    vec![
        ("ZHIRONG_DATABASE_URL", url),
        ("PGPASSFILE", pgpass.to_str().unwrap().to_owned()),
        ("ZHIRONG_ACCEPT", ACCEPTED.to_owned()),
    ]
}

/// Roles and logins as the database's container makes them at its first start, then the schema as the migration's does.
#[expect(
    clippy::disallowed_methods,
    reason = "the scripts of deploy look their programs up there"
)]
pub async fn prepare(deploy: &Path, socket: &str, superuser: &PgConnectOptions, bin: &Path) {
    let password = std::fs::read_to_string(deploy.join("secrets/owner_password")).unwrap();
    let mut superuser = superuser.connect().await.unwrap();
    let create = format!("create role zhirong_owner superuser login password '{password}'");
    superuser.execute(AssertSqlSafe(create)).await.unwrap();
    superuser.close().await.unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let roles = [
        ("POSTGRES_USER", "zhirong_owner"),
        ("POSTGRES_DB", "zhirong"),
        ("PATH", &path),
        ("PGHOST", socket),
    ];
    checked(
        Command::new(deploy.join("postgres/10-roles.sh"))
            .envs(roles)
            .env("SECRETS", deploy.join("secrets"))
            .env("PGPASSFILE", deploy.join("secrets/owner.pgpass")),
    );
    checked(Command::new(program()).arg("migrate").envs(environment(
        deploy,
        socket,
        "zhirong_owner",
        "owner",
    )));
}

/// A place to serve in earnest.
pub struct Earnest {
    dir: PathBuf,
    server: Child,
    _watchdog: Watchdog,
}

impl Earnest {
    /// Makes one: a cluster, the files of `deploy`, logins and schema.
    pub async fn start() -> Self {
        let dir = temporary_dir("zhirong-earnest").unwrap().canonicalize().unwrap();
        let watchdog = watch(&dir);
        let programs = find(None, &dir).unwrap();
        // The embedded server makes the cluster; its own command line would keep every setting from being spoilt.
        Cluster::start(&dir, &programs)
            .await
            .unwrap()
            .stop()
            .await
            .unwrap();
        let server = launch(&dir, &programs);
        let earnest = Self {
            dir,
            server,
            _watchdog: watchdog,
        };
        copy_deploy(&earnest.deploy());
        let (socket, options) = (earnest.socket(), earnest.options().await);
        prepare(&earnest.deploy(), &socket, &options, &programs.bin).await;
        earnest
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The copy of `deploy` with its secrets.
    pub fn deploy(&self) -> PathBuf {
        self.dir.join("deploy")
    }

    /// The folder of the database's socket.
    pub fn socket(&self) -> String {
        self.dir.join("run").to_str().unwrap().to_owned()
    }

    /// What the database wrote into its log.
    pub fn database_log(&self) -> String {
        std::fs::read_to_string(self.dir.join("server.log")).unwrap()
    }

    /// How its superuser connects, once it answers.
    pub async fn options(&self) -> PgConnectOptions {
        let password = std::fs::read_to_string(self.dir.join("pg.password")).unwrap();
        let options = PgConnectOptions::new_without_pgpass()
            .socket(self.socket())
            .username("zhirong")
            .password(password.trim())
            .database("zhirong");
        let begun = Instant::now();
        while let Err(error) = options.connect().await {
            assert!(begun.elapsed() < Duration::from_secs(30), "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        options
    }

    /// A connection of its superuser.
    pub async fn superuser(&self) -> PgConnection {
        self.options().await.connect().await.unwrap()
    }

    /// The variables of a process with every service, every key and an ordinary login.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut all = environment(&self.deploy(), &self.socket(), "zhirong_service", "service");
        let secret = |file: &str| {
            self.deploy()
                .join("secrets")
                .join(file)
                .to_str()
                .unwrap()
                .to_owned()
        };
        all.extend([
            ("ZHIRONG_SIGNING_KEY", secret("batch-signing.key")),
            ("ZHIRONG_PAYEE_KEY", secret("payee.keys")),
            ("ZHIRONG_WEBHOOK_KEY", secret("webhook.keys")),
        ]);
        all
    }

    /// A fresh data folder with the certificates of all services in one process.
    pub fn data(&self, name: &str) -> PathBuf {
        let data = self.dir.join("data").join(name);
        std::fs::create_dir_all(&data).unwrap();
        checked(
            Command::new("cp")
                .arg("-a")
                .arg(self.deploy().join("identity/registry"))
                .arg(data.join("identity")),
        );
        data
    }
}

impl Drop for Earnest {
    fn drop(&mut self) {
        let pid = self.server.id().to_string();
        let _asked = Command::new("kill").args(["-INT", &pid]).status();
        let _ended = self.server.wait();
    }
}

/// The database server over the cluster, with the settings that `deploy` asks for in its own file.
fn launch(dir: &Path, programs: &Programs) -> Child {
    let (data, run) = (dir.join("pg"), dir.join("run"));
    let owner = std::fs::metadata(&data).unwrap();
    std::fs::create_dir_all(&run).unwrap();
    chown(&run, Some(owner.uid()), Some(owner.gid())).unwrap();
    let mut text = std::fs::read_to_string(data.join("postgresql.conf")).unwrap();
    text.push_str("\nlog_error_verbosity = terse\nlog_parameter_max_length = 0\ntimezone = 'UTC'\nlisten_addresses = ''\n");
    std::fs::write(data.join("postgresql.conf"), text).unwrap();
    let log = std::fs::File::create(dir.join("server.log")).unwrap();
    Command::new(programs.bin.join("postgres"))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&run)
        .current_dir(dir)
        .uid(owner.uid())
        .gid(owner.gid())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
