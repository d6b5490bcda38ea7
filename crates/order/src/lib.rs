//! The order service: orders and their saga.
pub mod domain;
pub mod react;
pub mod saga;
