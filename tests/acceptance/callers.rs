//! Who may call what, as the comment of every call in `proto/` says it. Nothing is listed here by hand: a new call is tested
//! as soon as it is in the descriptors.

use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use zhirong_tests::answer::refused;
use zhirong_tests::roles::{ROLES, allowed, roles_of};
use zhirong_tests::run;
use zhirong_tests::sandbox::{Sandbox, channel, shared};
use zhirong_tests::scene::Lending;

/// Number of the field `service` of a file, and of `method` of a service, in a descriptor's paths.
const SERVICE: i32 = 6;
const METHOD: i32 = 2;

#[derive(Debug, Clone)]
struct Call {
    path: String,
    client_streaming: bool,
    allowed: Vec<&'static str>,
}

/// Every call of every service with the roles that its comment names.
fn calls() -> Vec<Call> {
    let set = FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).unwrap();
    let mut calls = Vec::new();
    for file in set.file.iter().filter(|file| !file.service.is_empty()) {
        let comments = &file.source_code_info.as_ref().unwrap().location;
        for (service, number) in file.service.iter().zip(0..) {
            for (method, place) in service.method.iter().zip(0..) {
                let wanted = [SERVICE, number, METHOD, place];
                let comment = comments
                    .iter()
                    .find(|location| location.path == wanted)
                    .unwrap()
                    .leading_comments();
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                let allowed =
                    allowed(comment).unwrap_or_else(|| panic!("{path} does not say who may call it"));
                calls.push(Call {
                    path,
                    client_streaming: method.client_streaming(),
                    allowed,
                });
            }
        }
    }
    calls
}

/// Calls with an empty message, or an empty stream of them.
async fn call(channel: &Channel, call: &Call) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let messages = if call.client_streaming { vec![] } else { vec![()] };
    let request = Request::new(tokio_stream::iter(messages));
    let path: PathAndQuery = call.path.parse().unwrap();
    let answer = grpc
        .streaming(request, path, ProstCodec::<(), ()>::default())
        .await?;
    let mut answer = answer.into_inner();
    while answer.message().await?.is_some() {}
    Ok(())
}

fn channel_as(sandbox: &Sandbox, name: &str) -> Channel {
    let identity = platform::identity::load_identity(sandbox.identity_dir(), name).unwrap();
    channel(sandbox.url(), &identity.ca_pem, Some(&identity))
}

#[test]
fn every_call_says_who_may_call_it() {
    let calls = calls();
    assert_eq!(calls.len(), 156, "calls in proto/");
    assert!(
        calls
            .iter()
            .all(|call| !call.allowed.is_empty() && call.allowed.len() <= ROLES.len())
    );
    assert_eq!(roles_of("finance, the auditor, the bureau.").len(), 5);
    assert_eq!(roles_of("a lender, for its own records."), ["institution"]);
}

#[test]
fn every_role_is_refused_every_call_that_is_not_its_own() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let mut tried = 0;
        for role in ROLES {
            let channel = channel_as(sandbox, if role == "institution" { &scene.code } else { role });
            for wanted in calls() {
                let answer = call(&channel, &wanted).await;
                if wanted.allowed.contains(&role) {
                    let code = answer.err().map(|status| status.code());
                    assert_ne!(
                        code,
                        Some(Code::PermissionDenied),
                        "{role} may call {}",
                        wanted.path
                    );
                    continue;
                }
                let status = answer.expect_err(&wanted.path);
                assert_eq!(
                    status.code(),
                    Code::PermissionDenied,
                    "{role} {} {status:?}",
                    wanted.path
                );
                assert_eq!(
                    refused(&status).reason,
                    "ROLE_NOT_ALLOWED",
                    "{role} {}",
                    wanted.path
                );
                tried += 1;
            }
        }
        assert!(tried > 300, "{tried}");
    });
}

#[test]
fn a_certificate_that_nobody_registered_is_refused_every_call() {
    run(async {
        let sandbox = shared().await;
        let authority = platform::identity::Authority::open(sandbox.identity_dir()).unwrap();
        authority
            .issue("stranger", platform::identity::Purpose::Client)
            .unwrap();
        let channel = channel_as(sandbox, "stranger");
        for wanted in calls() {
            let status = call(&channel, &wanted).await.expect_err(&wanted.path);
            assert_eq!(status.code(), Code::Unauthenticated, "{} {status:?}", wanted.path);
            assert_eq!(refused(&status).reason, "CALLER_UNKNOWN", "{}", wanted.path);
        }
    });
}
