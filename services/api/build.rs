//! Compiles `proto/` with protox, so that no machine needs `protoc`, and keeps the descriptors for reflection and tests.

#[path = "build/verbs.rs"]
mod verbs;

use std::error::Error;
use std::path::{Path, PathBuf};

use prost::Message;
use prost_types::{FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its folder by the environment"
)]
fn main() -> Result<(), Box<dyn Error>> {
    // Asked when it runs: a build script may be kept from a clone that is gone by now.
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    // The documents beside the definitions change nothing here.
    for folder in ["zhirong", "google"] {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
    }
    let mut sources = Vec::new();
    collect(&root.join("zhirong"), &mut sources)?;
    sources.sort();
    let descriptors = protox::compile(&sources, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.binpb"), descriptors.encode_to_vec())?;
    std::fs::write(out.join("answers.rs"), answers(&descriptors))?;
    std::fs::write(out.join("verbs.rs"), verbs::implementations(&descriptors))?;
    tonic_prost_build::configure()
        .include_file("generated.rs")
        .compile_fds(descriptors)?;
    Ok(())
}

/// For every answer, where the audit head of its write goes: into its receipt, into its own field, or nowhere.
fn answers(descriptors: &FileDescriptorSet) -> String {
    let mut text = String::new();
    let ours = |file: &&FileDescriptorProto| file.package().starts_with("zhirong.");
    for file in descriptors.file.iter().filter(ours) {
        let package = file.package().trim_start_matches("zhirong.").replace('.', "::");
        for message in &file.message_type {
            let Some(name) = message.name().strip_suffix("Response") else {
                continue;
            };
            let has = |field: &str, kind: &str| {
                let is_it = |it: &FieldDescriptorProto| it.name() == field && it.type_name() == kind;
                message.field.iter().any(is_it)
            };
            let body = if has("receipt", ".zhirong.common.v1.Receipt") {
                "if let Some(receipt) = &mut self.receipt { receipt.audit_head = Some(head); }"
            } else if has("audit_head", ".zhirong.common.v1.AuditHead") {
                "self.audit_head = Some(head);"
            } else {
                "drop(head);"
            };
            text.push_str(&format!(
                "impl AuditedAnswer for {package}::{name}Response {{ fn set_audit_head(&mut self, head: common::v1::AuditHead) {{ {body} }} }}\n"
            ));
        }
    }
    text
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
