//! Takeover: ends the transactions that another writer left open.
//!
//! A writer that is stopped or cut off between insert and commit holds its positions until MongoDB aborts the transaction: a minute,
//! unless `transactionLifetimeLimitSeconds` says otherwise. So each writer notes its session in the collection `writers` before its first
//! transaction, and a successor ends the sessions that it finds there. What they left open is undone; a writer that is still alive
//! finds that another one recorded, and reads on. Ending sessions of one's own user needs no privilege.

use futures_util::TryStreamExt as _;
use mongodb::{
    ClientSession,
    bson::{Bson, Document, doc},
    error::Result as Answer,
};

use super::connection::Connection;

const COLLECTION: &str = "writers";
/// Of so many before it a writer ends the sessions; older ones were ended by those.
const PREDECESSORS: i64 = 16;

/// Notes the session, then ends those of all others.
pub(super) async fn succeed(connection: &Connection, session: &ClientSession) -> Answer<()> {
    let writers = connection.database().collection::<Document>(COLLECTION);
    writers.insert_one(session.id()).await?;
    end_others(connection, session).await
}

/// Ends the sessions of all writers but this one.
pub(super) async fn end_others(connection: &Connection, session: &ClientSession) -> Answer<()> {
    let database = connection.database();
    let writers = database.collection::<Document>(COLLECTION);
    let noted = writers.find(doc! {}).sort(doc! { "_id": -1 }).limit(PREDECESSORS).await?;
    let own = session.id().get("id");
    let noted: Vec<Document> = noted.try_collect().await?;
    let ids = noted.iter().filter_map(|writer| writer.get("id"));
    let others: Vec<Bson> =
        ids.filter(|id| Some(*id) != own).map(|id| doc! { "id": id }.into()).collect();
    if others.is_empty() {
        // None would mean all.
        return Ok(());
    }
    database.run_command(doc! { "killSessions": others }).await.map(drop)
}
