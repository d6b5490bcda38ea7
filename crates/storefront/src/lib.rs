//! The shop as customers meet it.
