//! The bureau's registry: institutions with their legal persons, enterprises, patents and who owns them, awards,
//! exclusions, other levels' money, reviewers' decisions; and which key speaks for whom.

mod rpc;
mod store;

use std::sync::Arc;

use api::registry::v1::registry_service_server::RegistryServiceServer;
use api::verbs::{WriteAnswer, WriteRequest};
use exchange::{File, Row};
use ledger::command::Call;
use ledger::import::Hook;
use ledger::report::{Entry, apply};
use ledger::store::{audit, cut_off};
use ledger::{Caller, Credential, Error, Ledger, Stamp};
use platform::identity::{Authority, Purpose};
use platform::serve::max_message_bytes;
use policy::ident::City;
use sqlx::PgConnection;

/// The database role of this service.
pub const DATABASE_ROLE: &str = "zhirong_registry";

/// The health name of this service.
pub const HEALTH: &[&str] = &["zhirong.registry.v1.RegistryService"];

/// Names of certificates that are never an institution's, whatever its code.
pub const OFFICES: [&str; 8] = [
    "ca",
    "server",
    "bureau",
    "finance",
    "finance-maker",
    "finance-checker",
    "finance-releaser",
    "auditor",
];

/// The registry service.
#[derive(Clone)]
pub struct Registry {
    ledger: Ledger,
    /// In a sandbox, what makes a certificate for every institution that is registered.
    issuer: Option<Arc<Authority>>,
}

/// Adds the service's routes. With an `issuer` (a sandbox) a registered institution gets its certificate at once.
pub fn routes(builder: &mut tonic::service::RoutesBuilder, ledger: Ledger, issuer: Option<Arc<Authority>>) {
    let service = Registry { ledger, issuer };
    builder.add_service(RegistryServiceServer::new(service).max_decoding_message_size(max_message_bytes()));
}

/// What else must happen where another service's call stores rows of the registry: the same as in `ImportRegistry`.
#[must_use]
pub fn import_hook(ledger: Ledger, issuer: Option<Arc<Authority>>) -> Hook {
    let service = Registry { ledger, issuer };
    service.hook()
}

/// Makes a key speak for a holder, unless it does already; how a sandbox and an operator set up the first callers.
///
/// # Errors
/// Database errors, or a key that speaks for somebody else.
pub async fn enroll(
    database: &platform::database::Database,
    caller: &Caller,
    spki_digest: [u8; 32],
    created_by: &str,
) -> Result<(), Error> {
    let scope = platform::database::Scope::new(DATABASE_ROLE, caller.city.as_str(), "*");
    let (caller, created_by) = (caller.clone(), created_by.to_owned());
    database
        .run_keyed("registry.enroll", &scope, move |tx| {
            let (caller, created_by) = (caller.clone(), created_by.clone());
            Box::pin(async move {
                if rpc::ensure_credential(tx, &caller, spki_digest, &created_by).await? {
                    record_enrolment(tx, &caller, spki_digest, &created_by).await?;
                }
                Ok(())
            })
        })
        .await
}

/// The audit row of an enrolment. The operator has no certificate, so the row stands in the chain of whoever was enrolled.
async fn record_enrolment(
    tx: &mut PgConnection,
    caller: &Caller,
    spki_digest: [u8; 32],
    created_by: &str,
) -> Result<(), Error> {
    let stamp = Stamp {
        city: caller.city.clone(),
        cut_off: cut_off::current(tx, caller.city.as_str()).await?,
        recorded_at: platform::clock::Clock::System.now(),
        reported_by: created_by.to_owned(),
        on_behalf: false,
        request_id: platform::ids::new_v7(),
        body_digest: exchange::digest::sha256(&spki_digest),
        traceparent: None,
    };
    let key = exchange::digest::hex(&spki_digest);
    let object = format!("credentials/{key} of {} {}", caller.role.as_str(), caller.holder);
    let action = audit::Action {
        actor: audit::Actor {
            stream: caller.stream(),
            holder: created_by,
            role: "operator",
        },
        stamp: &stamp,
        name: "Enroll",
        object: &object,
    };
    audit::append(tx, action).await?;
    Ok(())
}

impl Registry {
    /// One writing call about one record of the registry.
    async fn write<Q: WriteRequest>(
        &self,
        caller: &Caller,
        body: &Q,
        entry: Entry,
    ) -> Result<Q::Answer, Error> {
        let call = Call {
            object: entry.file.as_str().to_owned(),
            writes_facts: true,
            ..Call::of(caller, Q::RPC, body.request_id(), body)
        };
        let registry = self.clone();
        self.ledger
            .command(call, move |tx, stamp| {
                let (registry, entry) = (registry.clone(), entry.clone());
                Box::pin(async move {
                    let applied = apply(tx, &stamp, vec![entry]).await?;
                    registry.admit(tx, &stamp, &applied.rows).await?;
                    Ok(Q::Answer::new(applied.receipt, Vec::new()))
                })
            })
            .await
    }

    /// Name of an institution's certificate: its code in the first city, and in every other the city before it. Two cities may know one
    /// institution, a key speaks for one of them alone, and neither may learn from a refusal whom the other has registered.
    fn certificate_of(&self, city: &City, code: &str) -> String {
        match self.ledger.rulebooks.first() {
            Some(first) if first.city != *city => format!("{city}-{code}"),
            _ => code.to_owned(),
        }
    }

    /// In a sandbox, gives every institution among the rows its certificate and credential, before the answer returns.
    async fn admit(&self, tx: &mut PgConnection, stamp: &Stamp, rows: &[Row]) -> Result<(), Error> {
        let Some(issuer) = &self.issuer else { return Ok(()) };
        for row in rows.iter().filter(|row| row.file == File::Institutions) {
            let code = row.key.first().to_owned();
            if !has_certificate(&code) {
                continue;
            }
            let identity = issuer.issue(&self.certificate_of(&stamp.city, &code), Purpose::Client)?;
            let spki_digest = identity.spki_digest()?;
            let caller = Caller {
                city: stamp.city.clone(),
                holder: code,
                role: ledger::Role::Institution,
                credential: Credential::Key(spki_digest),
            };
            rpc::ensure_credential(tx, &caller, spki_digest, &stamp.reported_by).await?;
        }
        Ok(())
    }
}

/// Whether a code may name a certificate: it must fit a file's name and be no office's of any city. Another's rows go through the bureau.
fn has_certificate(code: &str) -> bool {
    let code_of_office = match code.split_once('-') {
        Some((city, office)) if City::from_canonical(city).is_ok() => office,
        _ => code,
    };
    platform::identity::is_name(code)
        && !OFFICES
            .iter()
            .any(|office| office.eq_ignore_ascii_case(code_of_office))
}
