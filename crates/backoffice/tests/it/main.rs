//! The back office from outside.
