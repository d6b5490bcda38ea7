//! The customer service: accounts, sessions and credit.
pub mod domain;
