//! What the engine promises, tested at its border.

mod history;
mod support;
