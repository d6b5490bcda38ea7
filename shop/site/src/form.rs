//! Forms: what was typed, what is wrong with which field, and the proof that the form is ours.

mod field;

use axum::{extract::FromRequestParts, http::request::Parts};
use bytes::Bytes;

pub use field::Field;

use crate::{Failure, FieldError, Visit, typed::Typed};

/// A form as it was sent, or as it is shown. As an extractor it answers only to forms that this site gave this visitor.
#[derive(Clone, Debug, Default)]
pub struct Form {
    values: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
    errors: Vec<FieldError>,
    /// What is wrong with the whole.
    alert: Option<String>,
}

impl Form {
    /// An empty form.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A form filled in with `values`.
    #[must_use]
    pub fn filled<const N: usize>(values: [(&str, String); N]) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { values, ..Self::default() }
    }

    /// The value of the field, trimmed; empty if there is no such field.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The value of the field to the letter, as a password is meant.
    #[must_use]
    pub fn raw(&self, name: &str) -> &str {
        self.values.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// The values of all fields of that name, to the letter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(found, _)| found == name).map(|(_, value)| &**value)
    }

    /// The content of the file that was chosen in the field; none if there was none, or an empty one.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Bytes> {
        let mut files = self.files.iter().filter(|(found, _)| found == name);
        files.next().map(|(_, content)| content).filter(|content| !content.is_empty())
    }

    /// The value of the field, if it is not empty.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.value(name)).filter(|value| !value.is_empty())
    }

    /// Puts `value` into the field.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.retain(|(found, _)| found != name);
        self.values.push((name.to_owned(), value.into()));
    }

    /// Says what is wrong with the field.
    pub fn reject(&mut self, name: &str, detail: impl Into<String>) {
        self.errors.push(FieldError { field: name.to_owned(), detail: detail.into() });
    }

    /// Says what is wrong with the whole.
    pub fn alert(&mut self, text: impl Into<String>) {
        self.alert = Some(text.into());
    }

    /// Takes the fields that the gateway refused, to be shown with what was typed. Returns failures that do not concern the form.
    ///
    /// An unreachable shop is reported in the form too, so that what was typed stays.
    pub fn refuse(&mut self, failure: Failure) -> Result<(), Failure> {
        match failure {
            Failure::Refused(refusal) if matches!(refusal.status, 400 | 409 | 413 | 422) => {
                if refusal.errors.is_empty() {
                    let known = !refusal.detail.is_empty();
                    self.alert(if known { refusal.detail } else { refusal.title });
                }
                // What was found wrong here is not said again.
                for error in refusal.errors {
                    if self.error(&error.field).is_none() {
                        self.errors.push(error);
                    }
                }
                Ok(())
            }
            Failure::Refused(refusal) if refusal.status == 429 => {
                self.alert(too_many(refusal.retry_after_seconds));
                Ok(())
            }
            Failure::Unreachable { .. } => {
                self.alert("The shop cannot be reached right now. Nothing you typed is lost: please try again in a moment.");
                Ok(())
            }
            Failure::Busy { .. } => {
                self.alert("The shop is busy right now and did nothing. Nothing you typed is lost: please try again in a moment.");
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Whether anything is wrong.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        !self.errors.is_empty() || self.alert.is_some()
    }

    /// What is wrong with the field, as a sentence.
    #[must_use]
    pub fn error(&self, name: &str) -> Option<String> {
        self.errors.iter().find(|error| error.field == name).map(|error| sentence(&error.detail))
    }

    /// What is wrong with the whole, if anything is: shown above the fields.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        match (&self.alert, self.errors.len()) {
            (Some(alert), _) => Some(sentence(alert)),
            (None, 0) => None,
            (None, 1) => Some("One field needs another look.".to_owned()),
            (None, count) => Some(format!("{count} fields need another look.")),
        }
    }

    /// The field `name` with its label, as it is shown.
    #[must_use]
    pub fn field(&self, name: &'static str, label: &'static str) -> Field {
        Field::new(name, label, self.value(name).to_owned(), self.error(name))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let visit = parts.extensions.get::<Visit>().ok_or(Failure::Broken)?;
        let Typed { fields: values, files, .. } = visit.typed();
        let form = Self { values, files, ..Self::default() };
        if visit.is_genuine(form.raw("_csrf")) {
            Ok(form)
        } else if visit.has_expired() && !has_secret(&form.values) {
            // It was ours: it belongs to the session that is over.
            Err(Failure::NotLoggedIn)
        } else {
            Err(Failure::Forged)
        }
    }
}

fn too_many(retry_after_seconds: Option<u64>) -> String {
    match retry_after_seconds.map(|seconds| seconds.div_ceil(60)) {
        None | Some(0) => {
            "Too many attempts. Please wait a little before you try again.".to_owned()
        }
        Some(1) => "Too many attempts. Please try again in a minute.".to_owned(),
        Some(minutes) => format!("Too many attempts. Please try again in {minutes} minutes."),
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}

/// Whether something was typed that is not shown again.
pub(crate) fn has_secret(fields: &[(String, String)]) -> bool {
    fields.iter().any(|(name, _)| name.contains("Password"))
}
