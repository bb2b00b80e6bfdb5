//! A dump of a database, and a server of our own that it is restored into.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::{Cluster, NAME, Programs, initialise};
use crate::error::Error;

/// Where a dump is taken from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The database of a URL, by a login that every row is open to.
    Url(&'a str),
    /// The server that runs over a data folder.
    Running(&'a Path),
}

/// Writes a dump of a whole database into a file; the database is only read.
///
/// # Errors
/// [`Error::Start`] with what the program said; [`Error::Io`] where it cannot be run.
pub fn dump(programs: &Programs, source: Source<'_>, to: &Path) -> Result<(), Error> {
    let mut command = Command::new(beside(programs, "pg_dump"));
    command
        .args(["--format=custom", "--no-password"])
        .arg("--file")
        .arg(to);
    match source {
        Source::Url(url) => {
            command.arg("--dbname").arg(url);
        }
        Source::Running(data) => {
            let pid_file = super::cluster_dir(data).join("postmaster.pid");
            let text =
                std::fs::read_to_string(&pid_file).map_err(|error| Error::io("reading", &pid_file, error))?;
            let socket = text.lines().nth(4).unwrap_or_default();
            let password = initialise::password(data)?;
            login(&mut command, Path::new(socket), &password);
        }
    }
    told("BACKUP_FAILED", &mut command).map(drop)
}

/// A program of the server's package: a distribution may link the server's own to a common folder and not this one.
fn beside(programs: &Programs, name: &str) -> PathBuf {
    let linked = programs.bin.join(name);
    let real = std::fs::canonicalize(programs.bin.join("postgres"));
    match real.as_deref().map(Path::parent) {
        Ok(Some(dir)) if !linked.exists() => dir.join(name),
        _ => linked,
    }
}

/// The embedded server's own login, by variables: a command line is everybody's to read.
fn login(command: &mut Command, socket: &Path, password: &str) {
    command
        .env("PGHOST", socket)
        .env("PGPORT", "5432")
        .env("PGUSER", NAME)
        .env("PGDATABASE", NAME)
        .env("PGPASSWORD", password);
}

fn told(reason: &'static str, command: &mut Command) -> Result<Output, Error> {
    let program = command.get_program().to_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::io("running", Path::new(&program), source))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().last().unwrap_or_default();
    let name = Path::new(&program)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    Err(Error::start(
        reason,
        format!("{name} 未能完成：{said}"),
        format!("{name} did not end well: {said}"),
    ))
}

impl Cluster {
    /// Restores a dump into this server's empty database. Roles that it names are made without a login; its tables belong to this
    /// server's superuser.
    ///
    /// # Errors
    /// [`Error::Start`] with what the program said; [`Error::Io`] where it cannot be run.
    pub async fn restore(&self, programs: &Programs, dump: &Path) -> Result<(), Error> {
        let program = beside(programs, "pg_restore");
        let mut listing = Command::new(&program);
        listing.args(["--schema-only", "--file=-"]).arg(dump);
        let schema = tokio::task::spawn_blocking(move || told("RESTORE_FAILED", &mut listing)).await??;
        let mut superuser = self.options().connect().await?;
        for role in roles(&String::from_utf8_lossy(&schema.stdout)) {
            let create = format!("create role \"{role}\" nologin");
            superuser.execute(AssertSqlSafe(create)).await?;
        }
        superuser.close().await?;
        let mut command = Command::new(program);
        command
            .args(["--no-owner", "--exit-on-error", "--no-password"])
            .arg("--dbname")
            .arg(NAME)
            .arg(dump);
        login(&mut command, &self.socket_dir, &self.password);
        tokio::task::spawn_blocking(move || told("RESTORE_FAILED", &mut command)).await??;
        Ok(())
    }
}

/// The roles that the rights, policies and defaults of a schema name, but for everybody and this server's own.
fn roles(schema: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in schema.lines() {
        let is_about_roles = ["GRANT ", "REVOKE ", "CREATE POLICY ", "ALTER DEFAULT PRIVILEGES "]
            .iter()
            .any(|start| line.starts_with(start));
        if !is_about_roles {
            continue;
        }
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            if !matches!(word, "TO" | "FROM" | "ROLE") {
                continue;
            }
            // A list goes on as long as its words end in a comma.
            for name in words.by_ref() {
                let plain: String = name
                    .chars()
                    .filter(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if !matches!(plain.as_str(), "PUBLIC" | NAME | "") {
                    found.insert(plain);
                }
                if !name.ends_with(',') {
                    break;
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_where_a_schema_names_them() {
        let schema = "GRANT SELECT,INSERT ON TABLE a.b TO zhirong_reader;\n\
            REVOKE ALL ON SCHEMA public FROM PUBLIC;\n\
            CREATE POLICY p ON a.b FOR SELECT TO zhirong_files, zhirong_notify USING (true);\n\
            ALTER DEFAULT PRIVILEGES FOR ROLE zhirong_owner IN SCHEMA public GRANT SELECT ON TABLES  TO zhirong_service;\n\
            CREATE TABLE a.b (\"TO\" text);";
        let found: Vec<String> = roles(schema).into_iter().collect();
        assert_eq!(
            found,
            [
                "zhirong_files",
                "zhirong_notify",
                "zhirong_owner",
                "zhirong_reader",
                "zhirong_service"
            ]
        );
    }
}
