//! Collects all invalid fields of a request, to report them at once.

use std::{fmt, ops::RangeInclusive};

use super::{FieldError, Problem, text::text_fault};

/// The faults found so far in the fields of one request.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// No faults yet.
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

    /// Notes it if `text` is not of that many characters, or has characters that have no place in a line.
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
