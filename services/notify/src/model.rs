//! Who owns an endpoint, what names look like, and why a message did not arrive.

use api::notify::v1 as pb;
use ledger::{Caller, Role};
use uuid::Uuid;

use crate::error::{Error, invalid};

const ENDPOINT: &str = "webhookEndpoints/";
const DELIVERY: &str = "webhookDeliveries/";

/// Who owns an endpoint: an institution, or an office of the city with all its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The caller's city.
    pub(crate) city: String,
    /// What hears: `institution`, `bureau`, `finance` or `auditor`.
    pub(crate) audience: &'static str,
    /// The institution's code, or the office again.
    pub(crate) name: String,
}

impl From<&Caller> for Owner {
    fn from(caller: &Caller) -> Self {
        let (audience, name) = match caller.role {
            Role::Institution => ("institution", caller.holder.as_str()),
            Role::Bureau => ("bureau", "bureau"),
            Role::FinanceMaker | Role::FinanceChecker | Role::FinanceReleaser => ("finance", "finance"),
            Role::Auditor => ("auditor", "auditor"),
        };
        Self {
            city: caller.city.as_str().to_owned(),
            audience,
            name: name.to_owned(),
        }
    }
}

/// Name of an endpoint.
pub(crate) fn endpoint_name(endpoint_id: Uuid) -> String {
    format!("{ENDPOINT}{endpoint_id}")
}

/// Name of a delivery.
pub(crate) fn delivery_name(delivery_id: Uuid) -> String {
    format!("{DELIVERY}{delivery_id}")
}

/// The header `webhook-id` of a delivery.
pub(crate) fn webhook_id(delivery_id: Uuid) -> String {
    format!("msg_{}", delivery_id.simple())
}

/// The endpoint that a field names.
pub(crate) fn endpoint_of(field: &str, name: &str) -> Result<Uuid, Error> {
    id_of(field, name, ENDPOINT)
}

/// The delivery that a field names.
pub(crate) fn delivery_of(field: &str, name: &str) -> Result<Uuid, Error> {
    id_of(field, name, DELIVERY)
}

fn id_of(field: &str, name: &str, prefix: &str) -> Result<Uuid, Error> {
    name.strip_prefix(prefix)
        .and_then(|id| Uuid::try_parse(id).ok())
        .ok_or_else(|| {
            invalid(
                field,
                "NAME_MALFORMED",
                format!("资源名应为 {prefix}{{id}}"),
                format!("the name is of the form {prefix}{{id}}"),
            )
        })
}

/// Why an attempt did not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An answer that is no success.
    Status,
    /// A redirect, which is never followed.
    Redirect,
    /// 410.
    Gone,
    /// No answer in time.
    Timeout,
    /// The host name has no address.
    Unresolved,
    /// The host's address may not be called.
    AddressRefused,
    /// No connection, or it broke.
    Unreachable,
    /// TLS failed.
    Tls,
}

impl Failure {
    const ALL: [Self; 8] = [
        Self::Status,
        Self::Redirect,
        Self::Gone,
        Self::Timeout,
        Self::Unresolved,
        Self::AddressRefused,
        Self::Unreachable,
        Self::Tls,
    ];

    /// What an answer's status says; none for a success.
    pub(crate) const fn of_status(status: u16) -> Option<Self> {
        match status {
            200..=299 => None,
            300..=399 => Some(Self::Redirect),
            410 => Some(Self::Gone),
            _ => Some(Self::Status),
        }
    }

    /// Its word in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Gone => "gone",
            Self::Timeout => "timeout",
            Self::Unresolved => "unresolved",
            Self::AddressRefused => "address_refused",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
        }
    }

    const fn wire(self) -> pb::WebhookFailure {
        match self {
            Self::Status => pb::WebhookFailure::Status,
            Self::Redirect => pb::WebhookFailure::Redirect,
            Self::Gone => pb::WebhookFailure::Gone,
            Self::Timeout => pb::WebhookFailure::Timeout,
            Self::Unresolved => pb::WebhookFailure::Unresolved,
            Self::AddressRefused => pb::WebhookFailure::AddressRefused,
            Self::Unreachable => pb::WebhookFailure::Unreachable,
            Self::Tls => pb::WebhookFailure::Tls,
        }
    }
}

/// A stored failure on the wire.
pub(crate) fn failure(word: Option<&str>) -> pb::WebhookFailure {
    let found = Failure::ALL
        .into_iter()
        .find(|failure| Some(failure.as_str()) == word);
    found.map_or(pb::WebhookFailure::Unspecified, Failure::wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_every_failure_has_its_word() {
        let id = Uuid::from_u128(7);
        assert_eq!(endpoint_of("name", &endpoint_name(id)).unwrap(), id);
        assert_eq!(delivery_of("name", &delivery_name(id)).unwrap(), id);
        assert!(endpoint_of("name", &delivery_name(id)).is_err() && endpoint_of("name", "").is_err());
        for one in Failure::ALL {
            assert_eq!(failure(Some(one.as_str())), one.wire());
        }
        assert_eq!(failure(None), pb::WebhookFailure::Unspecified);
        let of = Failure::of_status;
        assert_eq!((of(200), of(204), of(410)), (None, None, Some(Failure::Gone)));
        assert_eq!(
            (of(302), of(500)),
            (Some(Failure::Redirect), Some(Failure::Status))
        );
        assert_eq!(of(100), Some(Failure::Status));
    }
}
