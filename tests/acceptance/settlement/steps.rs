//! Every order of verbs and identities, by the API and by SQL: nothing is released without two other people's agreement to its digest.

use api::settlement::v1 as pb;
use sqlx::PgConnection;
use tonic::Status;
use zhirong_tests::answer::{assert_refused, refused};
use zhirong_tests::sandbox::{Sandbox, close, shared};
use zhirong_tests::scene::Lending;
use zhirong_tests::{batch, ids, run};

const WHO: [&str; 5] = [
    "finance-maker",
    "finance-checker",
    "finance-releaser",
    "bureau",
    "auditor",
];

/// A verb that anybody may try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Compute,
    ComputeChanged,
    Submit,
    Publish,
    Wait,
    Approve,
    Release,
    Return,
    OtherDigest,
}

const VERBS: [Verb; 9] = [
    Verb::Compute,
    Verb::ComputeChanged,
    Verb::Submit,
    Verb::Publish,
    Verb::Wait,
    Verb::Approve,
    Verb::Release,
    Verb::Return,
    Verb::OtherDigest,
];

/// What should be true of the batch, kept apart from the product.
#[derive(Debug, Clone, Default)]
struct Model {
    state: &'static str,
    digest: String,
    agreed: Vec<(&'static str, &'static str)>,
}

struct Play<'a> {
    sandbox: &'a Sandbox,
    scene: Lending,
    year: i32,
    name: String,
}

impl Play<'_> {
    /// Takes a step as somebody; answers the batch afterwards, or the reason of the refusal.
    async fn take(&self, verb: Verb, who: &str, digest: &str) -> Result<pb::Batch, Status> {
        let (mut service, name) = (self.sandbox.client(who).settlement(), self.name.clone());
        let (request_id, batch_digest) = (ids::request_id(), digest.to_owned());
        let answer = match verb {
            Verb::Compute | Verb::ComputeChanged => {
                let request = pb::ComputeBatchRequest { request_id, name };
                service.compute_batch(request).await?.into_inner().batch
            }
            Verb::Submit => {
                let request = pb::SubmitBatchRequest {
                    request_id,
                    name,
                    batch_digest,
                };
                service.submit_batch(request).await?.into_inner().batch
            }
            Verb::Publish => {
                let request = pb::PublishNoticeRequest {
                    request_id,
                    name,
                    batch_digest,
                };
                service.publish_notice(request).await?.into_inner().batch
            }
            Verb::Approve => {
                let request = pb::ApproveBatchRequest {
                    request_id,
                    name,
                    batch_digest,
                };
                service.approve_batch(request).await?.into_inner().batch
            }
            Verb::Release | Verb::OtherDigest => {
                let request = pb::ReleaseBatchRequest {
                    request_id,
                    name,
                    batch_digest,
                };
                service.release_batch(request).await?.into_inner().batch
            }
            Verb::Return => {
                let request = pb::ReturnBatchRequest {
                    request_id,
                    name,
                    reason: "再核".to_owned(),
                };
                service.return_batch(request).await?.into_inner().batch
            }
            Verb::Wait => {
                let request = pb::GetBatchRequest { name };
                let stands = service.get_batch(request).await?.into_inner().batch.unwrap();
                if let Some(last) = &stands.notice_ends_on {
                    batch::advance_to(self.sandbox, batch::naive(last).succ_opt().unwrap()).await;
                }
                Some(stands)
            }
        };
        Ok(answer.unwrap())
    }

    /// Freezes the lender in a far future, so that the conditions, and so the digest, change without a line changing.
    async fn change_conditions(&self) {
        let request = pb::FreezePaymentsRequest {
            request_id: ids::request_id(),
            what: Some(pb::freeze_payments_request::What::InstitutionCode(
                self.scene.code.clone(),
            )),
            first_day: zhirong_tests::records::day("2199-01-01"),
            last_day: None,
            reason: "测试".to_owned(),
        };
        let mut review = self.sandbox.client("bureau").review();
        review.freeze_payments(request).await.unwrap();
    }
}

fn may(verb: Verb, who: &str) -> bool {
    match verb {
        Verb::Compute | Verb::ComputeChanged | Verb::Submit => who == "finance-maker",
        Verb::Publish => who == "bureau",
        Verb::Approve => who == "finance-checker",
        Verb::Release | Verb::OtherDigest => who == "finance-releaser",
        Verb::Return => ["finance-checker", "finance-releaser", "bureau"].contains(&who),
        Verb::Wait => true,
    }
}

fn state_of(batch: &pb::Batch) -> &'static str {
    match batch.state() {
        pb::BatchState::Draft => "draft",
        pb::BatchState::InReview => "in_review",
        pb::BatchState::PublicNotice => "public_notice",
        pb::BatchState::Approved => "approved",
        pb::BatchState::Released => "released",
        _ => "other",
    }
}

impl Model {
    /// The state after a verb that is accepted; none where it must be refused.
    fn expected(&self, verb: Verb, who: &str, is_over: bool) -> Option<&'static str> {
        if !may(verb, who) {
            return None;
        }
        Some(match (verb, self.state) {
            (Verb::Wait, state) => state,
            (Verb::Compute | Verb::ComputeChanged, "draft" | "in_review" | "public_notice") => {
                return Some(if verb == Verb::Compute {
                    self.state
                } else {
                    "draft"
                });
            }
            (Verb::Submit, "draft") if !self.digest.is_empty() => "in_review",
            (Verb::Publish, "in_review") => "public_notice",
            (Verb::Approve, "public_notice") if is_over => "approved",
            (Verb::Release, "approved") => "released",
            (Verb::Return, "in_review" | "public_notice" | "approved") => "draft",
            _ => return None,
        })
    }

    fn take(&mut self, verb: Verb, who: &'static str, batch: &pb::Batch) {
        let digest = batch::digest(batch);
        if digest != self.digest || verb == Verb::Return {
            self.agreed.clear();
        }
        self.digest = digest;
        self.state = state_of(batch);
        match verb {
            Verb::Submit => self.agreed.push(("submitted", who)),
            Verb::Approve => self.agreed.push(("approved", who)),
            _ => {}
        }
    }
}

/// One random order of verbs and identities of a batch of its own; answers how many steps were accepted and whether it was released.
async fn play(sandbox: &Sandbox, rng: &mut fastrand::Rng, steps: usize) -> (usize, bool) {
    let scene = Lending::new(sandbox).await;
    let year = ids::year();
    scene.lend(year, "8000000.00").await;
    let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
    let play = Play {
        sandbox,
        scene,
        year,
        name: draft.name.clone(),
    };
    let mut model = Model {
        state: "draft",
        ..Model::default()
    };
    let (mut accepted, mut is_over) = (0, false);
    for step in 0..steps {
        // Half of the steps are the next one by whoever may take it, so that many a batch comes far.
        let (verb, who) = if rng.bool() {
            let verb = match model.state {
                "draft" if model.digest.is_empty() => Verb::Compute,
                "draft" => Verb::Submit,
                "in_review" => Verb::Publish,
                "public_notice" if !is_over => Verb::Wait,
                "public_notice" => Verb::Approve,
                _ => Verb::Release,
            };
            (
                verb,
                *rng.choice(WHO.iter().filter(|who| may(verb, who)).collect::<Vec<_>>())
                    .unwrap(),
            )
        } else {
            (VERBS[rng.usize(..VERBS.len())], WHO[rng.usize(..WHO.len())])
        };
        if verb == Verb::ComputeChanged && who == "finance-maker" {
            play.change_conditions().await;
        }
        let digest = match verb {
            Verb::OtherDigest => "00".repeat(32),
            _ if model.digest.is_empty() => "00".repeat(32),
            _ => model.digest.clone(),
        };
        let expected = model.expected(verb, who, is_over);
        let told = format!(
            "year {} step {step}: {who} {verb:?} in {}",
            play.year, model.state
        );
        match (play.take(verb, who, &digest).await, expected) {
            (Ok(batch), Some(state)) => {
                // A computation may find conditions that changed while the batch was approved.
                let is_computed = matches!(verb, Verb::Compute | Verb::ComputeChanged);
                assert!(
                    state_of(&batch) == state || (is_computed && state_of(&batch) == "draft"),
                    "{told}"
                );
                is_over |= verb == Verb::Wait && batch.notice_ends_on.is_some();
                model.take(verb, who, &batch);
                accepted += 1;
            }
            (Err(_), None) => {}
            (Ok(batch), None) => panic!("{told} was accepted: {batch:?}"),
            (Err(status), Some(_)) => panic!("{told} was refused: {}", refused(&status).reason),
        }
        if model.state == "released" {
            assert_eq!(
                model.agreed,
                [("submitted", "finance-maker"), ("approved", "finance-checker")],
                "{told}"
            );
            return (accepted, true);
        }
    }
    (accepted, false)
}

#[test]
fn nothing_is_released_without_submission_and_approval_of_the_same_digest_by_two_other_people() {
    let seed = 20_260_201;
    println!("seed {seed}");
    run(async {
        // A city of its own: other tests would move the date while a notice must run.
        let sandbox = Sandbox::start().await;
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut accepted, mut released) = (0, 0);
        for _ in 0..30 {
            let (steps, is_released) = play(&sandbox, &mut rng, 24).await;
            accepted += steps;
            released += usize::from(is_released);
        }
        sandbox.stop().await;
        println!("{accepted} steps accepted, {released} batches released");
        assert!(accepted > 100 && released > 3, "{accepted} {released}");
    });
}

/// Runs SQL as the service's own role, in a transaction that is rolled back; answers the constraint that refused it.
async fn try_sql(database: &mut PgConnection, before: &str, sql: &str) -> Option<String> {
    let city =
        "select set_config('zhirong.city', '4105', true), set_config('zhirong.institution', '*', true)";
    for statement in ["begin", before, "set local role zhirong_settlement", city] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut *database)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let outcome = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut *database)
        .await;
    sqlx::raw_sql("rollback").execute(&mut *database).await.unwrap();
    let error = outcome.err()?;
    let error = error.as_database_error().unwrap();
    Some(error.constraint().unwrap_or(error.message()).to_owned())
}

#[test]
fn sql_of_the_service_s_own_role_neither_skips_a_step_nor_changes_who_took_it() {
    run(async {
        // A database of its own: its constraints and triggers are taken away for the red twins.
        let own = Sandbox::start().await;
        let sandbox = &own;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let mut database = sandbox.database().await;
        let of = format!("where city = '4105' and year = {year}");
        let digest = batch::digest(&computed);
        let agree = |state: &str, step: &str, who: &str| {
            format!(
                "update settlement.batch set state = '{state}', {step}_by = '{who}', {step}_at = now(), {step}_digest = batch_digest {of}"
            )
        };
        let release = format!(
            "update settlement.batch set state = 'released', released_by = 'finance-releaser', released_at = now() {of}"
        );
        let no_steps = "alter table settlement.batch disable trigger batch_a_steps";
        // From a draft: no step is skipped; without the trigger the order of the names still stands.
        for sql in [
            &release,
            &agree("approved", "approved", "x"),
            &agree("public_notice", "published", "x"),
        ] {
            assert_eq!(
                try_sql(&mut database, "select", sql).await.as_deref(),
                Some("batch_steps"),
                "{sql}"
            );
            assert_eq!(
                try_sql(&mut database, no_steps, sql).await.as_deref(),
                Some("batch_steps_in_order"),
                "{sql}"
            );
        }
        let other = format!(
            "update settlement.batch set state = 'in_review', submitted_by = 'x', submitted_at = now(), submitted_digest = '{}' {of}",
            "00".repeat(32)
        );
        assert_eq!(
            try_sql(&mut database, "select", &other).await.as_deref(),
            Some("batch_submitted_as_is")
        );
        let as_is = "alter table settlement.batch drop constraint batch_submitted_as_is";
        assert_eq!(
            try_sql(&mut database, as_is, &other).await,
            None,
            "the twin without the constraint"
        );
        let approved = batch::approved(sandbox, &computed).await;
        assert_eq!(batch::digest(&approved), digest);
        for sql in [
            format!("update settlement.batch set approved_by = 'x' {of}"),
            format!(
                "update settlement.batch set batch_digest = '{}' {of}",
                "00".repeat(32)
            ),
            format!(
                "update settlement.batch set state = 'released', released_by = 'finance-releaser', released_at = now(), approved_by = 'x' {of}"
            ),
        ] {
            assert_eq!(
                try_sql(&mut database, "select", &sql).await.as_deref(),
                Some("batch_steps"),
                "{sql}"
            );
        }
        let changed = format!("update settlement.batch set approved_by = 'x' {of}");
        assert_eq!(
            try_sql(&mut database, no_steps, &changed).await,
            None,
            "the twin without the trigger"
        );
        let same = release.replace("finance-releaser", "finance-checker");
        assert_eq!(
            try_sql(&mut database, "select", &same).await.as_deref(),
            Some("batch_three_people")
        );
        let people = "alter table settlement.batch drop constraint batch_three_people";
        assert_eq!(
            try_sql(&mut database, people, &same).await,
            None,
            "the twin without the constraint"
        );
        // Approvals are only ever added.
        for sql in [
            "delete from settlement.approval",
            "update settlement.approval set person = 'x'",
        ] {
            let refused = try_sql(&mut database, "select", sql).await.unwrap();
            assert!(refused.contains("permission denied"), "{refused}");
        }
        close(database).await;
        own.stop().await;
    });
}

#[test]
fn a_batch_that_changes_goes_back_to_its_maker_and_its_submission_is_void() {
    run(async {
        let sandbox = shared().await;
        let (scene, year) = (Lending::new(sandbox).await, ids::year());
        scene.lend(year, "8000000.00").await;
        let draft = batch::open(sandbox, batch::opening(year, "2026-03-31")).await;
        let computed = batch::compute(sandbox, &draft.name).await;
        let published = batch::notice_over(sandbox, &computed).await;
        // Computing again changes nothing, and the batch stays on notice.
        let same = batch::compute(sandbox, &draft.name).await;
        assert_eq!(
            (same.state(), &same.digests),
            (pb::BatchState::PublicNotice, &computed.digests)
        );
        let mut review = sandbox.client("bureau").review();
        let request = pb::OpenObjectionRequest {
            request_id: ids::request_id(),
            line: format!("{}/lines/1", draft.name),
            objector_name: "安阳某公司".to_owned(),
            objector_kind: pb::ObjectorKind::Unit.into(),
            is_identity_proven: true,
            content: "金额有误".to_owned(),
        };
        review.open_objection(request).await.unwrap();
        let changed = batch::compute(sandbox, &draft.name).await;
        assert_ne!(
            changed.digests, computed.digests,
            "the objection is part of the receipt"
        );
        assert_eq!(changed.state(), pb::BatchState::Draft);
        assert!(changed.submitted_by.is_empty() && changed.published_by.is_empty());
        assert_eq!(changed.approvals.last().unwrap().step, "voided");
        assert!(changed.conditions.contains("金额有误"));
        let stale = pb::ApproveBatchRequest {
            request_id: ids::request_id(),
            name: published.name.clone(),
            batch_digest: batch::digest(&published),
        };
        let mut checker = sandbox.client("finance-checker").settlement();
        let refused = checker.approve_batch(stale).await;
        assert_refused(refused, tonic::Code::FailedPrecondition, "BATCH_WRONG_STATE");
    });
}
