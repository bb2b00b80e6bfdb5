//! The layer around a service that answers what a test tells it, so that every way an answer can end is tried.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{Layer, Service};
use zhirong_gateway::{Gateway, GatewayLayer};

use crate::service::methods;

/// What the service answers, frame by frame; it counts what is taken, and keeps what it was sent.
#[derive(Debug, Clone, Default)]
struct Fake {
    head: HeaderMap,
    frames: Arc<Mutex<VecDeque<Frame<Bytes>>>>,
    is_endless: bool,
    taken: Arc<AtomicUsize>,
    sent: Arc<Mutex<Vec<Bytes>>>,
}

struct Frames(Fake);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
        if self.0.is_endless {
            return Poll::Ready(Some(Ok(Frame::data(message("1")))));
        }
        Poll::Ready(self.0.frames.lock().unwrap().pop_front().map(Ok))
    }
}

impl Service<Request<Body>> for Fake {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let fake = self.clone();
        Box::pin(async move {
            assert_eq!(request.headers()["content-type"], "application/grpc");
            assert_eq!(request.headers()["te"], "trailers");
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => fake.sent.lock().unwrap().push(frame.into_data().unwrap()),
                    // As a service does with a request that breaks off.
                    Err(status) => {
                        let (head, ()) = Status::new(Code::Unknown, status.message().to_owned())
                            .into_http::<()>()
                            .into_parts();
                        return Ok(Response::from_parts(head, Body::empty()));
                    }
                }
            }
            let mut response = Response::new(Body::new(Frames(fake.clone())));
            *response.headers_mut() = fake.head.clone();
            Ok(response)
        })
    }
}

/// An order with a number, framed.
fn message(order_no: &str) -> Bytes {
    let methods = methods();
    let method = methods.find("OrderService/GetOrder").unwrap();
    let encoded = method.parse_value(&json!({"order_no": order_no})).unwrap();
    let mut framed = vec![0, 0, 0, 0, u8::try_from(encoded.len()).unwrap()];
    framed.extend_from_slice(&encoded);
    framed.into()
}

fn trailers(status: &Status) -> Frame<Bytes> {
    let mut headers = HeaderMap::new();
    status.add_header(&mut headers).unwrap();
    Frame::trailers(headers)
}

fn answering(frames: Vec<Frame<Bytes>>) -> Fake {
    Fake {
        frames: Arc::new(Mutex::new(frames.into())),
        ..Fake::default()
    }
}

fn gateway(fake: &Fake) -> Gateway<Fake> {
    GatewayLayer::new(methods(), || Some("the-trace".to_owned())).layer(fake.clone())
}

fn post(path: &str, kind: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::post(format!("/shop.v1.OrderService/{path}")).header("content-type", kind);
    request.body(Full::new(body.into())).unwrap()
}

async fn answer(fake: &Fake, request: Request<Full<Bytes>>) -> (u16, HeaderMap, String) {
    let response = gateway(fake).call(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        head.status.as_u16(),
        head.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

fn reason(body: &str) -> String {
    let error: Value = serde_json::from_str(body.lines().last().unwrap()).unwrap();
    let details = error["error"]["details"].as_array().unwrap();
    assert_eq!(details[0]["metadata"]["trace_id"], "the-trace");
    details[0]["reason"].as_str().unwrap().to_owned()
}

const JSON: &str = "application/json";

#[tokio::test]
async fn a_message_goes_in_and_out_whatever_pieces_it_comes_in() {
    let ok = || trailers(&Status::ok(""));
    let whole = message("甲");
    let cut: Vec<Frame<Bytes>> = whole
        .chunks(1)
        .map(|byte| Frame::data(Bytes::copy_from_slice(byte)))
        .collect();
    for mut frames in [vec![Frame::data(whole)], cut] {
        frames.push(ok());
        let fake = answering(frames);
        let (status, headers, body) = answer(&fake, post("PlaceOrder", JSON, r#"{"orderNo":"乙"}"#)).await;
        assert_eq!((status, body.as_str()), (200, r#"{"order_no":"甲"}"#));
        assert_eq!(headers["content-type"], JSON);
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(fake.sent.lock().unwrap().concat(), message("乙"));
    }
}

#[tokio::test]
async fn an_error_is_told_the_same_in_the_head_and_in_the_trailers() {
    let mut details = ErrorDetails::new();
    details.set_error_info(
        "STOCK_EMPTY",
        "shop",
        [("trace_id".to_owned(), "the-trace".to_owned())],
    );
    details.set_retry_info(Some(std::time::Duration::from_millis(1_500)));
    let refused = Status::with_error_details(Code::Unavailable, "none left", details);
    let mut head = HeaderMap::new();
    refused.add_header(&mut head).unwrap();
    let at_once = Fake {
        head,
        ..Fake::default()
    };
    let late = answering(vec![trailers(&refused)]);
    let behind = answering(vec![Frame::data(message("1")), trailers(&refused)]);
    let mut seen = Vec::new();
    for fake in [at_once, late, behind] {
        let (status, headers, body) = answer(&fake, post("PlaceOrder", JSON, "{}")).await;
        assert_eq!(
            (status, headers["retry-after"].to_str().unwrap()),
            (503, "2"),
            "{body}"
        );
        assert_eq!(headers["grpc-status"], "14");
        seen.push(body);
    }
    assert!(seen.iter().all(|body| *body == seen[0]), "{seen:?}");
    let error: Value = serde_json::from_str(&seen[0]).unwrap();
    assert_eq!(error["error"]["status"], "UNAVAILABLE");
}

#[tokio::test]
async fn a_stream_is_lines_and_its_error_the_last_one() {
    let two = || vec![Frame::data([message("1"), message("2")].concat().into())];
    let mut good = two();
    good.push(trailers(&Status::ok("")));
    let (status, headers, body) = answer(&answering(good), post("StreamOrders", JSON, "{}")).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/x-ndjson");
    assert_eq!(body, "{\"order_no\":\"1\"}\n{\"order_no\":\"2\"}\n");
    let mut bad = two();
    bad.push(trailers(&Status::not_found("gone")));
    // A stream that ends without a status was cut.
    for (frames, code) in [(bad, "NOT_FOUND"), (two(), "UNAVAILABLE")] {
        let (status, _, body) = answer(&answering(frames), post("StreamOrders", JSON, "{}")).await;
        let lines: Vec<Value> = body
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!((status, lines.len()), (200, 3));
        assert_eq!(lines[2]["error"]["status"], code);
    }
    let cut = message("1").slice(..3);
    let (status, _, body) = answer(&answering(vec![Frame::data(cut)]), post("PlaceOrder", JSON, "{}")).await;
    assert_eq!(status, 503, "{body}");
}

#[tokio::test]
async fn a_stream_is_not_read_further_than_its_reader_takes() {
    let fake = Fake {
        is_endless: true,
        ..Fake::default()
    };
    let response = gateway(&fake)
        .call(post("StreamOrders", JSON, "{}"))
        .await
        .unwrap();
    let mut body = response.into_body();
    for taken in 1..=10 {
        body.frame().await.unwrap().unwrap();
        assert_eq!(fake.taken.load(Ordering::Relaxed), taken);
    }
}

#[tokio::test]
async fn a_stream_of_requests_is_a_list_or_lines() {
    let lines = "{\"order_no\":\"1\"}\n{\"order_no\":\"2\"}\n";
    let list = r#"[{"order_no":"1"}, {"order_no":"2"}]"#;
    for (kind, body) in [("application/x-ndjson", lines), (JSON, list)] {
        let fake = answering(vec![trailers(&Status::ok(""))]);
        let (status, _, answered) = answer(&fake, post("ImportOrders", kind, body)).await;
        assert_eq!((status, answered.as_str()), (200, ""));
        assert_eq!(*fake.sent.lock().unwrap(), [message("1"), message("2")]);
    }
    // Wrong from the start, and wrong later on: the service has its own words for that, the caller gets ours.
    for body in ["{\"nr\":1}\n", "{}\n{\"nr\":1}\n"] {
        let (status, _, body) = answer(
            &Fake::default(),
            post("CollectOrders", "application/x-ndjson", body),
        )
        .await;
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, error["error"]["status"].as_str()),
            (400, Some("INVALID_ARGUMENT")),
            "{body}"
        );
        assert!(
            body.contains("JSON_FIELD_UNKNOWN") && body.contains("message_number"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_the_head_of_a_request_says_is_checked() {
    let ask = |verb: &str, path: &str| Request::builder().method(verb).uri(path);
    let body = || Full::new(Bytes::from_static(b"{}"));
    let place = "/shop.v1.OrderService/PlaceOrder";
    let cases = [
        (ask("GET", place).body(body()), 405, "VERB_NOT_ALLOWED"),
        (
            ask("PUT", "/shop.v1.OrderService/GetOrder").body(body()),
            405,
            "VERB_NOT_ALLOWED",
        ),
        (ask("POST", place).body(body()), 415, "CONTENT_TYPE_UNSUPPORTED"),
        (
            ask("POST", place).header("content-type", "text/csv").body(body()),
            415,
            "CONTENT_TYPE_UNSUPPORTED",
        ),
        (
            ask("POST", place)
                .header("content-type", "application/json; charset=gbk")
                .body(body()),
            415,
            "CONTENT_TYPE_UNSUPPORTED",
        ),
        (
            ask("POST", place)
                .header("content-type", "application/x-ndjson")
                .body(body()),
            415,
            "CONTENT_TYPE_UNSUPPORTED",
        ),
        (
            ask("POST", place)
                .header("content-type", JSON)
                .header("content-encoding", "gzip")
                .body(body()),
            415,
            "CONTENT_TYPE_UNSUPPORTED",
        ),
        (
            ask("POST", "/shop.v1.OrderService/PlaceOrdr").body(body()),
            404,
            "METHOD_UNKNOWN",
        ),
        (ask("GET", "/").body(body()), 404, "METHOD_UNKNOWN"),
        (
            ask("POST", place)
                .header("content-type", JSON)
                .header("x-timeout-ms", "0")
                .body(body()),
            400,
            "HEADER_INVALID",
        ),
        (
            ask("POST", place)
                .header("content-type", JSON)
                .header("grpc-timeout", "1S")
                .body(body()),
            400,
            "HEADER_INVALID",
        ),
        (
            ask("POST", place)
                .header("content-type", JSON)
                .header("x-long", "x".repeat(20_000))
                .body(body()),
            431,
            "HEADERS_TOO_LONG",
        ),
        (
            ask("POST", place)
                .header("content-type", "application/grpc")
                .body(body()),
            505,
            "HTTP_VERSION_UNSUPPORTED",
        ),
        (ask("POST", "/openapi.json").body(body()), 405, "VERB_NOT_ALLOWED"),
    ];
    for (request, status, wanted) in cases {
        let request = request.unwrap();
        let shown = format!(
            "{} {} {:?}",
            request.method(),
            request.uri(),
            request.headers().keys()
        );
        let (answered, headers, body) = answer(&Fake::default(), request).await;
        assert_eq!(
            (answered, reason(&body).as_str()),
            (status, wanted),
            "{shown} {body}"
        );
        assert_eq!(headers.contains_key("allow"), status == 405, "{shown}");
    }
    let (_, _, body) = answer(
        &Fake::default(),
        ask("GET", "/shop.v1.OrderService/GetOrdr").body(body()).unwrap(),
    )
    .await;
    assert!(
        body.contains("did you mean shop.v1.OrderService/GetOrder"),
        "{body}"
    );
}

#[tokio::test]
async fn a_query_says_what_a_document_says() {
    let get = |query: &str| {
        let uri = format!("/shop.v1.OrderService/GetOrder?{query}");
        Request::get(uri).body(Full::new(Bytes::new())).unwrap()
    };
    let good = "order_no=%E7%94%B2+1&pageSize=7&inner_order.is_paid=true&tags=a&tags=b&state=STATE_OPEN&grand_total=9";
    let fake = answering(vec![Frame::data(message("1")), trailers(&Status::ok(""))]);
    let (status, _, body) = answer(&fake, get(good)).await;
    assert_eq!(status, 200, "{body}");
    let methods = methods();
    let expected = methods
        .find("OrderService/GetOrder")
        .unwrap()
        .parse_value(&json!({
            "order_no": "甲 1", "page_size": 7, "inner_order": {"is_paid": true}, "tags": ["a", "b"],
            "state": "STATE_OPEN", "grand_total": "9",
        }));
    assert_eq!(fake.sent.lock().unwrap().concat()[5..], expected.unwrap());
    for (query, wanted) in [
        ("nr=1", "JSON_FIELD_UNKNOWN"),
        ("inner_order.nr=1", "JSON_FIELD_UNKNOWN"),
        ("order_no.x=1", "JSON_FIELD_UNKNOWN"),
        ("order_no=1&order_no=2", "QUERY_INVALID"),
        ("order_no=%ff", "QUERY_INVALID"),
        ("inner_order=1", "QUERY_INVALID"),
        ("parts.order_no=1", "QUERY_INVALID"),
        ("page_size=x", "JSON_VALUE_INVALID"),
        ("is_paid=1", "JSON_VALUE_INVALID"),
        ("state=STATE_SHUT", "JSON_VALUE_INVALID"),
    ] {
        let (status, _, body) = answer(&Fake::default(), get(query)).await;
        assert_eq!((status, reason(&body).as_str()), (400, wanted), "{query} {body}");
    }
    let deep = "inner_order.".repeat(9);
    let (status, _, body) = answer(&Fake::default(), get(&format!("{deep}order_no=1"))).await;
    assert_eq!((status, reason(&body).as_str()), (400, "QUERY_INVALID"));
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_without_being_kept() {
    let large = vec![b' '; (1 << 20) + 1];
    let (status, _, body) = answer(&Fake::default(), post("PlaceOrder", JSON, large.clone())).await;
    assert_eq!((status, reason(&body).as_str()), (413, "REQUEST_TOO_LARGE"));
    // The limit itself is taken.
    let mut whole = vec![b' '; (1 << 20) - 2];
    whole.extend_from_slice(b"{}");
    let fake = answering(vec![Frame::data(message("1")), trailers(&Status::ok(""))]);
    assert_eq!(answer(&fake, post("PlaceOrder", JSON, whole)).await.0, 200);
    let line = [b"{\"order_no\":\"", large.as_slice()].concat();
    let (status, _, body) = answer(
        &Fake::default(),
        post("CollectOrders", "application/x-ndjson", line),
    )
    .await;
    assert_eq!((status, reason(&body).as_str()), (413, "REQUEST_TOO_LARGE"));
}
