//! The event store over MongoDB.

pub(crate) use store_mongodb::MongoStore;
