//! The transaction runner: scope, retries, unknown commits, read-only modes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Executor, PgConnection};
use zhirong_platform::Error;
use zhirong_platform::database::{BoxFuture, Database, Scope, Tuning, extend_deadline};
use zhirong_platform::error::{Fault, Kind};

use crate::support::Bench;

const TABLE: &str =
    "create table kept (n bigint); create role reader nologin; grant select on kept to reader";

/// Fails with the statement on the first `failures` tries, then writes one row.
fn flaky(
    statement: &'static str,
    failures: u32,
    tries: &Arc<AtomicU32>,
) -> impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<u32, Error>> + Send + Sync + 'static {
    let tries = tries.clone();
    move |connection| {
        let tries = tries.clone();
        Box::pin(async move {
            let number = tries.fetch_add(1, Ordering::SeqCst) + 1;
            sqlx::query("insert into kept values ($1)")
                .bind(i64::from(number))
                .execute(&mut *connection)
                .await?;
            if number <= failures {
                connection.execute(statement).await?;
            }
            Ok(number)
        })
    }
}

async fn kept(database: &Database) -> Vec<i64> {
    sqlx::query_scalar("select n from kept order by n")
        .fetch_all(database.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn conflicts_and_lost_connections_are_tried_again_and_other_errors_are_not() {
    let bench = Bench::new(TABLE).await;
    let scope = Scope::owner();
    let conflict = "do $$ begin raise exception using errcode = '40001'; end $$";
    let tries = Arc::new(AtomicU32::new(0));
    assert_eq!(
        bench
            .database
            .run("test.conflict", &scope, flaky(conflict, 2, &tries))
            .await
            .unwrap(),
        3
    );
    let killed = "select pg_terminate_backend(pg_backend_pid())";
    let tries = Arc::new(AtomicU32::new(3));
    assert_eq!(
        bench
            .database
            .run("test.lost", &scope, flaky(killed, 4, &tries))
            .await
            .unwrap(),
        5
    );
    let tuning = Tuning {
        retry_for: Duration::from_millis(700),
        ..Tuning::default()
    };
    let impatient = Database::connect(bench.cluster.options(), &tuning).await.unwrap();
    let (tries, begun) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let error = impatient
        .run("test.always", &scope, flaky(conflict, 9_999, &tries))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Aborted);
    assert!(
        begun.elapsed() >= tuning.retry_for && tries.load(Ordering::SeqCst) > 4,
        "it gave up early"
    );
    let tries = Arc::new(AtomicU32::new(0));
    let error = bench
        .database
        .run("test.wrong", &scope, flaky("select 1/0", 99, &tries))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), tries.load(Ordering::SeqCst)), (Kind::Internal, 1));
    assert_eq!(
        kept(&bench.database).await,
        [3, 5],
        "what failed must be rolled back"
    );
}

#[tokio::test]
async fn nobody_tries_again_for_a_caller_who_is_gone() {
    let bench = Bench::new(TABLE).await;
    let conflict = "do $$ begin raise exception using errcode = '40001'; end $$";
    let tries = Arc::new(AtomicU32::new(0));
    let scope = Scope::owner();
    let work = bench
        .database
        .run("test.gone", &scope, flaky(conflict, 9_999, &tries));
    assert!(
        tokio::time::timeout(Duration::from_millis(300), work)
            .await
            .is_err()
    );
    // The try under way ends, and at most one pause of the longest kind later nothing begins any more.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let made = tries.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(tries.load(Ordering::SeqCst), made);
    assert!(made > 1, "it was tried again while the caller waited");
}

/// The connection breaks inside COMMIT, once.
const BREAK_AT_COMMIT: &str = "
    create sequence broken;
    create function break_once() returns trigger language plpgsql as $$
        begin
            if nextval('broken') = 1 then
                perform pg_terminate_backend(pg_backend_pid());
                perform pg_sleep(1);
            end if;
            return null;
        end $$;
    create constraint trigger breaks after insert on kept
        deferrable initially deferred for each row execute function break_once()";

#[tokio::test]
async fn an_unknown_commit_is_reported_or_tried_again_when_keyed() {
    let bench = Bench::new(TABLE).await;
    bench.database.pool().execute(BREAK_AT_COMMIT).await.unwrap();
    let scope = Scope::owner();
    let tries = Arc::new(AtomicU32::new(0));
    let error = bench
        .database
        .run("test.unknown", &scope, flaky("", 0, &tries))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::CommitUnknown(_)), "{error:?}");
    assert_eq!(
        (error.kind(), tries.load(Ordering::SeqCst)),
        (Kind::Unavailable, 1)
    );
    bench
        .database
        .pool()
        .execute("alter sequence broken restart")
        .await
        .unwrap();
    assert_eq!(
        bench
            .database
            .run_keyed("test.keyed", &scope, flaky("", 0, &tries))
            .await
            .unwrap(),
        3
    );
    assert_eq!(kept(&bench.database).await, [3]);
}

async fn scope_seen(connection: &mut PgConnection) -> Result<(String, String, String), sqlx::Error> {
    sqlx::query_as(
        "select current_user::text, current_setting('zhirong.city'), current_setting('zhirong.institution')",
    )
    .fetch_one(connection)
    .await
}

#[tokio::test]
async fn a_scope_holds_for_its_transaction_only() {
    let bench = Bench::new(TABLE).await;
    let scope = Scope::new("reader", "0001", "A");
    let seen = bench
        .database
        .read("test.scope", &scope, |connection| {
            Box::pin(async move { Ok::<_, Error>(scope_seen(connection).await?) })
        })
        .await
        .unwrap();
    assert_eq!(seen, ("reader".to_owned(), "0001".to_owned(), "A".to_owned()));
    let after: (String, Option<String>) =
        sqlx::query_as("select current_user::text, nullif(current_setting('zhirong.city', true), '')")
            .fetch_one(bench.database.pool())
            .await
            .unwrap();
    assert_eq!(after, ("zhirong".to_owned(), None));
    let tries = Arc::new(AtomicU32::new(0));
    let refused = bench
        .database
        .run("test.denied", &scope, flaky("", 0, &tries))
        .await
        .unwrap_err();
    let code = refused
        .as_sqlx()
        .and_then(|error| error.as_database_error()?.code())
        .unwrap();
    assert_eq!(code, "42501", "the role may only read");
}

#[tokio::test]
async fn readers_cannot_write_and_a_snapshot_stands_still() {
    let bench = Bench::new(TABLE).await;
    let tries = Arc::new(AtomicU32::new(0));
    let error = bench
        .database
        .read("test.read", &Scope::owner(), flaky("", 0, &tries))
        .await
        .unwrap_err();
    let code = error
        .as_sqlx()
        .and_then(|error| error.as_database_error()?.code())
        .unwrap();
    assert_eq!(code, "25006", "read only");
    let pool = bench.database.pool().clone();
    let counts = bench
        .database
        .snapshot("test.snapshot", &Scope::owner(), move |connection| {
            let pool = pool.clone();
            Box::pin(async move {
                let count = "select count(*) from kept";
                let before: i64 = sqlx::query_scalar(count)
                    .fetch_one(&mut *connection)
                    .await
                    .map_err(Error::from)?;
                sqlx::query("insert into kept values (1)")
                    .execute(&pool)
                    .await
                    .map_err(Error::from)?;
                let after: i64 = sqlx::query_scalar(count)
                    .fetch_one(connection)
                    .await
                    .map_err(Error::from)?;
                Ok::<_, Error>((before, after))
            })
        })
        .await
        .unwrap();
    assert_eq!(counts, (0, 0));
    assert_eq!(kept(&bench.database).await, [1]);
}

#[tokio::test]
async fn a_slow_statement_is_cut_unless_the_deadline_is_extended() {
    let bench = Bench::new(TABLE).await;
    let tuning = Tuning {
        statement_timeout: Duration::from_millis(200),
        ..Tuning::default()
    };
    let database = Database::connect(bench.cluster.options(), &tuning).await.unwrap();
    let sleep = |extended: bool| {
        let database = database.clone();
        async move {
            database
                .run("test.slow", &Scope::owner(), move |connection| {
                    Box::pin(async move {
                        if extended {
                            extend_deadline(connection, Duration::from_secs(30)).await?;
                        }
                        connection.execute("select pg_sleep(0.4)").await?;
                        Ok::<_, Error>(())
                    })
                })
                .await
        }
    };
    assert_eq!(sleep(false).await.unwrap_err().kind(), Kind::DeadlineExceeded);
    sleep(true).await.unwrap();
}

#[tokio::test]
async fn a_panic_inside_is_an_error_outside() {
    let bench = Bench::new(TABLE).await;
    let error = bench
        .database
        .run(
            "test.panic",
            &Scope::owner(),
            |_| -> BoxFuture<'_, Result<(), Error>> { Box::pin(async { panic!("on purpose") }) },
        )
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Task(_)));
}

#[tokio::test]
async fn a_remote_database_without_encryption_is_refused() {
    for url in [
        "postgres://u:secret@db.example/x",
        "postgres://u:secret@db.example/x?sslmode=disable",
        "mysql:secret",
    ] {
        let error = Database::connect_url(url, &Tuning::default()).await.unwrap_err();
        let shown = format!("{error:?} {}", error.message_zh());
        assert!(
            shown.contains("database_url") && !shown.contains("secret"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_server_that_may_forget_is_refused_by_name() {
    let bench = Bench::new(TABLE).await;
    bench
        .database
        .pool()
        .execute("alter role zhirong set synchronous_commit = off")
        .await
        .unwrap();
    let database = Database::connect(bench.cluster.options(), &Tuning::default())
        .await
        .unwrap();
    let error = database.check_durable().await.unwrap_err();
    assert!(error.message_en().contains("synchronous_commit"), "{error}");
}
