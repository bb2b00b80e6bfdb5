//! What is planted, and how it is taken away again.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use platform::identity::{Authority, Identity, Purpose};
use zhirong::safety::Hazard;

use crate::certificates::{Maker, Valid};
use crate::earnest::{AUTHORITY, Earnest};

/// Variables that a plant in files needs beside them.
type Variables = Vec<(&'static str, String)>;

/// How something is planted.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// Variables on top of the good ones; an empty one is taken away.
    Environment(&'static [(&'static str, &'static str)]),
    /// A data folder of its own is spoilt.
    Files(fn(&Earnest, &Path) -> Variables),
    /// Statements of the superuser.
    Database {
        plant: &'static [&'static str],
        undo: &'static [&'static str],
    },
}

/// One unsafe thing.
pub(super) struct Plant {
    /// The name it must be refused by.
    pub(super) hazard: Hazard,
    /// What exactly.
    pub(super) what: &'static str,
    /// How.
    pub(super) way: Way,
    /// Whether the program without its checks must start on it.
    pub(super) is_twin: bool,
}

const fn plant(hazard: Hazard, what: &'static str, way: Way) -> Plant {
    Plant {
        hazard,
        what,
        way,
        is_twin: false,
    }
}

const fn twin(hazard: Hazard, what: &'static str, way: Way) -> Plant {
    Plant {
        hazard,
        what,
        way,
        is_twin: true,
    }
}

const fn sql(plant: &'static [&'static str], undo: &'static [&'static str]) -> Way {
    Way::Database { plant, undo }
}

macro_rules! setting {
    ($name:literal, $value:literal) => {
        sql(
            &[
                concat!("alter system set ", $name, " = ", $value),
                "select pg_reload_conf()",
            ],
            &[concat!("alter system reset ", $name), "select pg_reload_conf()"],
        )
    };
}

/// Everything that is planted.
pub(super) const PLANTS: &[Plant] = &[
    plant(
        Hazard::RedTwin,
        "a twin",
        Way::Environment(&[("RED_TWIN", "crash-after-commit")]),
    ),
    plant(
        Hazard::SandboxData,
        "a sandbox's folder",
        Way::Files(|_, data| {
            std::fs::write(data.join("identity/sandbox"), "sandbox\n").unwrap();
            Vec::new()
        }),
    ),
    plant(
        Hazard::DevelopmentAuthority,
        "the authority's key beside",
        Way::Files(|place, data| {
            std::fs::copy(
                place.deploy().join("identity/ca.key"),
                data.join("identity/ca.key"),
            )
            .unwrap();
            Vec::new()
        }),
    ),
    plant(
        Hazard::DevelopmentAuthority,
        "the program's own authority",
        Way::Files(|_, data| {
            let identity = data.join("identity");
            std::fs::remove_dir_all(&identity).unwrap();
            let own = Authority::open(&identity).unwrap();
            own.issue("server", Purpose::Server).unwrap();
            std::fs::remove_file(identity.join("ca.key")).unwrap();
            Vec::new()
        }),
    ),
    plant(
        Hazard::DevelopmentAuthority,
        "no certificates at all",
        Way::Files(|_, data| {
            std::fs::remove_dir_all(data.join("identity")).unwrap();
            Vec::new()
        }),
    ),
    twin(
        Hazard::CertificateInvalid,
        "an expired certificate",
        Way::Files(|place, data| server(place, data, Purpose::Server, Valid::PAST)),
    ),
    plant(
        Hazard::CertificateInvalid,
        "a certificate not yet valid",
        Way::Files(|place, data| server(place, data, Purpose::Server, Valid::FUTURE)),
    ),
    plant(
        Hazard::CertificateInvalid,
        "a caller's certificate",
        Way::Files(|place, data| server(place, data, Purpose::Client, Valid::NOW)),
    ),
    plant(
        Hazard::CertificateInvalid,
        "another authority's certificate",
        Way::Files(|_, data| {
            write(
                data,
                &Maker::new("somebody").issue("server", Purpose::Server, Valid::NOW),
            )
        }),
    ),
    plant(
        Hazard::CertificateInvalid,
        "the key of another certificate",
        Way::Files(|_, data| {
            let identity = data.join("identity");
            std::fs::copy(identity.join("probe.key"), identity.join("server.key")).unwrap();
            Vec::new()
        }),
    ),
    plant(
        Hazard::KeyReadable,
        "a key that everybody reads",
        Way::Files(|_, data| {
            let key = data.join("identity/server.key");
            std::fs::set_permissions(key, Permissions::from_mode(0o644)).unwrap();
            Vec::new()
        }),
    ),
    plant(
        Hazard::SecretDefault,
        "a payee key of zeros",
        Way::Files(|_, data| secret(data, "ZHIRONG_PAYEE_KEY", &format!("k1 {}\n", "0".repeat(64)))),
    ),
    plant(
        Hazard::SecretDefault,
        "a webhook key counted up",
        Way::Files(|_, data| {
            let bytes: String = (0..32_u8).map(|byte| format!("{byte:02x}")).collect();
            secret(data, "ZHIRONG_WEBHOOK_KEY", &format!("k1 {bytes}\n"))
        }),
    ),
    plant(
        Hazard::SecretDefault,
        "an empty signing key",
        Way::Files(|_, data| secret(data, "ZHIRONG_SIGNING_KEY", "")),
    ),
    plant(
        Hazard::SecretDefault,
        "one key for two purposes",
        Way::Files(|place, _| {
            let path = place.deploy().join("secrets/payee.keys");
            vec![("ZHIRONG_WEBHOOK_KEY", path.to_str().unwrap().to_owned())]
        }),
    ),
    twin(
        Hazard::NoSigningKey,
        "no signing key",
        Way::Environment(&[("ZHIRONG_SIGNING_KEY", ""), ("ZHIRONG_ACCEPT", "NO_STANDBY")]),
    ),
    twin(
        Hazard::Reflection,
        "reflection",
        Way::Environment(&[("ZHIRONG_REFLECTION", "true")]),
    ),
    twin(
        Hazard::DebugLog,
        "log level debug",
        Way::Environment(&[("ZHIRONG_LOG_LEVEL", "debug")]),
    ),
    plant(
        Hazard::DebugLog,
        "one target at trace",
        Way::Environment(&[("ZHIRONG_LOG_LEVEL", "info,sqlx=trace")]),
    ),
    plant(
        Hazard::OtlpPlaintext,
        "a collector elsewhere",
        Way::Environment(&[("ZHIRONG_OTLP_ENDPOINT", "http://collector.invalid:4317")]),
    ),
    plant(
        Hazard::EmbeddedDatabase,
        "no database named",
        Way::Environment(&[("ZHIRONG_DATABASE_URL", "")]),
    ),
    plant(
        Hazard::DatabasePlaintext,
        "a database elsewhere without TLS",
        Way::Environment(&[(
            "ZHIRONG_DATABASE_URL",
            "postgres://zhirong_service@192.0.2.1:5432/zhirong",
        )]),
    ),
    plant(
        Hazard::DatabasePlaintext,
        "TLS where the server happens to have it",
        Way::Environment(&[(
            "ZHIRONG_DATABASE_URL",
            "postgres://zhirong_service@192.0.2.1:5432/zhirong?sslmode=prefer",
        )]),
    ),
    plant(
        Hazard::DatabasePassword,
        "a password that is tried first",
        Way::Environment(&[(
            "ZHIRONG_DATABASE_URL",
            "postgres://zhirong_service:postgres@localhost:5432/zhirong",
        )]),
    ),
    twin(
        Hazard::DatabaseSuperuser,
        "a superuser",
        sql(
            &["alter role zhirong_service superuser"],
            &["alter role zhirong_service nosuperuser"],
        ),
    ),
    twin(
        Hazard::DatabaseSuperuser,
        "a role past row-level security",
        sql(
            &["alter role zhirong_service bypassrls"],
            &["alter role zhirong_service nobypassrls"],
        ),
    ),
    twin(
        Hazard::ServiceOwnsTables,
        "a service's own table",
        sql(
            &[
                "create table pledge.own ()",
                "alter table pledge.own owner to zhirong_pledge",
            ],
            &["drop table pledge.own"],
        ),
    ),
    twin(
        Hazard::RowSecurityNotForced,
        "row security not forced",
        sql(
            &["alter table pledge.loan no force row level security"],
            &["alter table pledge.loan force row level security"],
        ),
    ),
    twin(
        Hazard::SchemaChanged,
        "a check dropped",
        sql(
            &["alter table ledger.cut_off drop constraint cut_off_positive"],
            &["alter table ledger.cut_off add constraint cut_off_positive check (current >= 1)"],
        ),
    ),
    twin(
        Hazard::SchemaChanged,
        "a trigger switched off",
        sql(
            &["alter table ledger.audit disable trigger user"],
            &["alter table ledger.audit enable trigger user"],
        ),
    ),
    twin(
        Hazard::SchemaChanged,
        "a function of the audit's hash that hashes something else",
        sql(
            &[
                "create or replace function ledger.audit_part(part bytea) returns bytea \
               language sql immutable parallel safe return '\\x00'::bytea",
            ],
            &[
                "create or replace function ledger.audit_part(part bytea) returns bytea \
               language sql immutable parallel safe \
               return coalesce(int4send(octet_length(part)) || part, '\\xffffffff'::bytea)",
            ],
        ),
    ),
    twin(
        Hazard::SchemaChanged,
        "a right too many",
        sql(
            &["grant update on pledge.loan to zhirong_pledge"],
            &["revoke update on pledge.loan from zhirong_pledge"],
        ),
    ),
    twin(
        Hazard::SchemaDiffers,
        "a migration missing",
        sql(
            &[
                "update _sqlx_migrations set success = false where version = (select max(version) from _sqlx_migrations)",
            ],
            &["update _sqlx_migrations set success = true"],
        ),
    ),
    twin(
        Hazard::IsolationBroken,
        "a policy that lets everybody in",
        sql(
            &["create policy open on ledger.isolation_probe using (true)"],
            &["drop policy open on ledger.isolation_probe"],
        ),
    ),
    twin(Hazard::DatabaseNotDurable, "fsync off", setting!("fsync", "off")),
    twin(
        Hazard::DatabaseNotDurable,
        "full_page_writes off",
        setting!("full_page_writes", "off"),
    ),
    twin(
        Hazard::DatabaseNotDurable,
        "synchronous_commit off",
        setting!("synchronous_commit", "off"),
    ),
    twin(
        Hazard::DatabaseNotDurable,
        "synchronous_commit off for the role",
        sql(
            &["alter role zhirong_service set synchronous_commit = off"],
            &["alter role zhirong_service reset synchronous_commit"],
        ),
    ),
    twin(
        Hazard::NoStandby,
        "no standby",
        Way::Environment(&[("ZHIRONG_ACCEPT", "")]),
    ),
    twin(
        Hazard::DatabaseLogsValues,
        "details in the log",
        setting!("log_error_verbosity", "'default'"),
    ),
    twin(
        Hazard::DatabaseLogsValues,
        "statements with their values",
        sql(
            &[
                "alter system set log_statement = 'mod'",
                "alter system set log_parameter_max_length = -1",
                "select pg_reload_conf()",
            ],
            &["alter system reset all", "select pg_reload_conf()"],
        ),
    ),
    twin(
        Hazard::DatabaseZone,
        "another zone for the role",
        sql(
            &["alter role zhirong_service set timezone = 'America/New_York'"],
            &["alter role zhirong_service reset timezone"],
        ),
    ),
    twin(
        Hazard::DatabaseClock,
        "a clock 26 hours behind",
        sql(
            &[
                "create schema skewed",
                "create function skewed.clock_timestamp() returns timestamptz language sql \
             as 'select pg_catalog.clock_timestamp() - interval ''26 hours'''",
                "grant usage on schema skewed to public",
                "alter role zhirong_service set search_path = skewed, pg_catalog, public",
            ],
            &[
                "alter role zhirong_service reset search_path",
                "drop schema skewed cascade",
            ],
        ),
    ),
];

/// A server certificate by the place's own authority.
fn server(place: &Earnest, data: &Path, purpose: Purpose, when: Valid) -> Variables {
    let authority = Maker::of_folder(&place.deploy().join("identity"), AUTHORITY);
    write(data, &authority.issue("server", purpose, when))
}

fn write(data: &Path, identity: &Identity) -> Variables {
    let dir = data.join("identity");
    std::fs::write(dir.join("server.pem"), &identity.certificate_pem).unwrap();
    std::fs::write(dir.join("server.key"), &identity.key_pem).unwrap();
    Vec::new()
}

fn secret(data: &Path, variable: &'static str, text: &str) -> Variables {
    let path = data.join("planted.key");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    vec![(variable, path.to_str().unwrap().to_owned())]
}
