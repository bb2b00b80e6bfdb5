//! Rebuilds this crate when a migration is added or changed: `sqlx::migrate!` embeds the folder
//! but only its files, not the folder itself, are known to the compiler.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
