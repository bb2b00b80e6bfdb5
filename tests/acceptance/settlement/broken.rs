//! The client's own pull over a line that loses connections: every message once, whatever was lost when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use api::settlement::v1 as pb;
use client::{Client, Pull, PullError, Way};
use platform::identity::load_identity;
use tokio::sync::OnceCell;
use zhirong_tests::clients::relay::{Loss, Relay};
use zhirong_tests::clients::samples::gaps_or_repeats;
use zhirong_tests::pull::{stream, streaming};
use zhirong_tests::run;
use zhirong_tests::sandbox::{self, Sandbox, shared};

use super::pull::settled;

/// A released batch of the shared sandbox, and its messages over a whole line.
struct Scene {
    sandbox: &'static Sandbox,
    batch: pb::Batch,
    messages: Vec<pb::StreamBatchResponse>,
}

async fn scene() -> &'static Scene {
    static SCENE: OnceCell<Scene> = OnceCell::const_new();
    SCENE
        .get_or_init(|| async {
            let sandbox = shared().await;
            let batch = settled(sandbox, 24).await;
            let request = streaming(&batch.name, "");
            let messages = stream(&sandbox.client("auditor"), request, usize::MAX).await;
            Scene {
                sandbox,
                batch,
                messages: messages.unwrap(),
            }
        })
        .await
}

impl Scene {
    /// A client over a line that loses connections.
    async fn over(&self, loss: Loss) -> (Relay, Client) {
        let relay = Relay::start(self.sandbox.url(), loss).await;
        let identity = load_identity(self.sandbox.identity_dir(), "auditor").unwrap();
        let client = sandbox::client(&format!("https://{}", relay.target()), &identity);
        (relay, client)
    }
}

/// Everything that a pull hands out, and how often it broke.
async fn pulled(pull: Pull) -> (Vec<pb::StreamBatchResponse>, usize) {
    let breaks = Arc::new(AtomicUsize::new(0));
    let counted = breaks.clone();
    let mut pull = pull.on_break(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let mut messages = Vec::new();
    while let Some(message) = pull.next().await.unwrap() {
        messages.push(message);
    }
    assert!(pull.next().await.unwrap().is_none());
    (messages, breaks.load(Ordering::SeqCst))
}

#[test]
fn a_pull_goes_on_wherever_it_was_cut() {
    run(async {
        let scene = scene().await;
        for (way, bytes) in [
            (Way::Stream, 6_000),
            (Way::Stream, 30_000),
            (Way::Stream, 50_000),
            (Way::Pages, 6_000),
            (Way::Pages, 30_000),
        ] {
            let (relay, client) = scene
                .over(Loss::After {
                    connections: 3,
                    bytes,
                })
                .await;
            let (messages, breaks) = pulled(client.pull(&scene.batch.batch_no).by(way)).await;
            assert!(messages == scene.messages, "{way:?} {bytes}");
            // A longer piece leaves less to lose.
            assert!(relay.lost() >= 1 && breaks >= 1, "{way:?} {bytes}: {breaks}");
        }
    });
}

#[test]
fn the_files_of_a_cut_pull_and_a_cut_download_are_those_of_a_whole_one() {
    run(async {
        let scene = scene().await;
        let whole = scene
            .sandbox
            .client("auditor")
            .pull(&scene.batch.name)
            .into_batch()
            .await
            .unwrap();
        assert_eq!(
            whole.receipt.batch_digest,
            zhirong_tests::batch::digest(&scene.batch)
        );
        let loss = Loss::After {
            connections: 2,
            bytes: 30_000,
        };
        let (relay, client) = scene.over(loss).await;
        assert_eq!(client.pull(&scene.batch.name).into_batch().await.unwrap(), whole);
        assert!(relay.lost() >= 1);
        let (relay, client) = scene.over(loss).await;
        let archive = client.download(&scene.batch.batch_no).into_bytes().await.unwrap();
        assert_eq!(exchange::archive::read(&archive).unwrap().files, whole.files);
        assert!(relay.lost() >= 1);
    });
}

#[test]
fn a_pull_that_is_left_goes_on_and_a_client_without_its_token_is_caught() {
    run(async {
        let scene = scene().await;
        let client = scene.sandbox.client("auditor");
        let mut pull = client.pull(&scene.batch.batch_no);
        let mut sequences = Vec::new();
        while let Some(message) = pull.next().await.unwrap() {
            sequences.push(message.sequence);
            if message.sequence == 5 {
                pull.disconnect();
            }
        }
        let last = scene.messages.len();
        let stated: Vec<i64> = scene.messages.iter().map(|message| message.sequence).collect();
        assert_eq!(sequences, stated);
        // The red twin begins anew after the cut, as a client would that lost its token.
        assert_eq!(gaps_or_repeats(&format!("1-5 6-{last}")), 0);
        assert_eq!(gaps_or_repeats(&format!("1-5 1-{last}")), 5);
    });
}

#[test]
fn a_line_that_never_holds_and_a_refusal_end_a_pull() {
    run(async {
        let scene = scene().await;
        let (relay, client) = scene.over(Loss::First(u32::MAX)).await;
        let mut pull = client.pull(&scene.batch.batch_no);
        let broken = pull.next().await.unwrap_err();
        assert!(
            matches!(
                broken,
                PullError::Call {
                    call: "StreamBatch",
                    ..
                }
            ),
            "{broken}"
        );
        assert!(relay.lost() >= 6);
        assert!(pull.next().await.unwrap().is_none());
        let missing = scene
            .sandbox
            .client("auditor")
            .pull("410500-2025-999")
            .next()
            .await;
        match missing {
            Err(PullError::Call { status, .. }) => assert_eq!(status.code(), tonic::Code::NotFound),
            other => panic!("{other:?}"),
        }
    });
}
