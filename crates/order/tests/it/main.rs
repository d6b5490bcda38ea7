//! The order service at its borders.

mod calls;
mod harness;
mod live;
mod model;
mod rules;
mod saga;
