//! Ids that come from outside: parsed, never asserted.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use uuid::Uuid;

/// What is wrong with any other text.
const FORM: &str =
    "must have 1 to 100 characters, each a letter from A to Z, a digit, '.', '_' or '-'";

/// The id of a stream within its category: 1 to 100 of `A-Z a-z 0-9 . _ -`.
///
/// In a command or in the path of a request it is checked when the request is read: anything else is a 422 that names the field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id(Arc<str>);

/// A text that is not an [`Id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError;

impl Id {
    /// The longest id, in characters.
    pub const CHARACTERS_MAX: usize = 100;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = (1..=Self::CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.into())) } else { Err(IdError) }
    }
}

impl From<Uuid> for Id {
    fn from(id: Uuid) -> Self {
        Self(id.to_string().into())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORM)
    }
}

impl std::error::Error for IdError {}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_cannot_name_a_stream_is_refused() {
        for text in ["ada", "A-1_b.c", "7", &"x".repeat(100)] {
            assert_eq!(text.parse::<Id>().map(|id| id.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "a b", "ä", "a/b", "a\0", &"x".repeat(101)] {
            assert_eq!(text.parse::<Id>(), Err(IdError), "{text:?}");
        }
        let error = serde_json::from_str::<Id>("\"a b\"").expect_err("a blank");
        assert!(error.to_string().contains("must have 1 to 100"), "{error}");
    }
}
