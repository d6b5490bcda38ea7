//! The chassis at its borders.

mod http;
mod projecting;
mod sqlite;
