//! Names of streams and of event types.

use std::{fmt, sync::Arc};

use thiserror::Error;

/// The longest name of a stream or an event type, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// The name of a stream: `category-rest`, of `A-Z a-z 0-9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(Arc<str>);

/// The name of an event type: `category.past-tense`, of `a-z 0-9 . -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType(Arc<str>);

/// Why a text is not a valid name of a stream or an event type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StreamIdError {
    /// The text is not the name of a stream. Cut to 200 characters.
    #[error(
        "{0:?} is not of the form category-id, with letters, digits, '.', '_' and '-', at most 200"
    )]
    Stream(String),
    /// The text is not the name of an event type. Cut to 200 characters.
    #[error(
        "{0:?} is not of the form category.name, with lower-case letters, digits, '.' and '-', at most 200"
    )]
    EventType(String),
}

impl StreamId {
    /// The stream `category-id`, if the parts make a stream's name.
    pub fn new(category: &str, id: impl fmt::Display) -> Result<Self, StreamIdError> {
        if category.contains('-') {
            // The part before the first dash is the category: this one would become another.
            return Err(StreamIdError::Stream(category.chars().take(NAME_BYTES_MAX).collect()));
        }
        Self::parse(&format!("{category}-{id}"))
    }

    /// Takes a whole name, `category-id`, of at most 200 bytes.
    pub fn parse(text: &str) -> Result<Self, StreamIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        match text.split_once('-') {
            Some((category, id))
                if !category.is_empty()
                    && !id.is_empty()
                    && text.len() <= NAME_BYTES_MAX
                    && text.bytes().all(allowed) =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(StreamIdError::Stream(text.chars().take(NAME_BYTES_MAX).collect())),
        }
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first `-`.
    #[must_use]
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(category, _)| category)
    }

    /// The part after the first `-`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, id)| id)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl EventType {
    /// Takes a name of the form `category.past-tense`, of at most 200 bytes.
    pub fn parse(text: &str) -> Result<Self, StreamIdError> {
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-')
        };
        match text.split_once('.') {
            Some((category, name))
                if !category.is_empty()
                    && !name.is_empty()
                    && text.len() <= NAME_BYTES_MAX
                    && text.bytes().all(allowed) =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(StreamIdError::EventType(text.chars().take(NAME_BYTES_MAX).collect())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_category_and_id() {
        let stream = StreamId::parse("account-0b-c").expect("a name");
        assert_eq!((stream.category(), stream.id()), ("account", "0b-c"));
    }

    #[test]
    fn parts_that_make_no_name_are_refused() {
        assert_eq!(
            StreamId::new("depot", 7).map(|name| name.to_string()),
            Ok("depot-7".to_owned())
        );
        for (category, id) in
            [("depot", "a b"), ("depot", ""), ("", "1"), ("a-b", "1"), ("depot", "ü")]
        {
            assert!(StreamId::new(category, id).is_err(), "{category:?} {id:?}");
        }
    }

    #[test]
    fn names_that_could_not_be_told_apart_or_routed_are_refused() {
        for bad in ["", "account", "-x", "account-", "a b-c", "prod\0-c", "ü-1", &"x-".repeat(101)]
        {
            assert!(StreamId::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "opened", ".opened", "depot.", "Depot.Opened", "depot.ope ned"] {
            assert!(EventType::parse(bad).is_err(), "{bad:?}");
        }
    }
}
