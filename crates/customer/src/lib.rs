//! The customer service: accounts, sessions and credit.
pub mod domain;
pub mod react;
mod snapshot;
