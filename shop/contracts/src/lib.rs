//! The published language: every event and REST type that crosses a service's border, and the upcasting of old ones.
//!
//! An event type is never renamed, and a field never changes its meaning: a new schema number is added, and `decode` upcasts
//! the older ones.

pub mod accounting;
pub mod actor;
mod alike;
pub mod catalogue;
pub mod customer;
mod families;
pub mod loyalty;
pub mod money;
pub mod names;
pub mod order;
pub mod picture;
pub mod product;
mod reason;
pub mod rest;

pub use alike::alike;
pub use families::{FAMILIES, Family, Renewed, types};
