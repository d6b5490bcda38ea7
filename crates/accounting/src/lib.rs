//! The accounting service: invoices and revenue.
pub mod domain;
pub mod react;
