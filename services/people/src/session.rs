//! Sessions: what a request presents, whose it is, and whether it may be believed.

use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{HeaderMap, Method};
use ledger::{Caller, Credential, Identify, Role};
use platform::clock::Clock;
use platform::database::{BoxFuture, Database, Scope};
use platform::twin::{self, Twin};
use policy::ident::City;
use tonic::Status;
use uuid::Uuid;

use crate::error::Error;
use crate::store;
use crate::{dpop, jose, web};

/// The cookie of a session. Its prefix has browsers refuse it from any other host, path or plain HTTP.
pub const COOKIE: &str = "__Host-zhirong";

/// Header that every call with a session carries which is no GET or HEAD: a page of another origin cannot send it unasked.
pub const CSRF_HEADER: &str = "x-zhirong-csrf";

/// Header with the proof of the session's key.
pub const PROOF_HEADER: &str = "dpop";

/// The role of the database that looks callers up.
const IDENTITY_ROLE: &str = "zhirong_identity";

/// What a session is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// SHA-256 of the public key of a client certificate.
    Certificate([u8; 32]),
    /// SHA-256 of a P-256 key (RFC 7638), which proves each call.
    Dpop([u8; 32]),
}

impl Bound {
    /// Its word and digest in the database.
    pub(crate) fn stored(self) -> (String, Vec<u8>) {
        let (kind, digest) = match self {
            Self::Certificate(digest) => ("certificate", digest),
            Self::Dpop(digest) => ("dpop", digest),
        };
        (kind.to_owned(), digest.to_vec())
    }
}

/// What a request presents of a session.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    /// The tokens; more than one cannot be meant.
    tokens: Vec<String>,
    proofs: Vec<String>,
    method: Method,
    url: String,
    has_csrf_header: bool,
}

impl Presented {
    /// What a request presents; none without the cookie.
    pub(crate) fn of(head: &Parts) -> Option<Self> {
        let tokens = web::cookies(&head.headers, COOKIE);
        (!tokens.is_empty()).then(|| Self {
            tokens,
            proofs: texts(&head.headers, PROOF_HEADER),
            method: head.method.clone(),
            url: format!("{}{}", web::origin(head), head.uri.path()),
            has_csrf_header: head.headers.contains_key(CSRF_HEADER),
        })
    }
}

/// The values of a header; one that is no text stands as an empty one, which nothing takes.
fn texts(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).into_iter();
    values
        .map(|value| value.to_str().unwrap_or_default().to_owned())
        .collect()
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) caller: Caller,
    pub(crate) session_id: Uuid,
    pub(crate) name: String,
    pub(crate) ends_at: DateTime<Utc>,
}

/// Whether a call counts as use of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// It does.
    Counts,
    /// A page that only asks who is signed in keeps nobody signed in.
    Asks,
}

/// Looks sessions up. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    database: Database,
}

impl Sessions {
    /// Over the sessions of a database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Who presents a session, if it is open and theirs.
    ///
    /// # Errors
    /// Whatever keeps the session from being believed.
    pub(crate) async fn admit(
        &self,
        presented: &Presented,
        extensions: &http::Extensions,
        usage: Use,
    ) -> Result<Signed, Error> {
        if !matches!(presented.method, Method::GET | Method::HEAD) && !presented.has_csrf_header {
            return Err(Error::CsrfHeaderMissing);
        }
        let [token] = presented.tokens.as_slice() else {
            return Err(Error::Ledger(ledger::Error::SessionEnded));
        };
        let digest = jose::digest(token.as_bytes());
        let stored = self.open(digest).await?;
        let proof = proof_of(&stored, presented, token, extensions)?;
        if proof.is_some() || (stored.is_stale && usage == Use::Counts) {
            let moves = stored.is_stale && usage == Use::Counts;
            self.note(digest, proof, moves).await?;
        }
        signed(stored, digest)
    }

    /// The session of a token's digest, if it is open.
    async fn open(&self, digest: [u8; 32]) -> Result<store::session::Stored, Error> {
        let scope = Scope::new(IDENTITY_ROLE, "", "");
        let found: Result<Option<store::session::Stored>, Error> = self
            .database
            .read("people.session", &scope, move |tx| {
                Box::pin(store::session::find(tx, digest))
            })
            .await;
        found?
            .filter(|stored| stored.is_open)
            .ok_or(Error::Ledger(ledger::Error::SessionEnded))
    }

    /// Uses the proof up, and notes that the session is in use.
    async fn note(&self, token: [u8; 32], proof: Option<dpop::Proof>, moves: bool) -> Result<(), Error> {
        let scope = Scope::new(IDENTITY_ROLE, "", "");
        // Not tried again after an unknown commit: the proof might then be found used, by this very call.
        self.database
            .run("people.use", &scope, move |tx| {
                let proof = proof.clone();
                Box::pin(async move {
                    if let Some(proof) = &proof
                        && !store::proof::use_up(tx, proof).await?
                    {
                        return Err(Error::ProofInvalid { what: "used before" });
                    }
                    if moves {
                        store::session::touch(tx, token).await?;
                        store::proof::forget(tx).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

impl Identify for Sessions {
    /// Whoever presents a session is that person or nobody: a certificate beside it counts for nothing more.
    fn identify<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Option<Caller>, Status>> {
        Box::pin(async move {
            let Some(presented) = Presented::of(head) else {
                return Ok(None);
            };
            let signed = self.admit(&presented, &head.extensions, Use::Counts).await?;
            Ok(Some(signed.caller))
        })
    }

    fn recheck<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<(), Status>> {
        Box::pin(async move {
            match caller.credential {
                Credential::Session(digest) => Ok(self.open(digest).await.map(drop)?),
                Credential::Key(_) => Ok(()),
            }
        })
    }
}

/// Holds a session against the certificate or the key that it is bound to; answers the proof that must still be used up.
fn proof_of(
    stored: &store::session::Stored,
    presented: &Presented,
    token: &str,
    extensions: &http::Extensions,
) -> Result<Option<dpop::Proof>, Error> {
    if twin::is_on(Twin::UnboundSession) {
        return Ok(None);
    }
    if stored.bound_kind == "certificate" {
        let own = platform::serve::peer_spki(extensions);
        return match own {
            Some(own) if own.as_slice() == stored.bound_to => Ok(None),
            _ => Err(Error::BoundElsewhere),
        };
    }
    let proof = match presented.proofs.as_slice() {
        [] => return Err(Error::BoundElsewhere),
        [proof] => proof,
        _ => {
            return Err(Error::ProofInvalid {
                what: "more than one",
            });
        }
    };
    let call = dpop::Call {
        method: presented.method.as_str(),
        url: &presented.url,
        token,
    };
    let proof = dpop::check(proof, call, Clock::System.now())?;
    if proof.key.as_slice() != stored.bound_to {
        return Err(Error::BoundElsewhere);
    }
    Ok(Some(proof))
}

fn signed(stored: store::session::Stored, digest: [u8; 32]) -> Result<Signed, Error> {
    // The database holds no other city or role than these types know.
    let (Ok(city), Some(role)) = (City::from_canonical(&stored.city), Role::parse(&stored.role)) else {
        return Err(Error::Ledger(ledger::Error::SessionEnded));
    };
    Ok(Signed {
        caller: Caller {
            city,
            holder: stored.subject,
            role,
            credential: Credential::Session(digest),
        },
        session_id: stored.session_id,
        name: stored.name,
        ends_at: stored.ends_at,
    })
}
