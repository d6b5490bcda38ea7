//! The published language of every release: old events stay readable, answers read back as they were written.

mod released;
mod rest;
mod wire;
