//! Who is calling: the connection's certificate is the identity (decision D10). Handlers take a caller that the admission layer
//! has identified, and never look for one themselves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;
use platform::database::{BoxFuture, Database, Scope};
use platform::twin::{self, Twin};
use policy::ident::{City, InstitutionCode};
use tokio::sync::{Mutex, Semaphore};
use tonic::Status;

use crate::error::Error;
use crate::store::credential;

/// How long a look-up may be remembered: a revocation acts on open connections within this time.
const REMEMBERED: Duration = Duration::from_secs(2);

/// Look-ups that are under way at once. Who is not known is looked up at every call, and must not take the whole pool.
const LOOK_UPS: usize = 4;

/// How many look-ups are remembered; beyond it the memory starts afresh.
const REMEMBERED_MOST: usize = 4096;

/// What a caller may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A bank, insurer or other reporting institution.
    Institution,
    /// The IP bureau 市知识产权局.
    Bureau,
    /// Finance officer who opens batches.
    FinanceMaker,
    /// Finance officer who checks them.
    FinanceChecker,
    /// Finance officer who releases them.
    FinanceReleaser,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Institution,
        Self::Bureau,
        Self::FinanceMaker,
        Self::FinanceChecker,
        Self::FinanceReleaser,
        Self::Auditor,
    ];

    /// The role's word in credentials.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Institution => "institution",
            Self::Bureau => "bureau",
            Self::FinanceMaker => "finance-maker",
            Self::FinanceChecker => "finance-checker",
            Self::FinanceReleaser => "finance-releaser",
            Self::Auditor => "auditor",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Roles that read a city's books: the finance officers, the bureau and the auditor.
pub const READERS: &[Role] = &[
    Role::Bureau,
    Role::FinanceMaker,
    Role::FinanceChecker,
    Role::FinanceReleaser,
    Role::Auditor,
];

/// What a caller is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// SHA-256 of the SubjectPublicKeyInfo of the connection's certificate.
    Key([u8; 32]),
    /// SHA-256 of the token of a person's session.
    Session([u8; 32]),
}

impl Credential {
    /// Its kind and digest, as `ledger.caller_stands` takes them.
    #[must_use]
    pub const fn stored(&self) -> (&'static str, &[u8; 32]) {
        match self {
            Self::Key(digest) => ("key", digest),
            Self::Session(digest) => ("session", digest),
        }
    }

    /// What a caller is told by whom it stands no more.
    #[must_use]
    pub const fn gone(&self) -> Error {
        match self {
            Self::Key(_) => Error::CallerUnknown,
            Self::Session(_) => Error::SessionEnded,
        }
    }
}

/// A caller whose credential is registered and valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The city the credential is for.
    pub city: City,
    /// Who holds it: an institution code, or a person's or office's name.
    pub holder: String,
    /// What the holder may be.
    pub role: Role,
    /// What it is known by: read again inside every write and every two seconds of an open stream.
    pub credential: Credential,
}

impl Caller {
    /// The caller of a request that the admission layer let in, if the call is one of its roles'.
    ///
    /// # Errors
    /// [`Error::RoleNotAllowed`]; [`Error::CallerUnknown`] for a request that did not come through the layer.
    pub fn admitted<T>(
        request: &tonic::Request<T>,
        allowed: &[Role],
        rpc: &'static str,
    ) -> Result<Self, Error> {
        let caller = request.extensions().get::<Self>().ok_or(Error::CallerUnknown)?;
        caller.require(allowed, rpc)?;
        Ok(caller.clone())
    }

    /// The institution that calls; none for the bureau, finance and auditors.
    #[must_use]
    pub fn institution(&self) -> Option<InstitutionCode> {
        match self.role {
            Role::Institution => InstitutionCode::from_canonical(&self.holder).ok(),
            _ => None,
        }
    }

    /// Refuses a caller of another role.
    ///
    /// # Errors
    /// [`Error::RoleNotAllowed`].
    pub fn require(&self, allowed: &[Role], rpc: &'static str) -> Result<(), Error> {
        if allowed.contains(&self.role) {
            Ok(())
        } else {
            Err(Error::RoleNotAllowed {
                role: self.role.as_str(),
                rpc,
            })
        }
    }

    /// The database scope of this caller under a service's role: an institution sees its own rows, the others the city's.
    #[must_use]
    pub fn scope(&self, database_role: &'static str) -> Scope {
        let institution = if self.role == Role::Institution {
            self.holder.as_str()
        } else {
            "*"
        };
        Scope::new(database_role, self.city.as_str(), institution)
    }

    /// The audit stream this caller writes to.
    #[must_use]
    pub fn stream(&self) -> &str {
        match self.role {
            Role::Institution => &self.holder,
            Role::Bureau => "bureau",
            _ => "finance",
        }
    }
}

/// A way to know callers. The admission layer asks each in turn, and the first that knows the caller answers.
pub trait Identify: Send + Sync + 'static {
    /// The caller of a request; none where the request carries nothing of this kind.
    ///
    /// # Errors
    /// What the request is refused with where it carries something that is not valid: CALLER_UNKNOWN, SESSION_ENDED; database errors.
    fn identify<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Option<Caller>, Status>>;

    /// Whether a caller that this way has identified would be let in still.
    ///
    /// # Errors
    /// UNAUTHENTICATED where it would not; any other code says nothing of the caller.
    fn recheck<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<(), Status>>;
}

/// Who was looked up when, by the SHA-256 digest of the public key.
type Remembered = HashMap<[u8; 32], (Instant, Caller)>;

/// Knows callers by the public key of their certificate.
#[derive(Clone)]
pub struct Callers {
    database: Database,
    remembered: Arc<Mutex<Remembered>>,
    look_ups: Arc<Semaphore>,
}

impl Callers {
    /// Over the credentials of a database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            database,
            remembered: Arc::default(),
            look_ups: Arc::new(Semaphore::new(LOOK_UPS)),
        }
    }

    async fn remembered(&self, digest: [u8; 32]) -> Option<Caller> {
        let remembered = self.remembered.lock().await;
        let (since, caller) = remembered.get(&digest)?;
        let is_fresh = since.elapsed() < REMEMBERED || twin::is_on(Twin::StaleCredential);
        is_fresh.then(|| caller.clone())
    }

    /// The holder of a key whose credential is valid now, or was less than two seconds ago.
    async fn of_key(&self, digest: [u8; 32]) -> Result<Caller, Error> {
        if let Some(caller) = self.remembered(digest).await {
            return Ok(caller);
        }
        // The semaphore is never closed.
        let _look_up = self.look_ups.acquire().await.ok();
        // Another call of the same key may have been quicker.
        if let Some(caller) = self.remembered(digest).await {
            return Ok(caller);
        }
        let scope = Scope::new("zhirong_identity", "", "");
        let found: Result<Option<Caller>, Error> = self
            .database
            .read("ledger.identify", &scope, move |tx| {
                Box::pin(credential::find(tx, digest))
            })
            .await;
        let caller = found?.ok_or(Error::CallerUnknown)?;
        let mut remembered = self.remembered.lock().await;
        if remembered.len() >= REMEMBERED_MOST {
            remembered.clear();
        }
        remembered.insert(digest, (Instant::now(), caller.clone()));
        Ok(caller)
    }
}

impl Identify for Callers {
    fn identify<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Option<Caller>, Status>> {
        Box::pin(async move {
            match platform::serve::peer_spki(&head.extensions) {
                Some(digest) => Ok(Some(self.of_key(digest).await?)),
                None => Ok(None),
            }
        })
    }

    fn recheck<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<(), Status>> {
        Box::pin(async move {
            if let Credential::Key(digest) = caller.credential {
                self.of_key(digest).await?;
            }
            Ok(())
        })
    }
}
