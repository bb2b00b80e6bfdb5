//! Generated stubs as the packages of their language: a jar with its sources, and a wheel.
//!
//! Both are ZIP archives, and are written like the archive of a batch: entries in the order of their paths, stored and dated alike, so
//! that the same protos and tools make the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::archive::Archive;
use exchange::digest::sha256;
use tokio::process::Command;

use super::tools::{Java, Python, root, run};
use crate::service_config;

/// Files by their path in an archive or folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Version of the packages.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// Every file below a folder by its path there, with `/` between its parts.
///
/// # Errors
/// Where one cannot be read.
pub fn read_tree(folder: &Path) -> Result<Files, String> {
    let mut files = Files::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(&next).map_err(text)? {
            let path = entry.map_err(text)?.path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(folder).map_err(text)?;
                let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
                files.insert(parts.join("/"), std::fs::read(&path).map_err(text)?);
            }
        }
    }
    Ok(files)
}

/// The archive of files.
///
/// # Errors
/// Where they are too large for one.
pub fn archive(files: Files) -> Result<Vec<u8>, String> {
    let archive = Archive::of(files).map_err(text)?;
    Ok(archive.chunks(0, usize::MAX).flatten().copied().collect())
}

/// The `.proto` files below `proto/`, as `protoc` is to be told.
fn protos(folder: &Path) -> Result<Vec<String>, String> {
    let files = read_tree(folder)?;
    Ok(files
        .into_keys()
        .filter(|path| path.ends_with(".proto"))
        .collect())
}

/// A folder that is empty.
fn fresh(folder: PathBuf) -> Result<PathBuf, String> {
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(text)?;
    }
    std::fs::create_dir_all(&folder).map_err(text)?;
    Ok(folder)
}

/// The jar of the stubs and the jar of their sources, made in a folder.
///
/// # Errors
/// What a tool said.
pub async fn jars(java: &Java, work: &Path) -> Result<(Vec<u8>, Vec<u8>), String> {
    let sources = fresh(work.join("java-sources"))?;
    let classes = fresh(work.join("java-classes"))?;
    let (own, errors) = (root().join("proto"), root().join("tests/clients/java/proto"));
    let mut protoc = Command::new("protoc");
    for include in [own.as_path(), errors.as_path(), Path::new("/usr/include")] {
        protoc.arg("-I").arg(include);
    }
    protoc.arg("--plugin=protoc-gen-grpc-java=/usr/bin/grpc_java_plugin");
    for out in ["--java_out", "--grpc-java_out"] {
        protoc.arg(format!("{out}={}", sources.display()));
    }
    protoc.args(protos(&own)?).args(protos(&errors)?);
    run(&mut protoc).await?;

    let mut generated = read_tree(&sources)?;
    let list: String = generated
        .keys()
        .map(|path| format!("\"{}\"\n", sources.join(path).display()))
        .collect();
    let arguments = work.join("java-sources.txt");
    std::fs::write(&arguments, list).map_err(text)?;
    let mut javac = Command::new("javac");
    javac.args([
        "-nowarn",
        "-proc:none",
        "-encoding",
        "UTF-8",
        "--release",
        "17",
        "-g:none",
    ]);
    javac.args(["-cp", &java.jars, "-d"]).arg(&classes);
    run(javac.arg(format!("@{}", arguments.display()))).await?;

    let mut compiled = read_tree(&classes)?;
    let manifest = format!(
        "Manifest-Version: 1.0\r\nImplementation-Title: zhirong-client\r\nImplementation-Version: {VERSION}\r\n\r\n"
    );
    for files in [&mut compiled, &mut generated] {
        files.insert("META-INF/MANIFEST.MF".to_owned(), manifest.clone().into_bytes());
        files.insert(
            "zhirong/service_config.json".to_owned(),
            service_config::text().into_bytes(),
        );
    }
    Ok((archive(compiled)?, archive(generated)?))
}

/// Name of the wheel.
#[must_use]
pub fn wheel_name() -> String {
    format!("zhirong_client-{VERSION}-py3-none-any.whl")
}

/// The wheel of the stubs, made in a folder.
///
/// # Errors
/// What a tool said.
pub async fn wheel(python: &Python, work: &Path) -> Result<Vec<u8>, String> {
    let out = fresh(work.join("python-stubs"))?;
    let own = root().join("proto");
    let mut protoc = python.command(None);
    protoc.args(["-m", "grpc_tools.protoc", "-I"]).arg(&own);
    for kind in ["--python_out", "--pyi_out", "--grpc_python_out"] {
        protoc.arg(format!("{kind}={}", out.display()));
    }
    // google.type comes with googleapis-common-protos.
    protoc.args(protos(&own)?.iter().filter(|path| path.starts_with("zhirong/")));
    run(&mut protoc).await?;

    let mut files = read_tree(&out)?;
    files.insert(
        "zhirong/service_config.json".to_owned(),
        service_config::text().into_bytes(),
    );
    let info = format!("zhirong_client-{VERSION}.dist-info");
    let metadata = format!(
        "Metadata-Version: 2.1\nName: zhirong-client\nVersion: {VERSION}\nSummary: Generated messages and clients of Zhirong\n\
         License: Apache-2.0\nRequires-Python: >=3.9\nRequires-Dist: grpcio>={}\nRequires-Dist: grpcio-status>={}\n\
         Requires-Dist: protobuf>={}\nRequires-Dist: googleapis-common-protos\n",
        python.grpcio, python.grpcio, python.protobuf
    );
    let wheel = "Wheel-Version: 1.0\nGenerator: zhirong\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    files.insert(format!("{info}/METADATA"), metadata.into_bytes());
    files.insert(format!("{info}/WHEEL"), wheel.as_bytes().to_vec());
    files.insert(format!("{info}/top_level.txt"), b"zhirong\n".to_vec());
    let mut record = String::new();
    for (path, bytes) in &files {
        let digest = URL_SAFE_NO_PAD.encode(sha256(bytes));
        record.push_str(&format!("{path},sha256={digest},{}\n", bytes.len()));
    }
    record.push_str(&format!("{info}/RECORD,,\n"));
    files.insert(format!("{info}/RECORD"), record.into_bytes());
    archive(files)
}
