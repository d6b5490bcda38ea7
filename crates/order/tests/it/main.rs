//! The order service at its borders.
