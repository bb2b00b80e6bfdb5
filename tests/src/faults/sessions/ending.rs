//! A session that is ended, by its person or by the bureau, while a write of that person is under way.
//!
//! The write is kept from its last statement by a lock on its chain. The end must wait for it; a write that begins meanwhile must wait
//! for the end, and be refused, since writes that overlap without end would else keep a stolen session open for ever. The red twin's
//! writes do not hold their session: one commits when the end has been answered.

use std::sync::Arc;

use exchange::digest::sha256;
use http::Method;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;

use crate::faults::revoked::Place;
use crate::figure::{Asked, Figure, count, show};
use crate::http::Answer;
use crate::ids;
use crate::people::{Browser, CSRF};
use platform::twin::{Twin, VARIABLE};

/// The finance maker, whose writes stand in a chain of their own.
const PERSON: &str = "li-qiang";
const SUBJECT: &str = "person:li-qiang";
/// The roles that services take on to write.
const ROLES: [&str; 7] = [
    "zhirong_registry",
    "zhirong_pledge",
    "zhirong_insurance",
    "zhirong_settlement",
    "zhirong_files",
    "zhirong_notify",
    "zhirong_people",
];
/// How often it is looked who waits, with 5 ms between: less than a lock is waited for.
const LOOKS: u32 = 300;

/// What was seen.
#[derive(Debug, Default)]
struct Outcome {
    /// Ends that waited for the write under way.
    waited: u64,
    /// Writes that committed when the end had been answered.
    behind: u64,
    /// Writes that began when the end waited and were answered all the same.
    passed: u64,
    /// Roles under which a write can hold its session.
    roles: usize,
    problems: Vec<String>,
}

/// The figures of ended sessions.
pub(super) async fn figures(asked: Asked) -> Vec<Figure> {
    let rounds = asked.of(2, 4, 10, 50);
    let outcome = check(&[], rounds).await;
    show("ended", &outcome.problems);
    let twin = check(&[(VARIABLE, Twin::StaleCredential.as_str())], 2).await;
    let behind = "writes committed behind the end of their session";
    vec![
        Figure::exactly(
            "service roles that hold a session",
            count(outcome.roles),
            count(ROLES.len()),
        ),
        Figure::exactly("ends that waited for a write under way", outcome.waited, rounds),
        Figure::none(behind, outcome.behind),
        Figure::red_twin(behind, twin.behind),
        Figure::none("writes that overtook the end of their session", outcome.passed),
        Figure::none("ended sessions: problems", count(outcome.problems.len())),
    ]
}

async fn check(environment: &[(&str, &str)], rounds: u64) -> Outcome {
    let place = Place::start(environment);
    let mut outcome = Outcome::default();
    for number in 0..rounds {
        round(&place, number % 2 == 0, &mut outcome).await;
    }
    outcome
}

/// One session, a write under way, its end, and a write behind it.
async fn round(place: &Place, is_own: bool, outcome: &mut Outcome) {
    let served = &place.served;
    let browser = Arc::new(Browser::at(served.identity(), served.url(), "probe"));
    assert_eq!(browser.sign_in("", PERSON).await.status, 200);
    assert_eq!(open_batch(browser.clone()).await.status, 200);
    let mut database = place.database().await;
    outcome.roles = holders(&mut database, &browser.token()).await;
    let mut held = database.begin().await.unwrap();
    sqlx::query("select from ledger.audit_head where stream = 'finance' for update")
        .execute(&mut *held)
        .await
        .unwrap();
    let under_way = tokio::spawn(open_batch(browser.clone()));
    let mut ok = wait(&mut held, 1, &under_way).await;
    let end = tokio::spawn(end(browser.clone(), served.client("bureau"), is_own));
    let waited = wait(&mut held, 2, &end).await;
    outcome.waited += u64::from(waited);
    let behind = tokio::spawn(open_batch(browser));
    ok &= !waited || wait(&mut held, 3, &behind).await;
    let mut known = place.number(KEPT, SUBJECT).await;
    held.rollback().await.unwrap();
    database.close().await.unwrap();
    ok &= end.await.unwrap();
    if waited {
        known = place.number(KEPT, SUBJECT).await;
    }
    ok &= under_way.await.unwrap().status == 200;
    let behind = behind.await.unwrap();
    match (behind.status, behind.reason().as_str()) {
        (200, _) => outcome.passed += 1,
        (401, "SESSION_ENDED") => {}
        told => outcome.problems.push(format!("a write behind the end: {told:?}")),
    }
    outcome.behind += place.number(KEPT, SUBJECT).await - known;
    if !ok {
        outcome
            .problems
            .push(format!("a round in which is_own is {is_own}"));
    }
}

/// Writes of a person that have committed.
const KEPT: &str = "select count(*) from ledger.request where caller = $1";

/// Opens a batch of a year of its own; answers the HTTP status.
async fn open_batch(browser: Arc<Browser>) -> Answer {
    let year = ids::year();
    let request = json!({
        "request_id": ids::request_id(), "division_code": "410500", "year": year,
        "as_of": {"year": year, "month": 12, "day": 31}
    });
    let path = "/zhirong.settlement.v1.SettlementService/OpenBatch";
    browser.call(path, &request, &[CSRF]).await
}

/// Ends the session, by its own person or by the bureau; answers whether that was done.
async fn end(browser: Arc<Browser>, bureau: client::Client, is_own: bool) -> bool {
    if is_own {
        return browser
            .send(Method::POST, "/auth/logout", &[CSRF], "")
            .await
            .status
            == 204;
    }
    let request = api::people::v1::RevokeSessionsRequest {
        request_id: ids::request_id(),
        subject: SUBJECT.to_owned(),
    };
    let answer = bureau.people().revoke_sessions(request).await;
    answer.is_ok_and(|answer| answer.into_inner().ended == 1)
}

/// Waits until so many wait for a lock; false where the last one was answered instead, or never came to wait.
async fn wait<T>(database: &mut PgConnection, waiting: i64, last: &JoinHandle<T>) -> bool {
    for _ in 0..LOOKS {
        let found: i64 = sqlx::query_scalar("select count(*) from pg_locks where not granted")
            .fetch_one(&mut *database)
            .await
            .unwrap();
        if found >= waiting || last.is_finished() {
            return found >= waiting;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    false
}

/// How many of the services' roles can hold a session, and cannot read it.
async fn holders(database: &mut PgConnection, token: &str) -> usize {
    let digest = sha256(token.as_bytes());
    let mut holders = 0;
    for role in ROLES {
        let mut tx = database.begin().await.unwrap();
        sqlx::query("select set_config('role', $1, true), set_config('zhirong.city', '', true)")
            .bind(role)
            .execute(&mut *tx)
            .await
            .unwrap();
        let stands: bool = sqlx::query_scalar("select ledger.caller_stands('session', $1)")
            .bind(digest.as_slice())
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        let read = sqlx::query_scalar("select count(*) from people.session")
            .fetch_one(&mut *tx)
            .await;
        holders += usize::from(stands && read.map_or(true, |seen: i64| seen == 0));
        tx.rollback().await.unwrap();
    }
    holders
}
