//! The event store over MongoDB.

use ::store::StoreFailure;
use contracts::names::PREFIX;
use store_mongodb::MongoOptions;
pub(crate) use store_mongodb::MongoStore;

/// Opens the store under the shop's name, where its URL says nothing of that.
pub(crate) async fn open_mongo(url: &str) -> Result<MongoStore, StoreFailure> {
    let name = || PREFIX.to_owned();
    MongoStore::open(
        url,
        MongoOptions { database: name(), application: name(), ..MongoOptions::default() },
    )
    .await
}
