//! What is recorded beside an event's data: who, why, and on whose behalf.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Actor, Position};

/// The context of an event; carried along a saga from cause to reaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Flat", into = "Flat")]
pub struct Metadata {
    /// Who asked for it.
    pub actor: Actor,
    /// Shared by everything that followed from one request.
    pub correlation: Uuid,
    /// The trace it belongs to (W3C Trace Context).
    pub traceparent: Option<Arc<str>>,
    /// For reactions: who reacted, and to what.
    pub cause: Option<Cause>,
    /// For commands that may be sent twice: how to know them again.
    pub idempotency: Option<Idempotency>,
}

/// Metadata as it is written: one flat object.
#[derive(Serialize, Deserialize)]
struct Flat {
    actor: Actor,
    correlation: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reactor: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency: Option<Idempotency>,
}

impl From<Flat> for Metadata {
    fn from(flat: Flat) -> Self {
        let Flat { actor, correlation, traceparent, reactor, cause, idempotency } = flat;
        let cause = reactor.zip(cause).map(|(reactor, position)| Cause { reactor, position });
        Self { actor, correlation, traceparent, cause, idempotency }
    }
}

impl From<Metadata> for Flat {
    fn from(metadata: Metadata) -> Self {
        let Metadata { actor, correlation, traceparent, cause, idempotency } = metadata;
        let (reactor, cause) = cause.map(|cause| (cause.reactor, cause.position)).unzip();
        Self { actor, correlation, traceparent, reactor, cause, idempotency }
    }
}

impl Metadata {
    /// The context of something that `actor` asked for.
    #[must_use]
    pub fn of(actor: Actor, correlation: Uuid) -> Self {
        Self { actor, correlation, traceparent: None, cause: None, idempotency: None }
    }
}

/// What a reaction answers; the pair is the mark that makes it happen once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The reactor's name.
    pub reactor: Arc<str>,
    /// The position reacted to.
    pub position: Position,
}

/// Identifies retries of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// Derived from user, call and the client's key.
    pub key: Uuid,
    /// A digest of the request: the same key with another one is a mistake of the client.
    pub request: Uuid,
    /// Whether the command created the stream's subject; such keys are remembered as long as it lives.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub creates: bool,
    /// Of a request on its way: the digest of its very bytes, by which version 0.1.0 knew it. Not recorded.
    #[serde(skip)]
    pub as_sent: Option<Uuid>,
}

impl Idempotency {
    /// Whether the request recorded with the digest `recorded` is this one.
    #[must_use]
    pub fn is_request(&self, recorded: Uuid) -> bool {
        recorded == self.request || self.as_sent == Some(recorded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_reads_back_what_it_wrote() {
        let full = Metadata {
            actor: Actor::reactor("transfers"),
            correlation: Uuid::from_u128(7),
            traceparent: Some("00-1-2-01".into()),
            cause: Some(Cause { reactor: "transfers".into(), position: Position(9) }),
            idempotency: Some(Idempotency {
                key: Uuid::from_u128(1),
                request: Uuid::from_u128(2),
                creates: true,
                as_sent: None,
            }),
        };
        let bare = Metadata::of(Actor::anonymous(), Uuid::from_u128(4));
        for metadata in [full, bare] {
            let json = serde_json::to_string(&metadata).expect("serialises");
            assert_eq!(
                serde_json::from_str::<Metadata>(&json).expect("parses"),
                metadata,
                "{json}"
            );
        }
    }
}
