//! The accounting service: invoices and revenue.
pub mod domain;
