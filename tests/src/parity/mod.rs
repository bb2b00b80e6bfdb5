//! The same result by every way in: gRPC, JSON over HTTP/2 and HTTP/1.1, the program, and a file of calls.
//!
//! One scene (`scene.txt`) calls every method; each carrier plays it on a sandbox of its own, and what it answers is held
//! against what gRPC answered. Behind the scene every method is called once more with an empty message and once by a role that
//! may not call it, without being written down. A method that is in the descriptors and not in the scene fails.
//!
//! To add a method: write a step for it into `scene.txt`, where the state it needs stands. The file says how at its top.

mod carrier;
mod compare;
mod figures;
mod files;
mod json;
mod names;
mod program;
mod scene;

use std::path::{Path, PathBuf};

use gateway::Methods;

use crate::sandbox::Sandbox;

pub use carrier::{Answer, Call, Carrier};
pub use compare::{differences, masked, places};
pub use figures::{Asked, run};
pub use scene::{Played, Scene, Step};

/// The methods of the interface.
pub fn methods() -> Methods {
    Methods::new(api::FILE_DESCRIPTOR_SET).unwrap()
}

/// The description of the interface as it is committed: one field a line, so that a change can be read.
pub fn openapi() -> String {
    format!("{:#}\n", gateway::openapi::document(&methods()))
}

/// Where the description of the interface is committed.
pub fn openapi_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/openapi.json")
}

/// Plays the scene, and the refusals behind it, on a fresh sandbox.
pub async fn play(carrier: Carrier, scene: &Scene) -> Vec<Played> {
    let sandbox = Sandbox::start().await;
    let played = scene.play(carrier, &sandbox).await;
    sandbox.stop().await;
    played
}

/// Methods that no step of the scene calls with success.
pub fn missing(methods: &Methods, played: &[Played]) -> Vec<String> {
    let succeeds = |path: &str| {
        played
            .iter()
            .any(|step| step.path == path && !step.is_refusal && step.answer.error.is_none())
    };
    let all = methods.all().iter().map(|method| method.path.clone());
    all.filter(|path| !succeeds(path)).collect()
}
