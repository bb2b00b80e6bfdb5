//! Credentials: which public key speaks for whom, and until when.

use api::registry::v1 as pb;
use api::registry::v1::create_credential_request::Key;
use chrono::{DateTime, Duration, Utc};
use exchange::digest::unhex;
use ledger::command::Call;
use ledger::read::{page_behind, page_size};
use ledger::report::receipt;
use ledger::{Caller, Credential as Known, Error, Role, Stamp, both};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Registry;
use crate::store::credential::{self, Credential, NewCredential};

/// Live keys one holder may have: two, so that a key can be rotated without a gap.
const LIVE_MOST: i64 = 2;
/// How long a credential of a sandbox lasts.
const SANDBOX_DAYS: i64 = 3650;

/// Makes a key speak for a holder, unless it does already; answers whether it was made to.
///
/// # Errors
/// `CREDENTIAL_KEY_TAKEN` where the key speaks for somebody else; database errors.
pub(crate) async fn ensure_credential(
    tx: &mut PgConnection,
    caller: &Caller,
    spki_digest: [u8; 32],
    created_by: &str,
) -> Result<bool, Error> {
    let now = platform::clock::Clock::System.now();
    let new = NewCredential {
        caller,
        spki_digest,
        not_before: now - Duration::days(1),
        not_after: now + Duration::days(SANDBOX_DAYS),
        created_by,
    };
    if credential::insert(tx, platform::ids::new_v7(), &new).await? {
        return Ok(true);
    }
    match credential::by_key(tx, caller.city.as_str(), spki_digest).await? {
        Some(found) if found.holder == caller.holder && found.role == caller.role.as_str() => Ok(false),
        _ => Err(key_taken()),
    }
}

fn key_taken() -> Error {
    Error::invalid(
        "key",
        "CREDENTIAL_KEY_TAKEN",
        "该公钥已登记给其他主体",
        "the public key is registered for somebody else",
    )
}

impl Registry {
    pub(crate) async fn create_credential_for(
        &self,
        caller: &Caller,
        body: &pb::CreateCredentialRequest,
    ) -> Result<pb::CreateCredentialResponse, Error> {
        let role = role_of(body);
        let holder = holder_of(body, role.as_ref().ok().copied());
        let key = key_of(body);
        // A key that cannot be read says nothing of its end.
        let end = key
            .as_ref()
            .map_or(Some(DateTime::<Utc>::MAX_UTC), |(_, end)| *end);
        let period = period_of(body, self.ledger.clock.now(), end);
        let ((role, holder), ((spki_digest, _), (not_before, not_after))) =
            both(both(role, holder), both(key, period))?;
        let new_holder = Caller {
            city: caller.city.clone(),
            holder,
            role,
            credential: Known::Key(spki_digest),
        };
        let call = Call {
            caller,
            rpc: "CreateCredential",
            request_id: &body.request_id,
            body,
            object: format!("credentials of {}", new_holder.holder),
            on_behalf: false,
            writes_facts: false,
        };
        self.ledger
            .command(call, move |tx, stamp| {
                let new_holder = new_holder.clone();
                Box::pin(async move {
                    let new = NewCredential {
                        caller: &new_holder,
                        spki_digest,
                        not_before,
                        not_after,
                        created_by: &stamp.reported_by,
                    };
                    let stored = create(tx, &stamp, &new).await?;
                    let credential = Some(message(&stored));
                    Ok(pb::CreateCredentialResponse {
                        credential,
                        receipt: Some(receipt(&stamp, Vec::new())),
                    })
                })
            })
            .await
    }

    pub(crate) async fn revoke_credential_for(
        &self,
        caller: &Caller,
        body: &pb::RevokeCredentialRequest,
    ) -> Result<pb::RevokeCredentialResponse, Error> {
        let (spki_digest, reason) = both(digest_of(&body.name), reason_of(&body.reason))?;
        let call = Call {
            caller,
            rpc: "RevokeCredential",
            request_id: &body.request_id,
            body,
            object: format!("{}: {reason}", body.name),
            on_behalf: false,
            writes_facts: false,
        };
        let name = body.name.clone();
        self.ledger
            .command(call, move |tx, stamp| {
                let name = name.clone();
                Box::pin(async move {
                    let found =
                        credential::revoke(tx, stamp.city.as_str(), spki_digest, &stamp.reported_by).await?;
                    let stored = found.ok_or(Error::NotFound { name })?;
                    let credential = Some(message(&stored));
                    Ok(pb::RevokeCredentialResponse {
                        credential,
                        receipt: Some(receipt(&stamp, Vec::new())),
                    })
                })
            })
            .await
    }

    pub(crate) async fn list_credentials_for(
        &self,
        caller: &Caller,
        body: &pb::ListCredentialsRequest,
    ) -> Result<pb::ListCredentialsResponse, Error> {
        let size = page_size(body.page_size)?;
        let after: Option<Uuid> = page_behind(&body.page_token)?;
        let (city, holder) = (caller.city.clone(), body.holder.clone());
        let mut rows: Vec<Credential> = self
            .ledger
            .database
            .read(
                "registry.list_credentials",
                &caller.scope(self.ledger.role),
                move |tx| {
                    let (city, holder) = (city.clone(), holder.clone());
                    Box::pin(
                        async move { credential::list(tx, city.as_str(), &holder, after, size + 1).await },
                    )
                },
            )
            .await?;
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = rows.len() > length;
        rows.truncate(length);
        let last = rows.last().map(|row| row.credential_id.to_string());
        Ok(pb::ListCredentialsResponse {
            credentials: rows.iter().map(message).collect(),
            next_page_token: if has_more {
                last.unwrap_or_default()
            } else {
                String::new()
            },
        })
    }
}

async fn create(tx: &mut PgConnection, stamp: &Stamp, new: &NewCredential<'_>) -> Result<Credential, Error> {
    let city = stamp.city.as_str();
    if new.caller.role == Role::Institution {
        let standing =
            ledger::store::institution::standing(tx, city, std::slice::from_ref(&new.caller.holder)).await?;
        if standing.get(&new.caller.holder) != Some(&false) {
            let zh = "机构未登记或已撤销";
            return Err(Error::invalid(
                "holder",
                "INSTITUTION_NOT_REGISTERED",
                zh,
                "the institution is not registered",
            ));
        }
    }
    if let Some(found) = credential::by_key(tx, city, new.spki_digest).await? {
        let same = found.holder == new.caller.holder && found.role == new.caller.role.as_str();
        return if same { Ok(found) } else { Err(key_taken()) };
    }
    if credential::live_count(tx, city, &new.caller.holder).await? >= LIVE_MOST {
        let zh = format!("每个主体最多 {LIVE_MOST} 个有效证书");
        return Err(Error::invalid(
            "holder",
            "CREDENTIALS_TOO_MANY",
            zh,
            format!("a holder has at most {LIVE_MOST} live keys"),
        ));
    }
    // A key of another city is not shown by row-level security, but its uniqueness holds everywhere.
    if !credential::insert(tx, platform::ids::new_v7(), new).await? {
        return Err(key_taken());
    }
    credential::by_key(tx, city, new.spki_digest)
        .await?
        .ok_or_else(key_taken)
}

/// The bureau gives keys to institutions, to its own people and to auditors. Finance officers' keys are not its to give:
/// whoever decides on facts must not be able to make the one who releases money.
fn role_of(body: &pb::CreateCredentialRequest) -> Result<Role, Error> {
    match body.role() {
        pb::CredentialRole::Institution => Ok(Role::Institution),
        pb::CredentialRole::Bureau => Ok(Role::Bureau),
        pb::CredentialRole::Auditor => Ok(Role::Auditor),
        pb::CredentialRole::Unspecified => Err(Error::invalid(
            "role",
            "CELL_REQUIRED",
            "缺少角色",
            "a role is required",
        )),
        pb::CredentialRole::FinanceMaker
        | pb::CredentialRole::FinanceChecker
        | pb::CredentialRole::FinanceReleaser => {
            let zh = "财政人员的证书由运维人员登记，知识产权局不能发放";
            Err(Error::invalid(
                "role",
                "CREDENTIAL_ROLE_NOT_YOURS",
                zh,
                "finance officers' keys are enrolled by the operator",
            ))
        }
    }
}

/// Words that an institution's code must not be: its code is its audit stream and its view of the tables.
const NO_INSTITUTION: [&str; 3] = ["*", "bureau", "finance"];

fn holder_of(body: &pb::CreateCredentialRequest, role: Option<Role>) -> Result<String, Error> {
    let holder = body.holder.trim();
    if role == Some(Role::Institution) && NO_INSTITUTION.contains(&holder) {
        return Err(Error::invalid(
            "holder",
            "REFERENCE_MALFORMED",
            "该代码为系统保留，机构不得使用",
            "no institution may have this code: it is an office's",
        ));
    }
    exchange::identifiers::read_institution_code(holder)
        .map(|code| code.to_string())
        .map_err(|_| {
            Error::invalid(
                "holder",
                "REFERENCE_MALFORMED",
                "持有人格式不正确",
                "the holder is 1 to 64 characters",
            )
        })
}

/// The key, and the end of its certificate where one was sent.
fn key_of(body: &pb::CreateCredentialRequest) -> Result<([u8; 32], Option<DateTime<Utc>>), Error> {
    match &body.key {
        Some(Key::CertificatePem(pem)) => {
            let identity = platform::identity::Identity {
                ca_pem: String::new(),
                certificate_pem: pem.clone(),
                key_pem: String::new(),
            };
            let read = identity
                .spki_digest()
                .and_then(|digest| Ok((digest, identity.not_after()?)));
            let (digest, end) = read.map_err(|_| {
                Error::invalid(
                    "certificate_pem",
                    "CERTIFICATE_MALFORMED",
                    "证书无法解析",
                    "the certificate cannot be read",
                )
            })?;
            Ok((digest, Some(end)))
        }
        Some(Key::SpkiDigest(text)) => digest(text).map(|digest| (digest, None)).ok_or_else(|| {
            let en = "the digest is 64 hexadecimal digits (SHA-256)";
            Error::invalid(
                "spki_digest",
                "DIGEST_MALFORMED",
                "公钥摘要须为64位十六进制（SHA-256）",
                en,
            )
        }),
        None => Err(Error::invalid(
            "key",
            "CELL_REQUIRED",
            "缺少证书或公钥摘要",
            "a certificate or a digest is required",
        )),
    }
}

/// The key that a resource name states.
fn digest_of(name: &str) -> Result<[u8; 32], Error> {
    name.strip_prefix("credentials/").and_then(digest).ok_or_else(|| {
        let en = "the name is of the form credentials/{spki_digest}";
        Error::invalid("name", "NAME_MALFORMED", "资源名应为 credentials/{公钥摘要}", en)
    })
}

/// Why a key is revoked: it stands in the audit trail.
fn reason_of(text: &str) -> Result<String, Error> {
    match exchange::table::text(text) {
        Ok(text) if !text.is_empty() => Ok(text),
        Ok(_) => Err(Error::invalid(
            "reason",
            "CELL_REQUIRED",
            "须填写吊销原因",
            "a reason is required",
        )),
        Err(code) => Err(Error::invalid("reason", code.as_str(), code.zh(), code.en())),
    }
}

/// The digest that 64 hexadecimal digits state.
fn digest(text: &str) -> Option<[u8; 32]> {
    unhex(text)?.try_into().ok()
}

/// From now on where nothing is stated, and to the end of the certificate; a digest has none, so there the end must be stated.
fn period_of(
    body: &pb::CreateCredentialRequest,
    now: DateTime<Utc>,
    certificate_end: Option<DateTime<Utc>>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), Error> {
    let instant = |stamp: &prost_types::Timestamp| {
        u32::try_from(stamp.nanos)
            .ok()
            .and_then(|nanos| DateTime::from_timestamp(stamp.seconds, nanos))
    };
    let wrong = |field: &str| {
        Error::invalid(
            field,
            "PERIOD_REVERSED",
            "有效期不正确",
            "the period of validity is not valid",
        )
    };
    let not_before = body
        .not_before
        .as_ref()
        .map_or(Some(now), instant)
        .ok_or_else(|| wrong("not_before"))?;
    let not_after = body
        .not_after
        .as_ref()
        .map_or(certificate_end, instant)
        .ok_or_else(|| wrong("not_after"))?;
    if not_after > not_before {
        Ok((not_before, not_after))
    } else {
        Err(wrong("not_after"))
    }
}

fn message(stored: &Credential) -> pb::Credential {
    let role = match Role::parse(&stored.role) {
        Some(Role::Institution) => pb::CredentialRole::Institution,
        Some(Role::Bureau) => pb::CredentialRole::Bureau,
        Some(Role::FinanceMaker) => pb::CredentialRole::FinanceMaker,
        Some(Role::FinanceChecker) => pb::CredentialRole::FinanceChecker,
        Some(Role::FinanceReleaser) => pb::CredentialRole::FinanceReleaser,
        Some(Role::Auditor) => pb::CredentialRole::Auditor,
        None => pb::CredentialRole::Unspecified,
    };
    pb::Credential {
        name: format!("credentials/{}", exchange::digest::hex(&stored.spki_digest)),
        holder: stored.holder.clone(),
        role: role.into(),
        spki_digest: exchange::digest::hex(&stored.spki_digest),
        not_before: Some(api::convert::timestamp(stored.not_before)),
        not_after: Some(api::convert::timestamp(stored.not_after)),
        revoked_at: stored.revoked_at.map(api::convert::timestamp),
    }
}
