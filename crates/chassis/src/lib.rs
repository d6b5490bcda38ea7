//! What all services share in I/O and that knows no business.

pub mod auth;
pub mod http;
pub mod metrics;
