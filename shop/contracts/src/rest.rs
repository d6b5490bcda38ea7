//! What the REST API answers, as services write it and clients read it.
//!
//! Field names are `PascalCase`. Readers ignore fields they do not know.

pub mod accounting;
pub mod causation;
pub mod customer;
pub mod demo;
pub mod denial;
pub mod drill;
pub mod events;
pub mod order;
pub mod playground;
pub mod product;
pub mod story;
pub mod through;
