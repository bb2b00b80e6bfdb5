//! A batch pulled as a stream, as pages and as one file: the same data under one digest, whole wherever it was cut.

use std::collections::BTreeMap;
use std::path::Path;

use api::settlement::v1 as pb;
use client::Client;
use platform::database::embedded::temporary_dir;
use tokio::sync::OnceCell;
use tonic::Code;
use zhirong::cli::By;
use zhirong::export::export_by;
use zhirong_tests::answer::{assert_refused, refused};
use zhirong_tests::pull::{download, downloading, pages, paging, stream, streaming};
use zhirong_tests::sandbox::{Sandbox, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, records, run};

/// Lendings of the scene: six facts and two lines each.
const LENDINGS: usize = 24;

/// A sandbox of these tests alone, and a released batch of it with settled rows, findings and lines.
struct Scene {
    sandbox: Sandbox,
    batch: pb::Batch,
    messages: Vec<pb::StreamBatchResponse>,
}

impl Scene {
    fn client(&self) -> Client {
        self.sandbox.client("auditor")
    }
}

async fn scene() -> &'static Scene {
    static SCENE: OnceCell<Scene> = OnceCell::const_new();
    SCENE
        .get_or_init(|| async {
            let sandbox = Sandbox::start().await;
            let batch = settled(&sandbox, LENDINGS).await;
            let client = sandbox.client("auditor");
            let messages = stream(&client, streaming(&batch.name, ""), usize::MAX)
                .await
                .unwrap();
            Scene {
                sandbox,
                batch,
                messages,
            }
        })
        .await
}

/// The second batch of a year: the first settled all lendings, then half of them drew again and a stray draw came in.
pub(crate) async fn settled(sandbox: &Sandbox, lendings: usize) -> pb::Batch {
    let year = ids::year();
    let mut made = Vec::new();
    for _ in 0..lendings {
        let lending = Lending::new(sandbox).await;
        lending.lend(year, "2000000.00").await;
        made.push(lending);
    }
    batch::settle(sandbox, year, "2026-03-31").await;
    for lending in made.iter().step_by(2) {
        let request = api::pledge::v1::WithdrawLoanEventRequest {
            request_id: ids::request_id(),
            name: format!("loans/{}/events/1", lending.contract_no),
            ..Default::default()
        };
        lending.bank.pledge().withdraw_loan_event(request).await.unwrap();
    }
    let stray = api::pledge::v1::ReportLoanEventRequest {
        request_id: ids::request_id(),
        loan_event: Some(records::draw("STRAY", "1", &format!("{year}-03-01"), "10000.00")),
        revision: None,
    };
    made[0].bank.pledge().report_loan_event(stray).await.unwrap();
    batch::settle(sandbox, year, "2026-03-31").await
}

fn digest_of(batch: &pb::Batch) -> String {
    batch.digests.as_ref().unwrap().batch.clone()
}

#[test]
fn a_cut_after_every_message_leaves_no_gap_and_repeats_nothing() {
    run(async {
        let scene = scene().await;
        let (client, whole) = (scene.client(), &scene.messages);
        assert!(whole.len() > 200, "{}", whole.len());
        for cut in 1..=whole.len() {
            let first = stream(&client, streaming(&scene.batch.name, ""), cut)
                .await
                .unwrap();
            assert_eq!(first[..], whole[..cut]);
            let token = &first[cut - 1].resume_token;
            let rest = stream(&client, streaming(&scene.batch.name, token), usize::MAX).await;
            assert_eq!(rest.unwrap()[..], whole[cut..], "cut after {cut}");
        }
    });
}

#[test]
fn a_stream_cut_again_and_again_comes_to_the_whole() {
    run(async {
        let scene = scene().await;
        let client = scene.client();
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..5 {
            let (mut got, mut token) = (Vec::new(), String::new());
            while got.len() < scene.messages.len() {
                let most = random.usize(1..60);
                let more = stream(&client, streaming(&scene.batch.name, &token), most)
                    .await
                    .unwrap();
                got.extend(more);
                token.clone_from(&got.last().unwrap().resume_token);
            }
            assert!(got == scene.messages);
        }
    });
}

#[test]
fn pages_of_every_size_are_the_stream() {
    run(async {
        let scene = scene().await;
        let client = scene.client();
        for size in [1, 7, 1000] {
            let messages = pages(&client, &scene.batch.name, size).await.unwrap();
            assert!(messages == scene.messages, "pages of {size}");
        }
        // A resume token of the stream is a page token, and the other way round.
        let token = &scene.messages[9].resume_token;
        let page = client
            .settlement()
            .list_batch_messages(paging(&scene.batch.name, 5, token))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.messages[..], scene.messages[10..15]);
        assert_eq!(page.batch_digest, digest_of(&scene.batch));
        let rest = stream(
            &client,
            streaming(&scene.batch.name, &page.next_page_token),
            usize::MAX,
        )
        .await;
        assert_eq!(rest.unwrap()[..], scene.messages[15..]);
        // After the last message there is an empty page and no further one.
        let token = &scene.messages.last().unwrap().resume_token;
        let last = client
            .settlement()
            .list_batch_messages(paging(&scene.batch.name, 5, token))
            .await;
        let last = last.unwrap().into_inner();
        assert!(last.messages.is_empty() && last.next_page_token.is_empty());
    });
}

/// Every file below a folder by its path.
fn folder(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (dir, prefix) in [(dir.to_path_buf(), ""), (dir.join("facts"), "facts/")] {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap().to_str().unwrap();
                files.insert(format!("{prefix}{name}"), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn stream_pages_and_file_are_exported_to_the_same_bytes() {
    run(async {
        let scene = scene().await;
        let (client, out) = (scene.client(), temporary_dir("zhirong-out").unwrap());
        let batch_no = &scene.batch.batch_no;
        let mut folders = Vec::new();
        for (by, name) in [(By::Stream, "stream"), (By::Pages, "pages"), (By::File, "file")] {
            let dir = out.join(name);
            let receipt = export_by(&client, batch_no, &dir, by).await.unwrap();
            assert_eq!(receipt.batch_digest, digest_of(&scene.batch));
            folders.push(folder(&dir));
        }
        assert!(folders[0] == folders[1] && folders[0] == folders[2]);
        assert!(folders[0].len() > 9, "{:?}", folders[0].keys());
        let zip = out.join("batch.zip");
        export_by(&client, batch_no, &zip, By::File).await.unwrap();
        let bytes = std::fs::read(&zip).unwrap();
        assert!(exchange::archive::read(&bytes).unwrap().files == folders[0]);
        let book = out.join("batch.xlsx");
        export_by(&client, batch_no, &book, By::Stream).await.unwrap();
        let mut book: calamine::Xlsx<_> = calamine::open_workbook(&book).unwrap();
        let lines = calamine::Reader::worksheet_range(&mut book, "明细 lines").unwrap();
        let of_csv = exchange::batch::LineRow::from_csv(&folders[0]["lines.csv"]).unwrap();
        let amounts: Vec<String> = lines.rows().skip(1).map(|row| row[10].to_string()).collect();
        let wanted: Vec<String> = of_csv.iter().map(|line| line.amount.clone()).collect();
        assert!(amounts == wanted && !amounts.is_empty());
        // The archive verifies as the folder does, and a changed byte of either is named.
        let (files, extra) = zhirong::verify::read(&zip).unwrap();
        let (_, differences) = zhirong::verify::verify(&files);
        assert!(differences.is_empty() && extra.is_empty(), "{differences:?}");
        let at = bytes
            .windows(9)
            .position(|window| window == b"lines.csv")
            .unwrap()
            + 60;
        let mut altered = bytes;
        altered[at] ^= 1;
        std::fs::write(&zip, altered).unwrap();
        let (_, differences) = zhirong::verify::verify(&zhirong::verify::read(&zip).unwrap().0);
        assert!(
            differences.iter().any(|found| found.file == "lines.csv"),
            "{differences:?}"
        );
        std::fs::remove_dir_all(out).unwrap();
    });
}

#[test]
fn a_download_goes_on_from_every_byte_it_is_asked_for() {
    run(async {
        let scene = scene().await;
        let client = scene.client();
        let name = &scene.batch.name;
        let (header, bytes, trailer) = download(&client, downloading(name, 0)).await.unwrap();
        assert_eq!(header.file_name, format!("{}.zip", scene.batch.batch_no));
        let size = i64::try_from(bytes.len()).unwrap();
        assert_eq!((header.size, header.offset, trailer.sent), (size, 0, size));
        assert_eq!(header.sha256, exchange::digest::sha256_hex(&bytes));
        assert_eq!(
            (&trailer.sha256, &trailer.batch_digest),
            (&header.sha256, &header.batch_digest)
        );
        assert_eq!(header.batch_digest, digest_of(&scene.batch));
        for offset in [1, 29, size / 3, size / 2, size - 1, size] {
            let request = pb::DownloadBatchRequest {
                archive_digest: header.sha256.clone(),
                batch_digest: header.batch_digest.clone(),
                ..downloading(name, offset)
            };
            let (_, rest, trailer) = download(&client, request).await.unwrap();
            assert_eq!(rest, bytes[usize::try_from(offset).unwrap()..], "{offset}");
            assert_eq!(trailer.sent, size - offset);
        }
        for offset in [-1, size + 1] {
            let answer = client
                .settlement()
                .download_batch(downloading(name, offset))
                .await;
            let refused = assert_refused(answer, Code::InvalidArgument, "OFFSET_INVALID");
            assert_eq!(refused.code_of("offset"), Some("OFFSET_INVALID"));
        }
        let other = pb::DownloadBatchRequest {
            archive_digest: "00".repeat(32),
            ..downloading(name, 5)
        };
        let answer = client.settlement().download_batch(other).await;
        assert_refused(answer, Code::Aborted, "BATCH_DIGEST_MISMATCH");
    });
}

#[test]
fn a_mangled_token_is_refused_by_the_name_of_its_field() {
    run(async {
        let scene = scene().await;
        let (client, name) = (scene.client(), &scene.batch.name);
        let token = scene.messages[3].resume_token.clone();
        let mut mangled: Vec<String> = (0..token.len())
            .map(|at| {
                let other = if &token[at..=at] == "A" { "B" } else { "A" };
                format!("{}{other}{}", &token[..at], &token[at + 1..])
            })
            .collect();
        mangled.extend((1..token.len()).map(|at| token[..at].to_owned()));
        mangled.extend([" ", "%", "知融", "\0", "7"].map(str::to_owned));
        mangled.extend([format!("{token}="), format!("{token}A"), token.repeat(9)]);
        for token in mangled {
            let status = stream(&client, streaming(name, &token), 1).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{token}: {status:?}");
            assert_eq!(
                refused(&status).code_of("resume_token"),
                Some("RESUME_TOKEN_INVALID")
            );
            let answer = client
                .settlement()
                .list_batch_messages(paging(name, 5, &token))
                .await;
            let refused = assert_refused(answer, Code::InvalidArgument, "RESUME_TOKEN_INVALID");
            assert_eq!(refused.code_of("page_token"), Some("RESUME_TOKEN_INVALID"));
        }
        // The token itself is taken; with the sequence of its own message too, with another not.
        assert_eq!(
            stream(&client, streaming(name, &token), 1).await.unwrap()[0],
            scene.messages[4]
        );
        let both = |sequence| both(name, &token, sequence);
        assert_eq!(stream(&client, both(4), 1).await.unwrap()[0], scene.messages[4]);
        let status = stream(&client, both(5), 1).await.unwrap_err();
        assert_eq!(refused(&status).code_of("after_sequence"), Some("RESUME_DIFFERS"));
    });
}

#[expect(deprecated, reason = "callers of the first version still send a sequence")]
fn both(name: &str, token: &str, after_sequence: i64) -> pb::StreamBatchRequest {
    pb::StreamBatchRequest {
        after_sequence,
        ..streaming(name, token)
    }
}

#[test]
fn a_token_of_another_batch_is_a_mismatch_and_another_city_has_no_batch() {
    run(async {
        let scene = scene().await;
        let client = scene.client();
        let first = scene.batch.name.replace("-002", "-001");
        let token = &scene.messages[3].resume_token;
        let status = stream(&client, streaming(&first, token), 1).await.unwrap_err();
        assert_eq!(refused(&status).reason, "BATCH_DIGEST_MISMATCH");
        let answer = client
            .settlement()
            .list_batch_messages(paging(&first, 5, token))
            .await;
        assert_refused(answer, Code::Aborted, "BATCH_DIGEST_MISMATCH");
        let elsewhere = scene.batch.name.replace("410500", "410100");
        let status = stream(&client, streaming(&elsewhere, ""), 1).await.unwrap_err();
        assert_eq!(refused(&status).reason, "NOT_FOUND");
        let answer = client
            .settlement()
            .list_batch_messages(paging(&elsewhere, 5, ""))
            .await;
        assert_refused(answer, Code::NotFound, "NOT_FOUND");
        let answer = client
            .settlement()
            .download_batch(downloading(&elsewhere, 0))
            .await;
        assert_refused(answer, Code::NotFound, "NOT_FOUND");
    });
}

#[test]
fn an_institution_pulls_no_batch() {
    run(async {
        let sandbox = shared().await;
        let lending = Lending::new(sandbox).await;
        let name = "batches/410500-2025-001";
        let status = stream(&lending.bank, streaming(name, ""), 1).await.unwrap_err();
        assert_eq!(refused(&status).reason, "ROLE_NOT_ALLOWED");
        let answer = lending
            .bank
            .settlement()
            .list_batch_messages(paging(name, 5, ""))
            .await;
        assert_refused(answer, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        let answer = lending
            .bank
            .settlement()
            .download_batch(downloading(name, 0))
            .await;
        assert_refused(answer, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    });
}
