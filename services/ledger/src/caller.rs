//! Who is calling: the connection's certificate is the identity (decision D10).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use platform::database::{Database, Scope};
use policy::ident::{City, InstitutionCode};
use tokio::sync::Mutex;

use crate::error::Error;
use crate::store::credential;

/// How long a look-up may be remembered: a revocation acts on open connections within this time.
const REMEMBERED: Duration = Duration::from_secs(2);

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

/// A caller whose certificate is registered and valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The city the credential is for.
    pub city: City,
    /// Who holds it: an institution code, or a person's or office's name.
    pub holder: String,
    /// What the holder may be.
    pub role: Role,
}

impl Caller {
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

/// Who was looked up when, by the SHA-256 digest of the public key.
type Remembered = HashMap<[u8; 32], (Instant, Caller)>;

/// Looks callers up by the public key of their certificate.
#[derive(Clone)]
pub struct Callers {
    database: Database,
    remembered: Arc<Mutex<Remembered>>,
}

impl Callers {
    /// Over the credentials of a database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            database,
            remembered: Arc::default(),
        }
    }

    /// The caller of a request.
    ///
    /// # Errors
    /// [`Error::CallerUnknown`] with neither a session nor a certificate, or with one that is not registered, not yet valid, expired or revoked.
    pub async fn identify(&self, extensions: &tonic::Extensions) -> Result<Caller, Error> {
        // A person who signed in: a layer of ours has put them there, and nobody outside can.
        if let Some(person) = extensions.get::<Caller>() {
            return Ok(person.clone());
        }
        let digest = platform::serve::peer_spki(extensions).ok_or(Error::CallerUnknown)?;
        if let Some((since, caller)) = self.remembered.lock().await.get(&digest)
            && since.elapsed() < REMEMBERED
        {
            return Ok(caller.clone());
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
