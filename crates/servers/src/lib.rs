//! Real servers for tests: each a child process on a free loopback port, its data in a temporary folder, gone with its owner.
//!
//! What a server needs to be installed, `cargo xtask setup` installs; a missing one is an error that says so.

mod child;
mod couchdb;
mod postgres;
mod redis;

pub use child::{Child, free_port};
pub use couchdb::CouchDb;
pub use postgres::Postgres;
pub use redis::Redis;
