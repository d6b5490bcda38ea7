//! The actor that caused an event: a kind, chosen by each system, and an id.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Who caused an event, written `kind:id`, or `anonymous` for a request without a token.
///
/// The kinds of people are a system's own; that of its parts, `reactor`, is known everywhere.
///
/// ```
/// use kernel::Actor;
///
/// let teller = Actor::of("teller", "7")?;
/// assert_eq!((teller.kind(), teller.id()), ("teller", "7"));
/// assert_eq!(teller.to_string().parse(), Ok(teller));
/// # Ok::<_, kernel::ActorError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor(Arc<str>);

const ANONYMOUS: &str = "anonymous";
const REACTOR: &str = "reactor";
/// The longest kind.
const KIND_MAX: usize = 32;

impl Actor {
    /// A request without a token.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(ANONYMOUS.into())
    }

    /// A part of the system that reacts to events, by its name.
    #[must_use]
    pub fn reactor(name: &str) -> Self {
        Self(format!("{REACTOR}:{name}").into())
    }

    /// The actor of this kind with this id.
    ///
    /// A kind begins with a lower-case letter; up to 31 more, digits and hyphens follow. Any text is an id.
    pub fn of(kind: &str, id: &str) -> Result<Self, ActorError> {
        let text = format!("{kind}:{id}");
        if is_kind(kind) { Ok(Self(text.into())) } else { Err(ActorError::of(&text)) }
    }

    /// The part before the colon, or `anonymous`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(kind, _)| kind)
    }

    /// The part after the colon; empty for `anonymous`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, id)| id)
    }

    /// The whole, as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `anonymous` has no id and is therefore not a kind.
fn is_kind(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= KIND_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(inner)
        && text != ANONYMOUS
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that does not name an actor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an actor: expected `anonymous`, or `kind:id` with a lower-case kind")]
pub struct ActorError(String);

impl ActorError {
    fn of(text: &str) -> Self {
        Self(text.chars().take(100).collect())
    }
}

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        let known = text.split_once(':').map_or(text == ANONYMOUS, |(kind, _)| is_kind(kind));
        if known { Ok(Self(text.into())) } else { Err(ActorError::of(text)) }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_well_formed_kind_is_an_actor_and_nothing_else() {
        for text in ["anonymous", "teller:7", "api-key:a:b", "reactor:", "x:\u{fff0}", "k1:"] {
            assert_eq!(text.parse::<Actor>().map(|actor| actor.to_string()), Ok(text.to_owned()));
        }
        let long = format!("{}:1", "a".repeat(33));
        for bad in
            ["", "teller", ":7", "Teller:7", "1x:7", "-x:7", "tell er:7", "anonymous:7", &long]
        {
            assert!(bad.parse::<Actor>().is_err(), "{bad:?}");
        }
        assert!(Actor::of("anonymous", "7").is_err());
        assert!(Actor::of("teller:x", "7").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(kind in "[a-z][a-z0-9-]{0,31}", id in any::<String>()) {
            prop_assume!(kind != ANONYMOUS);
            let actor = Actor::of(&kind, &id).expect("well-formed");
            prop_assert_eq!((actor.kind(), actor.id()), (kind.as_str(), id.as_str()));
            let json = serde_json::to_string(&actor).expect("serialises");
            prop_assert_eq!(serde_json::from_str::<Actor>(&json).expect("parses"), actor);
        }
    }
}
