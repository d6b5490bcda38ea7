//! The order service: orders and their saga.
