//! The customer service at its borders.

mod harness;
mod path;
