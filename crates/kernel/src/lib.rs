//! The vocabulary of an event-sourced system; pure.
