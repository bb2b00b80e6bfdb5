//! The comments of the `.proto` files, which the descriptors keep beside the definitions.

use prost_reflect::prost_types::FileDescriptorProto;

/// The comment above a definition, its lines joined; empty where there is none.
#[must_use]
pub fn of(file: &FileDescriptorProto, path: &[i32]) -> String {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let text = locations
        .filter(|location| location.path == path)
        .find_map(|location| location.leading_comments.as_deref())
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("\n").trim().to_owned()
}
