//! The order service at its borders.

mod harness;
mod saga;
