//! Rules of fields: text of bounded length without control characters, and several faults reported at once.

use std::{borrow::Cow, fmt, ops::Deref, ops::RangeInclusive};

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use super::{FieldError, Problem};

/// Text without control characters, as JSON Schema says it.
const NO_CONTROL_CHARACTERS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// A text of `MIN` to `MAX` characters, none of them a control character.
///
/// As a field of a request it refuses anything else with 422 and documents its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// The faults found so far in the fields of one request.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Takes `text` if it keeps the rules, else says which one it breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        text_fault(&text, &(MIN..=MAX)).map_or(Ok(Self(text)), Err)
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Text<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(MIN))
            .max_length(Some(MAX))
            .pattern(Some(NO_CONTROL_CHARACTERS))
            .into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Text{MIN}To{MAX}"))
    }
}

impl FieldErrors {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault of `field`.
    pub fn add(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), detail: detail.into() });
    }

    /// Notes `detail` unless `holds`.
    pub fn check(&mut self, field: &str, holds: bool, detail: &str) {
        if !holds {
            self.add(field, detail);
        }
    }

    /// The value, or its error noted as the fault of `field`.
    pub fn take<T, E: fmt::Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// Notes it if `text` is not of that many characters, or has control characters.
    pub fn text(&mut self, field: &str, text: &str, characters: RangeInclusive<usize>) {
        if let Some(fault) = text_fault(text, &characters) {
            self.add(field, fault);
        }
    }

    /// 422 with all faults, if there are any.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::unprocessable(self.0)) }
    }
}

fn text_fault(text: &str, characters: &RangeInclusive<usize>) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("must not contain control characters".to_owned());
    }
    // Counting stops early: a long text is not walked to its end to be refused.
    let count = text.chars().take(characters.end() + 1).count();
    if characters.contains(&count) {
        return None;
    }
    Some(match (characters.start(), characters.end()) {
        (0, end) => format!("must have at most {end} characters"),
        (start, end) => format!("must have {start} to {end} characters"),
    })
}
