//! The published language as it was ever released: old events are read for ever, answers read back as they were written.

mod released;
mod rest;
