//! gRPC-Web as browsers send it, the description of the interface, and gRPC where it cannot be carried.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use prost::Message;
use zhirong_tests::http::Version;
use zhirong_tests::parity::openapi;
use zhirong_tests::run;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;

use api::pledge::v1 as pb;

use super::{GET_LOAN, VERSIONS, client};

/// A message in a frame, as gRPC and gRPC-Web have it.
fn framed(message: &impl Message) -> Vec<u8> {
    let encoded = message.encode_to_vec();
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(encoded.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(&encoded);
    framed
}

/// The frames of an answer: flag and content.
fn frames(mut bytes: Bytes) -> Vec<(u8, Bytes)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let head = bytes.split_to(5);
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        frames.push((head[0], bytes.split_to(usize::try_from(length).unwrap())));
    }
    frames
}

#[test]
fn a_browser_calls_in_grpc_web_binary_and_text() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        scene.lend(2025, "8000000.00").await;
        let get = |name: String| framed(&pb::GetLoanRequest { name });
        let good = get(format!("loans/{}", scene.contract_no));
        for version in VERSIONS {
            let bank = client(sandbox, &scene.code, version);
            let answer = bank
                .post(GET_LOAN, "application/grpc-web+proto", good.clone())
                .await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, "application/grpc-web+proto")
            );
            let found = frames(answer.body);
            let loan = pb::GetLoanResponse::decode(found[0].1.clone()).unwrap();
            assert_eq!(loan.loan.unwrap().loan.unwrap().contract_no, scene.contract_no);
            // The trailers are the last frame.
            assert_eq!(found[1].0, 0x80);
            assert!(found[1].1.starts_with(b"grpc-status:0"), "{:?}", found[1].1);
            let missing = bank
                .post(
                    GET_LOAN,
                    "application/grpc-web+proto",
                    get("loans/none".to_owned()),
                )
                .await;
            assert_eq!(missing.header("grpc-status"), "5");
        }
        let request = http::Request::post(GET_LOAN)
            .header("content-type", "application/grpc-web-text+proto")
            .header("accept", "application/grpc-web-text+proto");
        let request = request
            .body(zhirong_tests::http::whole(STANDARD.encode(&good)))
            .unwrap();
        let answer = client(sandbox, &scene.code, Version::Http1).send(request).await;
        // Each frame is encoded and padded for itself.
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let mut decoded = Vec::new();
        for group in text.as_bytes().chunks(4) {
            decoded.extend(STANDARD.decode(group).unwrap());
        }
        let found = frames(decoded.into());
        let loan = pb::GetLoanResponse::decode(found[0].1.clone()).unwrap();
        assert_eq!(loan.loan.unwrap().loan.unwrap().contract_no, scene.contract_no);
    });
}

#[test]
fn grpc_over_http_1_1_is_refused_by_name() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let request = framed(&pb::GetLoanRequest::default());
        let bank = client(sandbox, &scene.code, Version::Http1);
        let answer = bank.post(GET_LOAN, "application/grpc", request).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (505, "HTTP_VERSION_UNSUPPORTED")
        );
        let long = http::Request::get(GET_LOAN).header("x-long", "x".repeat(20_000));
        let answer = bank
            .send(long.body(zhirong_tests::http::whole("")).unwrap())
            .await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (431, "HEADERS_TOO_LONG")
        );
    });
}

#[test]
fn the_description_of_the_interface_is_served() {
    run(async {
        let sandbox = shared().await;
        let committed: serde_json::Value = serde_json::from_str(&openapi()).unwrap();
        for version in VERSIONS {
            let answer = client(sandbox, "auditor", version).get("/openapi.json").await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, "application/json")
            );
            assert_eq!(answer.json(), committed);
        }
    });
}
