//! The chassis at its borders.

mod ended_sessions;
mod http;
mod projecting;
mod reading;
mod replaced;
mod sqlite;
