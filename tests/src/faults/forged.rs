//! Callers who say that they are another institution: in an unknown field, in metadata, and by a JSON name.

use std::collections::BTreeSet;

use bytes::Bytes;
use gateway::{BytesCodec, Method};
use http::uri::PathAndQuery;
use http::{Request, header::CONTENT_TYPE};
use platform::identity::load_identity;
use tonic::Code;
use tonic::transport::Channel;

use super::revoked::{Place, RECORDED};
use crate::figure::{Figure, count, show};
use crate::http::{Http, Version, whole};
use crate::ids;
use crate::parity::methods;
use crate::roles::allowed;
use crate::sandbox::channel;
use crate::scene::Lending;

/// Names under which a caller might hope to be somebody else.
const NAMES: [&str; 6] = [
    "institution_code",
    "institution",
    "institution-code",
    "x-institution",
    "zhirong.institution",
    "x-forwarded-client-cert",
];
/// A field number that no message has.
const UNKNOWN_FIELD: u32 = 15_999;

/// What a caller got: its status and, where there was one, the answer.
type Got = (Code, Bytes);

/// A field of text with a number that nobody knows.
fn unknown_field(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::string::encode(UNKNOWN_FIELD, &text.to_owned(), &mut bytes);
    bytes
}

async fn call(channel: &Channel, method: &Method, body: Vec<u8>, metadata: Option<&str>) -> Got {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let mut request = tonic::Request::new(tokio_stream::iter([Bytes::from(body)]));
    for name in metadata.iter().flat_map(|_| NAMES) {
        let value = metadata.unwrap_or_default().parse().unwrap();
        request.metadata_mut().insert(name, value);
    }
    let path = PathAndQuery::try_from(method.path.as_str()).unwrap();
    match grpc.streaming(request, path, BytesCodec).await {
        Err(status) => (status.code(), Bytes::new()),
        Ok(answer) => match answer.into_inner().message().await {
            Ok(message) => (Code::Ok, message.unwrap_or_default()),
            Err(status) => (status.code(), Bytes::new()),
        },
    }
}

/// The figures: of every call that an institution may make, in each form, none is taken for the other's.
pub(super) async fn figures(place: &Place) -> Vec<Figure> {
    let (own, other) = (
        Lending::new(&place.served).await,
        Lending::new(&place.served).await,
    );
    other.lend(2025, "8000000.00").await;
    let before = place.number(RECORDED, &other.code).await;
    let identity = load_identity(place.served.identity(), &own.code).unwrap();
    let channel = channel(place.served.url(), &identity.ca_pem, Some(&identity));
    let http = Http::at(place.served.url(), &identity, Version::Http2);
    let (mut tried, mut accepted) = (0_u64, Vec::new());
    let all = methods();
    let theirs = all.all().iter().filter(|method| {
        allowed(&method.doc).is_some_and(|roles| roles.contains(&"institution")) && !method.client_streaming
    });
    for method in theirs {
        let bare = call(&channel, method, Vec::new(), None).await;
        let forged = [
            call(&channel, method, unknown_field(&other.code), None).await,
            call(&channel, method, Vec::new(), Some(&other.code)).await,
        ];
        tried += 3;
        if forged
            .iter()
            .any(|got| got.0 != bare.0 || said(&got.1, &other.code))
        {
            accepted.push(format!("{}: {bare:?} {forged:?}", method.path));
        }
        let known: BTreeSet<String> = method
            .input
            .fields()
            .map(|field| field.name().to_owned())
            .collect();
        for name in NAMES.into_iter().filter(|name| !known.contains(*name)) {
            tried += 1;
            let document = serde_json::json!({ name: other.code }).to_string();
            let request = Request::post(&method.path).header(CONTENT_TYPE, "application/json");
            let answer = http.send(request.body(whole(document)).unwrap()).await;
            if answer.status < 400 {
                accepted.push(format!("{} {name}: {}", method.path, answer.status));
            }
        }
    }
    // A write that is well formed, in every form at once, is its sender's.
    let mut body = prost::Message::encode_to_vec(&api::pledge::v1::ReportPledgeRequest {
        request_id: ids::request_id(),
        pledge: Some(own.pledge("2025-01-01")),
        revision: None,
    });
    body.extend(unknown_field(&other.code));
    let report = all.find("PledgeService/ReportPledge").unwrap();
    let got = call(&channel, report, body, Some(&other.code)).await;
    tried += 1;
    if got.0 != Code::Ok || place.number(RECORDED, &own.code).await == 0 {
        accepted.push(format!("a write of its own was not its own: {got:?}"));
    }
    let stored = place.number(RECORDED, &other.code).await.saturating_sub(before);
    show("forged", &accepted);
    vec![
        Figure::at_least("forged_institution_tried", tried, 100),
        Figure::none("forged_institution_accepted", count(accepted.len()) + stored),
    ]
}

/// Whether an answer names the other.
fn said(answer: &[u8], other: &str) -> bool {
    answer.windows(other.len()).any(|part| part == other.as_bytes())
}
