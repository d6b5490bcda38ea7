//! What the REST API answers: the types that clients of several services read.

pub mod events;
