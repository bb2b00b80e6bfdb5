//! Compiles `proto/` with protox, so that no machine needs `protoc`, and keeps the descriptors for reflection and tests.

use std::error::Error;
use std::path::{Path, PathBuf};

use prost::Message;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its folder by the environment"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut sources = Vec::new();
    collect(&root.join("zhirong"), &mut sources)?;
    sources.sort();
    let descriptors = protox::compile(&sources, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.binpb"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .include_file("generated.rs")
        .compile_fds(descriptors)?;
    Ok(())
}

/// Every `.proto` file below the folder.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    Ok(())
}
