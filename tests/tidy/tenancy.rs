//! The migrated database keeps tenants apart by itself: row-level security on everybody, keys that begin with the city, services
//! that own nothing and have the rights of a closed list, and no text column that takes what nobody can see.

use std::collections::BTreeMap;

use platform::database::embedded::{self, Cluster};
use platform::database::{Database, Tuning};
use platform::sqlx;
use zhirong_tests::run;
use zhirong_tests::sandbox::watch;

use crate::assert_none;

/// Our schemas, as a condition.
const SCHEMAS: &str =
    "('ledger', 'registry', 'pledge', 'insurance', 'settlement', 'files', 'notify', 'people')";

/// Keys that begin with no city, and why.
const NO_CITY: [&str; 4] = [
    // Before a caller is known there is no city: a public key speaks for one holder in the whole database, a token for one session.
    "registry.credential credential_spki_unique",
    "people.session session_token_unique",
    // Nor while somebody signs in, and a proof belongs to a key.
    "people.sign_in sign_in_key",
    "people.proof proof_key",
];

/// Tables of institutions whose keys name the institution behind the city (design D11).
const OF_INSTITUTIONS: [(&str, &str); 9] = [
    ("pledge.pledge", "institution_code"),
    ("pledge.loan", "institution_code"),
    ("pledge.loan_event", "institution_code"),
    ("insurance.policy", "institution_code"),
    ("insurance.policy_patent", "institution_code"),
    ("insurance.premium_event", "institution_code"),
    ("registry.decision", "institution_code"),
    ("files.column_mapping", "holder"),
    ("ledger.request", "caller"),
];

/// Policies that hold no row back by the city, and why.
const NO_TENANT: [&str; 9] = [
    // The identity role finds a key or a session and nothing else, and notes that a session and a proof were used.
    "registry.credential credential_lookup",
    "people.session session_lookup",
    "people.proof proof_of_any_city",
    // The owner holds the rows while a write goes on, and changes none.
    "registry.credential credential_held",
    "registry.credential credential_locked",
    "people.session session_held",
    "people.session session_locked",
    // Nobody has signed in yet.
    "people.sign_in sign_in_of_nobody_yet",
    // Restrictive, beside the city's: files sees released batches only.
    "settlement.batch batch_released_only",
];

/// What a service may write beside inserts into its own schema: table, right, columns.
const WRITES: [(&str, &str, &str); 23] = [
    ("ledger.cut_off", "UPDATE", "current guard"),
    (
        "ledger.request",
        "UPDATE",
        "answer audit_chain_no audit_hash audit_stream",
    ),
    ("ledger.business_date", "UPDATE", "moved_days"),
    (
        "notify.attempt",
        "UPDATE",
        "duration_ms failure response_excerpt status_code",
    ),
    ("notify.delivery", "UPDATE", "attempts next_try_at state tries"),
    (
        "notify.endpoint",
        "UPDATE",
        "description disabled_at disabled_reason event_types failing_since lease_id leased_until url",
    ),
    ("notify.secret", "UPDATE", "valid_until"),
    ("registry.credential", "UPDATE", "revoked_at revoked_by"),
    ("people.session", "UPDATE", "revoked_at revoked_by"),
    // Taken once.
    ("people.sign_in", "DELETE", ""),
    (
        "settlement.batch",
        "UPDATE",
        "approved_at approved_by approved_digest batch_digest cancel_reason cancelled_at cancelled_by computed_at conditions \
         decided_cut_off line_count line_sum_fen paid_at published_at published_by published_digest receipt released_at released_by \
         return_reason returned_at returned_by state submitted_at submitted_by submitted_digest",
    ),
    ("settlement.budget", "UPDATE", "appropriation_fen committed_fen"),
    ("settlement.calendar_day", "UPDATE", "is_working name source"),
    (
        "settlement.freeze",
        "UPDATE",
        "lift_reason lifted_at lifted_by lifted_on",
    ),
    (
        "settlement.objection",
        "UPDATE",
        "decided_at decided_by decided_on decision_reason state",
    ),
    ("settlement.payment", "UPDATE", "attempt hold_reason state"),
    (
        "settlement.recovery",
        "UPDATE",
        "agreement_no closed_on offset_fen repaid_fen state",
    ),
    ("settlement.recovery_order", "UPDATE", "approved_at approved_by"),
    ("settlement.settled", "UPDATE", "last_sequence settled_fen"),
    ("settlement.voucher", "UPDATE", "budget_revision voucher_on wave"),
    // What is computed again replaces what was computed before.
    ("settlement.finding", "DELETE", ""),
    ("settlement.line", "DELETE", ""),
    ("settlement.position_before", "DELETE", ""),
];

/// As [`WRITES`]: the measures of a budget are set anew.
const WRITES_MORE: (&str, &str, &str) = ("settlement.budget_measure", "DELETE", "");

/// What the identity role may do beside looking credentials up: note that a session and a proof were used.
const IDENTITY: [(&str, &str, &str); 5] = [
    ("people.session", "SELECT", ""),
    ("people.session", "UPDATE", "last_used_at"),
    ("people.proof", "SELECT", ""),
    ("people.proof", "INSERT", ""),
    // Old proofs are forgotten.
    ("people.proof", "DELETE", ""),
];

/// Tables of the ledger that every service inserts into, for the requests that it answers.
const LEDGER: [&str; 3] = ["ledger.audit", "ledger.request", "ledger.cut_off"];

/// Text columns without a check of their own, and why.
const UNCHECKED: [(&str, &str); 12] = [
    // Lines, findings and positions copy what checked tables hold.
    ("settlement.line", ""),
    ("settlement.finding", ""),
    ("settlement.position_before", ""),
    ("settlement.settled", ""),
    ("settlement.notice_line", ""),
    // Documents of several lines: a policy file, what is sent, what came back.
    ("settlement.batch", "policy_text"),
    ("notify.delivery", "payload"),
    ("notify.attempt", "response_excerpt"),
    // Planted by the migration: nobody may write there.
    ("ledger.isolation_probe", "institution"),
    // Compared and never shown.
    ("people.proof", "proof_id"),
    // Made and read by the program alone.
    (
        "people.sign_in",
        "nonce verifier return_path wanted_role bound_kind",
    ),
    ("settlement.batch", "audit_heads conditions"),
];

/// What the database says of itself.
#[derive(Debug, Clone, Default)]
struct Described {
    /// Table, whether row-level security is on and forced.
    tables: Vec<(String, bool, bool, String)>,
    /// Table, name, definition.
    policies: Vec<(String, String, String)>,
    /// Table, name, columns in order.
    keys: Vec<(String, String, Vec<String>)>,
    /// Role, whether it is a superuser, passes security by, makes roles, databases; how much it owns, and schemas that it may create in.
    roles: Vec<(String, bool, i64, i64)>,
    /// Role, table, right, column where it is a column's.
    rights: Vec<(String, String, String, String)>,
    /// Table, text column.
    texts: Vec<(String, String)>,
    /// Table, the texts of its checks.
    checks: BTreeMap<String, String>,
}

async fn described() -> Described {
    let dir = embedded::temporary_dir("zhirong-tidy").unwrap();
    let _watchdog = watch(&dir);
    let programs = embedded::find(None, &dir).unwrap();
    let cluster = Cluster::start(&dir, &programs).await.unwrap();
    let database = Database::connect(cluster.options(), &Tuning::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    let described = read(&database).await;
    database.close().await;
    cluster.stop().await.unwrap();
    described
}

async fn read(database: &Database) -> Described {
    let all = |sql: &str| sqlx::AssertSqlSafe(sql.replace("SCHEMAS", SCHEMAS));
    let pool = database.pool();
    let tables = "select n.nspname || '.' || c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner)::text
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname in SCHEMAS order by 1";
    let policies = "select schemaname || '.' || tablename, policyname::text, coalesce(qual, '') || ' ' || coalesce(with_check, '')
        from pg_policies where schemaname in SCHEMAS";
    let keys = "select n.nspname || '.' || c.relname, k.relname::text,
            array(select coalesce(a.attname, '')::text from unnest(i.indkey::smallint[]) with ordinality as u (n, place)
                left join pg_attribute a on a.attrelid = c.oid and a.attnum = u.n order by u.place)
        from pg_index i join pg_class c on c.oid = i.indrelid join pg_class k on k.oid = i.indexrelid
        join pg_namespace n on n.oid = c.relnamespace
        where i.indisunique and n.nspname in SCHEMAS
        union all
        select n.nspname || '.' || c.relname, f.conname::text,
            array(select a.attname::text from unnest(f.conkey) with ordinality as u (n, place)
                join pg_attribute a on a.attrelid = c.oid and a.attnum = u.n order by u.place)
        from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_namespace n on n.oid = c.relnamespace
        where f.contype = 'f' and n.nspname in SCHEMAS";
    let roles = "select r.rolname::text, r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb,
            (select count(*) from pg_class c where c.relowner = r.oid),
            (select count(*) from pg_namespace n where n.nspname in SCHEMAS and has_schema_privilege(r.oid, n.oid, 'create'))
        from pg_roles r where r.rolname like 'zhirong\\_%'";
    let rights = "select grantee::text, table_schema || '.' || table_name, privilege_type::text, ''
        from information_schema.role_table_grants where grantee like 'zhirong\\_%' or grantee = 'PUBLIC' and table_schema in SCHEMAS
        union all
        select p.grantee::text, p.table_schema || '.' || p.table_name, p.privilege_type::text, p.column_name::text
        from information_schema.column_privileges p
        where p.grantee like 'zhirong\\_%' and p.privilege_type <> 'SELECT' and not exists (
            select from information_schema.role_table_grants g where g.grantee = p.grantee and g.table_schema = p.table_schema
                and g.table_name = p.table_name and g.privilege_type = p.privilege_type)";
    let texts = "select c.table_schema || '.' || c.table_name, c.column_name::text from information_schema.columns c
        join information_schema.tables t using (table_schema, table_name)
        where t.table_type = 'BASE TABLE' and c.table_schema in SCHEMAS and c.udt_name in ('text', '_text', 'varchar', 'bpchar')";
    let checks = "select n.nspname || '.' || c.relname, string_agg(pg_get_constraintdef(k.oid), ' ')
        from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
        where k.contype = 'c' and k.convalidated and n.nspname in SCHEMAS group by 1";
    let checks: Vec<(String, String)> = sqlx::query_as(all(checks)).fetch_all(pool).await.unwrap();
    Described {
        tables: sqlx::query_as(all(tables)).fetch_all(pool).await.unwrap(),
        policies: sqlx::query_as(all(policies)).fetch_all(pool).await.unwrap(),
        keys: sqlx::query_as(all(keys)).fetch_all(pool).await.unwrap(),
        roles: sqlx::query_as(all(roles)).fetch_all(pool).await.unwrap(),
        rights: sqlx::query_as(all(rights)).fetch_all(pool).await.unwrap(),
        texts: sqlx::query_as(all(texts)).fetch_all(pool).await.unwrap(),
        checks: checks.into_iter().collect(),
    }
}

/// Tables and policies that let a row through to another city, or when nobody said which city it is.
fn open(described: &Described) -> Vec<String> {
    let mut wrong = Vec::new();
    for (table, is_on, is_forced, owner) in &described.tables {
        if !is_on || !is_forced {
            wrong.push(format!("{table} does not force row-level security"));
        }
        if owner.starts_with("zhirong_") {
            wrong.push(format!("{table} belongs to the service role {owner}"));
        }
        if !described.policies.iter().any(|(of, ..)| of == table) {
            wrong.push(format!("{table} has no policy"));
        }
    }
    for (table, name, condition) in &described.policies {
        if condition.contains(", true)") {
            wrong.push(format!("{table} {name}: a setting that is not set is no error"));
        }
        let is_held =
            condition.contains("current_setting('zhirong.city'::text)") || condition.contains("outbox");
        let is_outbox = name.ends_with("_outbox");
        if !is_held && !is_outbox && !NO_TENANT.contains(&format!("{table} {name}").as_str()) {
            wrong.push(format!("{table} {name} does not ask for the city: {condition}"));
        }
    }
    wrong
}

/// Keys that would tell one tenant of another's row, or take a child under it.
fn narrow(described: &Described) -> Vec<String> {
    let mut wrong = Vec::new();
    for (table, name, columns) in &described.keys {
        let is_known = NO_CITY.contains(&format!("{table} {name}").as_str());
        if columns.first().map(String::as_str) != Some("city") && !is_known {
            wrong.push(format!(
                "{table} {name} does not begin with the city: {columns:?}"
            ));
        }
        let of = OF_INSTITUTIONS.iter().find(|(of, _)| of == table);
        if let Some((_, institution)) = of
            && columns.get(1).map(String::as_str) != Some(institution)
        {
            wrong.push(format!(
                "{table} {name} does not name the {institution} second: {columns:?}"
            ));
        }
        // Whatever belongs to a webhook's owner refers to what is the same owner's.
        if table.starts_with("notify.")
            && name.contains("_of_")
            && columns.get(2).map(String::as_str) != Some("owner")
        {
            wrong.push(format!("{table} {name} does not name the owner: {columns:?}"));
        }
    }
    wrong
}

/// Roles and rights beyond the closed lists.
fn too_strong(described: &Described) -> Vec<String> {
    let mut wrong = Vec::new();
    for (role, is_strong, owned, schemas) in &described.roles {
        if *is_strong || *owned > 0 || *schemas > 0 {
            wrong.push(format!(
                "{role} is no plain role: owns {owned}, creates in {schemas} schemas, strong {is_strong}"
            ));
        }
    }
    for (role, table, right, column) in &described.rights {
        if !may(role, table, right, column) {
            wrong.push(format!("{role} has {right} on {table} {column}"));
        }
    }
    wrong
}

fn may(role: &str, table: &str, right: &str, column: &str) -> bool {
    let own = role.strip_prefix("zhirong_").unwrap_or_default();
    let schema = table.split('.').next().unwrap_or_default();
    if own == "identity" && IDENTITY.contains(&(table, right, column)) {
        return true;
    }
    let is_own = schema == own || (own == "sandbox" && table == "ledger.business_date");
    match right {
        "SELECT" if own == "identity" => table == "registry.credential",
        // Facts and registry are the contract between the services, by views that act under the reader's own policies.
        "SELECT" => {
            is_own
                || matches!(
                    schema,
                    "published" | "ledger" | "registry" | "pledge" | "insurance"
                ) && table != "registry.credential"
                || own == "files" && matches!(table, "settlement.batch" | "settlement.line")
        }
        "INSERT" => is_own || LEDGER.contains(&table) && !matches!(own, "identity" | "sandbox"),
        _ => {
            let is_listed = |(of, listed, columns): &(&str, &str, &str)| {
                *of == table
                    && *listed == right
                    && (column.is_empty() || columns.split_whitespace().any(|it| it == column))
            };
            (is_own || schema == "ledger") && (WRITES.iter().any(is_listed) || is_listed(&WRITES_MORE))
        }
    }
}

/// Text columns that take anything.
fn unchecked(described: &Described) -> Vec<String> {
    let mut wrong = Vec::new();
    for (table, column) in &described.texts {
        let checks = described.checks.get(table).map_or("", String::as_str);
        let is_listed = |(of, columns): &(&str, &str)| {
            *of == table && (columns.is_empty() || columns.split_whitespace().any(|it| it == column))
        };
        // Made by the program from ids in hexadecimal digits, and what every policy compares with the city of a checked credential.
        let is_own = matches!(column.as_str(), "traceparent" | "city");
        let is_known = is_own || UNCHECKED.iter().any(is_listed) || has_check(checks, column);
        if !is_known {
            wrong.push(format!("{table}.{column} takes any text"));
        }
    }
    wrong
}

/// Whether checks hold a column to a closed list, a form, or plain text of a length.
fn has_check(checks: &str, column: &str) -> bool {
    let has = |text: String| checks.contains(&text);
    let is_plain = checks.contains("is_plain(concat_ws(")
        && (has(format!(" {column},")) || has(format!(" {column}))")))
        || has(format!("array_to_string({column},"))
        || has(format!("translate({column},"));
    is_plain || has(format!("({column} = ANY")) || has(format!("({column} ~ '^"))
}

#[test]
fn tenants_are_kept_apart_by_the_database_itself() {
    let described = run(described());
    assert!(described.tables.len() > 40 && described.keys.len() > 50 && described.rights.len() > 100);
    let mut wrong = open(&described);
    wrong.extend(narrow(&described));
    wrong.extend(too_strong(&described));
    wrong.extend(unchecked(&described));
    assert_none(&wrong);
}

fn sample() -> Described {
    let text = str::to_owned;
    Described {
        tables: vec![(text("pledge.loan"), true, true, text("zhirong"))],
        policies: vec![(
            text("pledge.loan"),
            text("loan_tenant"),
            text("(city = current_setting('zhirong.city'::text))"),
        )],
        keys: vec![(
            text("pledge.loan"),
            text("loan_key"),
            vec![text("city"), text("institution_code")],
        )],
        roles: vec![(text("zhirong_pledge"), false, 0, 0)],
        rights: vec![(
            text("zhirong_pledge"),
            text("pledge.loan"),
            text("INSERT"),
            String::new(),
        )],
        texts: vec![(text("pledge.loan"), text("contract_no"))],
        checks: [(
            text("pledge.loan"),
            text("CHECK (ledger.is_plain(concat_ws(' '::text, contract_no)))"),
        )]
        .into(),
    }
}

#[test]
fn a_database_that_lets_tenants_through_is_caught() {
    let all = |described: &Described| {
        let checks = [open, narrow, too_strong, unchecked];
        checks.iter().map(|check| check(described).len()).sum::<usize>()
    };
    assert_eq!(all(&sample()), 0, "{:?}", unchecked(&sample()));
    let breaks: [fn(&mut Described); 12] = [
        |it| it.tables[0].1 = false,
        |it| it.tables[0].2 = false,
        |it| it.tables[0].3 = "zhirong_pledge".to_owned(),
        |it| it.policies[0].2 = "true".to_owned(),
        |it| {
            it.policies[0].2 = "city = current_setting('zhirong.city'::text, true) or current_setting('zhirong.city'::text) = city".to_owned()
        },
        |it| it.keys[0].2.swap(0, 1),
        |it| it.keys[0].2[1] = "contract_no".to_owned(),
        |it| it.roles[0].1 = true,
        |it| it.roles[0].3 = 1,
        |it| it.rights[0].2 = "DELETE".to_owned(),
        |it| it.rights[0].1 = "insurance.policy".to_owned(),
        |it| it.checks.clear(),
    ];
    for (place, broken) in breaks.iter().enumerate() {
        let mut described = sample();
        broken(&mut described);
        assert!(all(&described) >= 1, "break {place}");
    }
}
