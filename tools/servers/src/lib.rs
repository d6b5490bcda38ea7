//! Real servers for tests: each a child process on a free loopback port, its data in a temporary folder, removed with its owner.
//!
//! What a server needs to be installed, `cargo xtask setup` installs; a missing one is an error that says so.

mod child;
mod couchdb;
mod folder;
mod mongodb;
mod postgres;
mod proxy;
mod rabbitmq;
mod redis;
pub mod system;
pub mod usage;

pub use child::{Child, free_port, on_free_port};
pub use couchdb::CouchDb;
pub use folder::Folder;
pub use mongodb::Mongodb;
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use rabbitmq::RabbitMq;
pub use redis::Redis;
pub use system::{Store, System};
