//! The product service: catalogue and stock.
pub mod domain;
pub mod catalogue;
