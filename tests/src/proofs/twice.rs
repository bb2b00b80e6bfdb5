//! No fact is paid twice: many rounds of new and repeated facts, each settled and released.

use fastrand::Rng;
use sqlx::PgConnection;

use super::{Asked, Figure};
use crate::import::{self, Line};
use crate::records::{self, INSURER};
use crate::sandbox::{Sandbox, close};
use crate::scene::{register_enterprise, register_institution, register_patent};
use crate::{batch, ids, run};
use exchange::File;

/// New facts a round, each a policy on a patent of its own for one day.
const FACTS_A_ROUND: u32 = 50;
const AS_OF: &str = "2026-03-31";

/// The released lines of the year as the checks read them.
const PAID: &str = "create temp table paid as
    select l.* from settlement.line l join settlement.batch b using (city, year, sequence)
    where b.state in ('released', 'paid') and l.measure = 'premium_subsidy'";

/// Facts that were paid more than once or more than they earn (80.00 yuan each), in a table of lines.
async fn paid_twice(database: &mut PgConnection, table: &str) -> u64 {
    let sql = format!(
        "select count(*) from (
             select from {table} group by year, beneficiary, item
             having sum(amount_fen) > 8000 or count(*) filter (where amount_fen > 0) > 1) t"
    );
    number(database, &sql).await
}

async fn number(database: &mut PgConnection, sql: &str) -> u64 {
    let (found,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_one(database)
        .await
        .unwrap();
    u64::try_from(found).unwrap()
}

/// An insurer whose policies cover one patent for one day each.
struct Insurer {
    code: String,
    holder: String,
    patents: Vec<String>,
    year: i32,
}

impl Insurer {
    async fn new(sandbox: &Sandbox, year: i32) -> Self {
        let number = ids::fresh();
        let (code, holder) = (ids::insurer(number), ids::enterprise(number));
        let institution = records::institution(&code, INSURER, &ids::legal_person(number));
        register_institution(sandbox, institution).await;
        register_enterprise(sandbox, records::enterprise(&holder)).await;
        let mut patents = Vec::new();
        for _ in 0..FACTS_A_ROUND {
            let patent = ids::utility_model(ids::fresh());
            register_patent(sandbox, records::patent(&patent, &holder)).await;
            patents.push(patent);
        }
        Self {
            code,
            holder,
            patents,
            year,
        }
    }

    /// The three rows of a fact.
    fn rows(&self, fact: u32) -> [Line; 3] {
        let patent = &self.patents[usize::try_from(fact % FACTS_A_ROUND).unwrap()];
        let day = chrono::NaiveDate::from_yo_opt(self.year, 1 + fact / FACTS_A_ROUND)
            .unwrap()
            .to_string();
        let policy = format!("BD-{fact}");
        let of = [
            ("institution_code", self.code.as_str()),
            ("policy_no", policy.as_str()),
        ];
        let row = |file, cells: &[(&str, &str)]| Line::new(file, &[&of, cells].concat());
        [
            row(
                File::Policies,
                &[
                    ("product", "enforcement"),
                    ("policyholder_uscc", &self.holder),
                    ("cover_from", &day),
                    ("cover_to", &day),
                ],
            ),
            row(
                File::PolicyPatents,
                &[("patent_no", patent), ("premium", "100.00")],
            ),
            row(
                File::PremiumEvents,
                &[
                    ("event_no", "1"),
                    ("kind", "payment"),
                    ("occurred_on", &day),
                    ("amount", "100.00"),
                ],
            ),
        ]
    }
}

async fn rounds(asked: Asked, rounds: u32) -> Vec<Figure> {
    let sandbox = Sandbox::start().await;
    let insurer = Insurer::new(&sandbox, super::FIRST_YEAR).await;
    let client = sandbox.client(&insurer.code);
    let mut rng = Rng::with_seed(asked.seed);
    for round in 0..rounds {
        let first = round * FACTS_A_ROUND;
        let mut rows: Vec<Line> = (first..first + FACTS_A_ROUND)
            .flat_map(|fact| insurer.rows(fact))
            .collect();
        // As many again that were reported and paid before, or stand in this very stream.
        for _ in 0..FACTS_A_ROUND {
            rows.extend(insurer.rows(rng.u32(0..first + FACTS_A_ROUND)));
        }
        rng.shuffle(&mut rows);
        import::insurance(&client, &rows).await;
        batch::settle(&sandbox, insurer.year, AS_OF).await;
    }
    let facts = u64::from(rounds * FACTS_A_ROUND);
    let mut database = sandbox.database().await;
    sqlx::query(PAID).execute(&mut database).await.unwrap();
    let twice = paid_twice(&mut database, "paid").await;
    let whole = "select count(*) from (select from paid group by item having sum(amount_fen) = 8000) t";
    let paid = number(&mut database, whole).await;
    // The twin: one batch of the copy computed from the position before the batch before it.
    let stale = "insert into paid select p.* from paid p where p.sequence = (select max(sequence) from paid)";
    sqlx::query(stale).execute(&mut database).await.unwrap();
    let found = paid_twice(&mut database, "paid").await;
    close(database).await;
    sandbox.stop().await;
    const TWICE: &str = "facts_paid_twice";
    vec![
        Figure::none(TWICE, twice),
        Figure::red_twin("facts_paid_twice, settled from a stale position", found),
        Figure::exactly("facts_paid_in_full", paid, facts),
        Figure::at_least("facts_paid_rounds", u64::from(rounds), u64::from(rounds)),
    ]
}

/// The figures of facts paid twice: 50 new facts and 50 repeated ones a round, 5,000 facts over 100 rounds in all.
#[must_use]
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(rounds(asked, u32::try_from(asked.of(3, 20, 100, 300)).unwrap()))
}
