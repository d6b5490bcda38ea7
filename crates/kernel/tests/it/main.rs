//! The vocabulary as a system uses it.

mod events;
