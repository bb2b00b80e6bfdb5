//! Every method by gRPC and by JSON: the same answers. `cargo xtask parity` does it for every way in.

use zhirong_tests::http::Version;
use zhirong_tests::parity::{Carrier, Scene, differences, methods, missing, play};
use zhirong_tests::run;

#[test]
fn every_method_answers_in_json_what_it_answers_in_grpc() {
    run(async {
        let methods = methods();
        let scene = Scene::load(&methods);
        let (grpc, json) = tokio::join!(
            play(Carrier::Grpc, &scene),
            play(Carrier::Json(Version::Http2), &scene)
        );
        let none: Vec<String> = Vec::new();
        assert_eq!(
            missing(&methods, &grpc),
            none,
            "a step in tests/src/parity/scene.txt is missing"
        );
        assert_eq!(differences(&grpc, &json), none);
        // Its twin: an answer that says something else is seen.
        let mut changed = json;
        changed[3].answer.messages.clear();
        assert_eq!(differences(&grpc, &changed).len(), 1);
    });
}
