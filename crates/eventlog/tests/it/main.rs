//! What the engine promises, tested at its border.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod history;
mod support;
