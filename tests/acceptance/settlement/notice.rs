//! Public notice: its working days, its list for the public, and that nothing is approved or released before it is over.

use api::settlement::v1 as pb;
use chrono::{Datelike, NaiveDate};
use sqlx::PgConnection;
use tonic::Code;
use zhirong_tests::answer::{assert_refused, refused, yuan};
use zhirong_tests::records::day;
use zhirong_tests::sandbox::{Sandbox, close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn is_working(database: &mut PgConnection, day: &str) -> bool {
    let (is_working,): (bool,) = sqlx::query_as("select settlement.is_working_day('4105', $1)")
        .bind(date(day))
        .fetch_one(database)
        .await
        .unwrap();
    is_working
}

async fn end(database: &mut PgConnection, published_on: &str, working_days: i32) -> NaiveDate {
    let (end,): (NaiveDate,) = sqlx::query_as("select settlement.notice_end('4105', $1, $2)")
        .bind(date(published_on))
        .bind(working_days)
        .fetch_one(database)
        .await
        .unwrap();
    end
}

#[test]
fn the_shipped_calendar_is_that_of_the_state_council() {
    run(async {
        let mut database = shared().await.database().await;
        for worked in [
            "2024-02-04",
            "2024-02-18",
            "2024-04-07",
            "2024-04-28",
            "2024-05-11",
            "2024-09-14",
            "2024-09-29",
            "2024-10-12",
            "2025-01-26",
            "2025-02-08",
            "2025-04-27",
            "2025-09-28",
            "2025-10-11",
            "2026-01-04",
            "2026-02-14",
            "2026-02-28",
            "2026-05-09",
            "2026-09-20",
            "2026-10-10",
        ] {
            assert!(is_working(&mut database, worked).await, "{worked}");
            assert!(
                date(worked).weekday().number_from_monday() >= 6,
                "{worked} is a weekend day"
            );
        }
        for off in [
            "2024-02-12",
            "2024-05-03",
            "2024-09-16",
            "2025-01-28",
            "2025-02-04",
            "2025-10-01",
            "2025-10-08",
            "2026-01-02",
            "2026-02-23",
            "2026-05-05",
            "2026-10-07",
            "2027-02-08",
            "2027-06-09",
            "2027-09-15",
            "2028-01-01",
        ] {
            assert!(!is_working(&mut database, off).await, "{off}");
        }
        assert!(
            is_working(&mut database, "2025-10-09").await && is_working(&mut database, "2028-01-03").await
        );
        for (published_on, working_days, ends_on) in [
            // The published example of 广州 2021: a plain week; the day of publication does not count.
            ("2021-03-25", 5, "2021-04-01"),
            // A Friday before the National Day: the Sunday is worked, then eight days are off.
            ("2025-09-26", 5, "2025-10-10"),
            ("2025-09-30", 1, "2025-10-09"),
            ("2026-02-13", 1, "2026-02-14"),
            ("2026-02-14", 1, "2026-02-24"),
            ("2027-02-04", 7, "2027-02-17"),
        ] {
            assert_eq!(
                end(&mut database, published_on, working_days).await,
                date(ends_on),
                "{published_on} {working_days}"
            );
        }
        close(database).await;
    });
}

#[test]
fn a_city_sets_days_of_its_own_without_a_release() {
    run(async {
        let sandbox = shared().await;
        let mut bureau = sandbox.client("bureau").review();
        let row = |on: &str, is_working: bool| pb::CalendarDay {
            day: day(on),
            is_working,
            name: "防汛停工".to_owned(),
            source: "安政办〔2031〕1号".to_owned(),
            is_own: false,
        };
        let mut request = pb::SetCalendarRequest {
            request_id: ids::request_id(),
            days: vec![row("2031-07-21", false), row("2031-07-26", true)],
        };
        let set = bureau.set_calendar(request.clone()).await.unwrap().into_inner();
        assert_eq!(set.days_count, 2);
        let mut database = sandbox.database().await;
        assert!(
            !is_working(&mut database, "2031-07-21").await && is_working(&mut database, "2031-07-26").await
        );
        close(database).await;
        let listed = bureau
            .list_calendar(pb::ListCalendarRequest { year: 2031 })
            .await
            .unwrap()
            .into_inner()
            .days;
        assert!(listed.len() == 2 && listed.iter().all(|day| day.is_own));
        let shipped = bureau
            .list_calendar(pb::ListCalendarRequest { year: 2025 })
            .await
            .unwrap()
            .into_inner()
            .days;
        assert_eq!(
            shipped.len(),
            1 + 8 + 3 + 5 + 3 + 8 + 5,
            "days off and days worked for them"
        );
        request.request_id = ids::request_id();
        request.days.push(row("2031-07-21", true));
        assert_refused(
            bureau.set_calendar(request).await,
            Code::InvalidArgument,
            "DAYS_INVALID",
        );
    });
}

async fn public_list(sandbox: &Sandbox, name: &str) -> String {
    let request = pb::StreamNoticeRequest {
        name: name.to_owned(),
    };
    let answer = sandbox
        .client("auditor")
        .review()
        .stream_notice(request)
        .await
        .unwrap();
    let mut stream = answer.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = stream.message().await.unwrap() {
        bytes.extend(part.chunk);
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn nothing_is_approved_on_the_last_day_of_a_notice_and_everything_on_the_next() {
    run(async {
        // A city of its own: other tests would move the date.
        let own = Sandbox::start().await;
        let sandbox = &own;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        batch::submit(sandbox, &computed).await.unwrap();
        let published = batch::publish(sandbox, &computed).await.unwrap();
        let mut review = sandbox.client("auditor").review();
        let listed = review
            .list_notices(pb::ListNoticesRequest {
                parent: draft.name.clone(),
                ..Default::default()
            })
            .await
            .unwrap()
            .into_inner()
            .notices;
        let [notice] = &listed[..] else {
            panic!("{listed:?}")
        };
        assert_eq!((notice.working_days, notice.lines_count), (5, 2));
        assert_eq!(
            (yuan(&notice.lines_sum), &notice.ends_on),
            ("230000.00", &published.notice_ends_on)
        );
        let read = review
            .get_notice(pb::GetNoticeRequest {
                name: notice.name.clone(),
            })
            .await
            .unwrap();
        assert_eq!(read.into_inner().notice.as_ref(), Some(notice));
        let list = public_list(sandbox, &notice.name).await;
        assert!(
            list.starts_with("\u{feff}序号,名称,项目,依据条款,金额（元）\r\n"),
            "{list}"
        );
        assert_eq!(list.lines().count(), 3, "{list}");
        for secret in [
            &scene.contract_no,
            &scene.pledge_no,
            &scene.borrower,
            &scene.code,
            &scene.legal_person,
        ] {
            assert!(!list.contains(secret.as_str()), "{secret} in {list}");
        }

        let last = batch::naive(&notice.ends_on.unwrap());
        let mut database = sandbox.database().await;
        let released = format!(
            "update settlement.batch set state = 'approved', approved_by = 'x', approved_at = now(), approved_digest = batch_digest
             where year = {year}"
        );
        for (today, is_over) in [(None, false), (Some(last), false), (last.succ_opt(), true)] {
            if let Some(today) = today {
                assert_eq!(batch::advance_to(sandbox, today).await, today);
            }
            sqlx::raw_sql("begin").execute(&mut database).await.unwrap();
            let by_sql = sqlx::raw_sql(sqlx::AssertSqlSafe(released.clone()))
                .execute(&mut database)
                .await;
            sqlx::raw_sql("rollback").execute(&mut database).await.unwrap();
            let constraint = by_sql.err().map(|error| {
                error
                    .as_database_error()
                    .unwrap()
                    .constraint()
                    .unwrap()
                    .to_owned()
            });
            assert_eq!(
                constraint.as_deref(),
                (!is_over).then_some("batch_notice_over"),
                "{today:?}"
            );
            if !is_over {
                let status = batch::approve(sandbox, &published).await.unwrap_err();
                assert_eq!(refused(&status).reason, "BATCH_NOTICE_RUNNING", "{today:?}");
            }
        }
        let approved = batch::approve(sandbox, &published).await.unwrap();
        batch::release(sandbox, &approved).await.unwrap();
        close(database).await;
        own.stop().await;
    });
}

#[test]
fn a_guard_that_is_taken_away_lets_the_same_statement_pass() {
    run(async {
        let own = Sandbox::start().await;
        let sandbox = &own;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        batch::submit(sandbox, &computed).await.unwrap();
        let published = batch::publish(sandbox, &computed).await.unwrap();
        let mut database = sandbox.database().await;
        let approve = "update settlement.batch set state = 'approved', approved_by = 'x', approved_at = now(), approved_digest = batch_digest";
        let objection = "insert into settlement.objection
             (city, year, objection_no, measure, beneficiary, beneficiary_name, item, objector_name, objector_kind, is_identity_proven,
              content, state, opened_by, opened_on, opened_at)
             select city, year, 1, measure, beneficiary, '', item, 'x', 'person', true, 'x', 'open', 'x', current_date, now()
             from settlement.line limit 1";
        let unnoticed = "update settlement.notice_line set amount_fen = amount_fen + 1";
        let over = "insert into ledger.business_date values ('4105', 30)";
        let frozen =
            "insert into settlement.freeze (city, freeze_no, clause, first_day, reason, frozen_by, frozen_at)
             select city, 1, clause, date '2020-01-01', 'x', 'x', now() from settlement.line limit 1";
        let legal_person = format!("insert into settlement.freeze (city, freeze_no, institution_code, first_day, reason, frozen_by, frozen_at)
             values ('4105', 2, '{}', date '2020-01-01', 'x', 'x', now())", scene.code);
        let budget = "alter table settlement.batch disable trigger batch_a_steps;
             update settlement.batch set readings = readings || E'R14\\tPRO_RATA\\t\\n';
             alter table settlement.batch enable trigger batch_a_steps;
             insert into settlement.budget values ('4105', YEAR, 'P', 22999999, 0);
             insert into settlement.budget_measure select '4105', YEAR, m, 'P' from unnest(array['loan_subsidy', 'bank_incentive']) m"
            .replace("YEAR", &year.to_string());
        let cases: [(&str, Vec<&str>); 6] = [
            ("batch_notice_over", vec![]),
            ("batch_all_noticed", vec![over, unnoticed]),
            ("batch_objection_open", vec![over, objection]),
            ("batch_frozen", vec![over, frozen]),
            ("batch_frozen", vec![over, &legal_person]),
            ("batch_budget", vec![over, &budget]),
        ];
        for (guard, before) in cases {
            for is_there in [true, false] {
                let drop = format!("drop trigger {guard} on settlement.batch");
                sqlx::raw_sql("begin").execute(&mut database).await.unwrap();
                for sql in before.iter().copied().chain((!is_there).then_some(drop.as_str())) {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
                        .execute(&mut database)
                        .await
                        .unwrap_or_else(|error| panic!("{guard}: {sql}: {error}"));
                }
                let outcome = sqlx::raw_sql(approve).execute(&mut database).await;
                sqlx::raw_sql("rollback").execute(&mut database).await.unwrap();
                let constraint = outcome.err().map(|error| {
                    error
                        .as_database_error()
                        .unwrap()
                        .constraint()
                        .unwrap()
                        .to_owned()
                });
                assert_eq!(
                    constraint.as_deref(),
                    is_there.then_some(guard),
                    "{guard} {is_there}"
                );
            }
        }
        // A notice is neither dated back nor shorter than its period.
        for change in ["published_on - 20, ends_on", "published_on, ends_on - 1"] {
            let sql = format!(
                "insert into settlement.notice
                 select city, year, sequence, 9, published_by, published_at, {change}, batch_digest from settlement.notice"
            )
            .replace(", ends_on", ", working_days, ends_on");
            let error = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut database)
                .await
                .unwrap_err();
            assert_eq!(
                error.as_database_error().unwrap().constraint(),
                Some("notice_period"),
                "{change}"
            );
        }
        assert_eq!(published.state(), pb::BatchState::PublicNotice);
        close(database).await;
        own.stop().await;
    });
}
