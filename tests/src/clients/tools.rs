//! What the samples of other languages need, found on this machine: nothing is installed from here.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// How long a tool may take.
const LIMIT: Duration = Duration::from_secs(600);
/// Where Debian keeps the jars of its packages.
const JARS: &str = "/usr/share/java";
/// Those that grpc-java needs, by name.
const CLASS_PATH: &str = include_str!("../../clients/java/classpath.txt");

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The folder for what these commands make: stubs, jars, unpacked packages.
#[must_use]
pub fn target() -> PathBuf {
    root().join("target/clients")
}

/// Java 17, `protoc` with the gRPC plugin, and Debian's jars of grpc-java.
#[derive(Debug, Clone)]
pub struct Java {
    /// The class path of grpc-java.
    pub jars: String,
    /// Debian's native TLS library: its Netty cannot negotiate HTTP/2 without.
    tls: PathBuf,
}

/// A Python with grpcio.
#[derive(Debug, Clone)]
pub struct Python {
    /// Folder with the packages that `.ci/run` installed, beside those of the Python itself.
    pub packages: PathBuf,
    /// Version of grpcio, which the stubs need at least.
    pub grpcio: String,
    /// Version of protobuf, likewise.
    pub protobuf: String,
}

/// Runs a command to its end; answers its standard output.
///
/// # Errors
/// What it said on standard error, where it failed, could not be started or took longer than ten minutes.
pub async fn run(command: &mut Command) -> Result<String, String> {
    let asked = format!("{:?}", command.as_std().get_program());
    let started = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = match timeout(LIMIT, started).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("{asked}: {error}")),
        Err(_) => return Err(format!("{asked}: more than {} s", LIMIT.as_secs())),
    };
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(out)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{asked}: {}\n{out}{said}", output.status))
    }
}

async fn answers(program: &str, word: &str) -> Result<(), String> {
    let tried = run(Command::new(program).arg(word)).await;
    tried.map(drop).map_err(|_| format!("{program} is not installed"))
}

/// Finds Java and its tools.
///
/// # Errors
/// What is missing.
pub async fn java() -> Result<Java, String> {
    answers("javac", "-version").await?;
    answers("protoc", "--version").await?;
    let jars: Vec<String> = CLASS_PATH
        .lines()
        .map(|name| format!("{JARS}/{name}.jar"))
        .collect();
    if let Some(missing) = jars.iter().find(|jar| !Path::new(jar).exists()) {
        return Err(format!("{missing} is not there"));
    }
    if !Path::new("/usr/bin/grpc_java_plugin").exists() {
        return Err("grpc_java_plugin is not installed".to_owned());
    }
    let libraries = std::fs::read_dir("/usr/lib").map_err(|error| error.to_string())?;
    let tls = libraries
        .filter_map(|entry| Some(entry.ok()?.path().join("jni/libnetty-tcnative.so")))
        .find(|path| path.exists())
        .ok_or("libnetty-tcnative.so is not installed")?;
    Ok(Java {
        jars: jars.join(":"),
        tls,
    })
}

impl Java {
    /// A folder with the native TLS library under the name that Netty looks for.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn libraries(&self) -> Result<PathBuf, String> {
        let folder = target().join("java-libraries");
        let copied = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::copy(&self.tls, folder.join("libnetty_tcnative.so")));
        copied.map(|_| folder).map_err(|error| error.to_string())
    }
}

/// Finds Python and its packages.
///
/// # Errors
/// What is missing.
pub async fn python() -> Result<Python, String> {
    let packages = root().join("target/ci-tools");
    let mut found = Python {
        packages,
        grpcio: String::new(),
        protobuf: String::new(),
    };
    let versions =
        "import grpc, grpc_tools, grpc_status, google.protobuf as p; print(grpc.__version__, p.__version__)";
    let out = run(found.command(None).args(["-c", versions])).await;
    let out = out.map_err(|_| "python3 with grpcio, grpcio-tools and grpcio-status is not installed")?;
    let mut words = out.split_whitespace().map(str::to_owned);
    found.grpcio = words.next().unwrap_or_default();
    found.protobuf = words.next().unwrap_or_default();
    Ok(found)
}

impl Python {
    /// `python3` with the packages, and the stubs where given.
    #[must_use]
    pub fn command(&self, stubs: Option<&Path>) -> Command {
        let mut command = Command::new("python3");
        let paths = [stubs, Some(self.packages.as_path())];
        let paths: Vec<&Path> = paths.into_iter().flatten().collect();
        if let Ok(joined) = std::env::join_paths(paths) {
            command.env("PYTHONPATH", joined);
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}
