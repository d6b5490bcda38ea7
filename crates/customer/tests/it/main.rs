//! The customer service at its borders.

mod accounts;
mod bootstrap;
mod credit;
mod harness;
mod model;
mod path;
mod rules;
mod sessions;
