//! The suites that every engine and every transport passes.

pub mod engine;
pub mod samples;
pub mod transport;
