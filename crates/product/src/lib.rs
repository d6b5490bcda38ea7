//! The product service: catalogue and stock.
pub mod catalogue;
pub mod domain;
pub mod react;
mod snapshot;
