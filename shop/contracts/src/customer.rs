//! What happens to a customer (or manager): streams `customer-ID`, the id a keyed hash of the user name.

use crate::money::Money;
use kernel::{DecodeError, Recorded, StreamId, Timestamp, events};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reason::Reason;

/// The category of the streams.
pub const CATEGORY: &str = "customer";

/// The stream of a customer.
#[must_use]
pub fn stream(customer: Uuid) -> StreamId {
    StreamId::new(CATEGORY, customer).expect("a UUID is a stream's id")
}

events! {
    /// The events of a customer.
    CustomerEvent {
        Registered(Registered) = REGISTERED "customer.registered" @ 1,
        ProfileChanged(ProfileChanged) = PROFILE_CHANGED "customer.profile-changed" @ 1,
        PasswordChanged(PasswordChanged) = PASSWORD_CHANGED "customer.password-changed" @ 1,
        LoggedOut(LoggedOut) = LOGGED_OUT "customer.logged-out" @ 1,
        CreditChanged(CreditChanged) = CREDIT_CHANGED "customer.credit-changed" @ 1,
        CreditReserved(CreditReserved) = CREDIT_RESERVED "customer.credit-reserved" @ 1,
        CreditDenied(CreditDenied) = CREDIT_DENIED "customer.credit-denied" @ 1,
        CreditReleased(CreditReleased) = CREDIT_RELEASED "customer.credit-released" @ 1,
        CreditDebited(CreditDebited) = CREDIT_DEBITED "customer.credit-debited" @ 1,
    }
}

/// What may be asked of a person; the one field that can later be sealed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Personal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Customer,
    Manager,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    pub customer: Uuid,
    pub personal: Personal,
    /// The password's hash, sealed under a key that only customer instances hold.
    pub password: String,
    pub role: Role,
    /// The welcome credit, minor units.
    pub credit: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileChanged {
    /// Only what changed.
    pub personal: Personal,
}

/// A new password; every token issued before is void.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// The password's hash, sealed.
    pub password: String,
    /// When it was changed, by the service's clock. Nothing rests on it.
    pub voids_until: Timestamp,
    /// The customer's revision with this change: tokens of an earlier one are void. Events of 0.1.0 lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// One token is void.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedOut {
    pub token: Uuid,
    /// When the token expires anyway.
    pub expires: Timestamp,
}

/// A manager granted more (or took back) credit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditChanged {
    /// The difference, minor units.
    pub change: Money,
}

/// Credit is held for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditReserved {
    pub order: Uuid,
    /// Minor units.
    pub amount: Money,
    /// Credit left for other orders, minor units.
    pub available: Money,
}

/// No credit is held for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditDenied {
    pub order: Uuid,
    pub reason: Reason,
    /// Credit that was available, minor units.
    pub available: Money,
}

/// Credit held for an order is available again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditReleased {
    pub order: Uuid,
    pub amount: Money,
    /// Credit available now, minor units.
    pub available: Money,
}

/// Credit held for an order is spent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditDebited {
    pub order: Uuid,
    pub amount: Money,
    /// Credit now, what is reserved included, minor units.
    pub credit: Money,
}

/// What an event means for tokens that have been given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// One token is void; it would have expired at that time.
    Token { token: Uuid, expires: Timestamp },
    /// All tokens of a customer that carry an earlier revision are void.
    All { customer: Uuid, revision: u64 },
}

/// The sessions that an event ends, if it does. A type that this version does not know might be one more way to end them: it is an error,
/// for the reader to count.
pub fn session_end(event: &Recorded) -> Result<Option<SessionEnd>, DecodeError> {
    if event.stream.category() != CATEGORY {
        return Ok(None);
    }
    match event.kind.as_str() {
        CustomerEvent::LOGGED_OUT | CustomerEvent::PASSWORD_CHANGED => {}
        // Most events of a busy shop are others, and need not be parsed to know that.
        kind if CustomerEvent::has(kind) => return Ok(None),
        kind => return Err(DecodeError::UnknownType(kind.to_owned())),
    }
    Ok(match CustomerEvent::read(event)? {
        CustomerEvent::LoggedOut(LoggedOut { token, expires }) => {
            Some(SessionEnd::Token { token: *token, expires: *expires })
        }
        CustomerEvent::PasswordChanged(PasswordChanged { revision, .. }) => {
            let customer = Uuid::parse_str(event.stream.id()).ok();
            // The version that recorded it without a revision also issued tokens without one: exactly those are void.
            let revision = revision.unwrap_or(1);
            customer.map(|customer| SessionEnd::All { customer, revision })
        }
        _ => None,
    })
}
