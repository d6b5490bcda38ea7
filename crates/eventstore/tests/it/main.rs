//! The engines against the contract of their port, and each against what befalls it.

mod events;
mod log;
mod mongo;
