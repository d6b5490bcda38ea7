//! A shop's article number as it comes in.

use std::{borrow::Cow, ops::Deref};

use kernel::text::{is_invisible, nfc};
use serde::{Deserialize, Deserializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// A shop's article number: 1 to 64 visible characters, in one Unicode form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    text: String,
    /// As it was sent, where that was another form: an older shop kept it like that.
    sent: Option<String>,
}

impl Code {
    const CHARACTERS_MAX: usize = 64;

    fn parse(text: String) -> Option<Self> {
        let visible = |character: char| {
            !character.is_whitespace() && !character.is_control() && !is_invisible(character)
        };
        let count = text.chars().take(Self::CHARACTERS_MAX + 1).count();
        let fits = (1..=Self::CHARACTERS_MAX).contains(&count) && text.chars().all(visible);
        fits.then(|| match nfc(&text) {
            Cow::Borrowed(_) => Self { text, sent: None },
            Cow::Owned(composed) => Self { text: composed, sent: Some(text) },
        })
    }

    /// The code as it was sent, if that was in another Unicode form.
    pub(super) fn sent(&self) -> Option<&str> {
        self.sent.as_deref()
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }
}

impl Deref for Code {
    type Target = str;
    fn deref(&self) -> &str {
        &self.text
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).ok_or_else(|| {
            de::Error::custom("must have 1 to 64 characters that can be seen, no spaces")
        })
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(Self::CHARACTERS_MAX))
            .pattern(Some(
                "^[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\
                 \\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\
                 \u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]+$",
            ))
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Code")
    }
}
