//! How the database becomes ours: made where there is none, replaced where it is of an older layout, refused where it is not ours.

use kernel::Position;
use reqwest::{Method, StatusCode};
use runtime::{ModelError, model::is_newer};
use serde_json::{Value, json};

use super::{PAGE, Range, Server, read};
use crate::model::couchdb::documents::{CHECKPOINT, Checkpoint, LEASE, Stored};

/// How another place is chosen.
const CHOOSE: &str = "name another database";

impl Server {
    /// The checkpoint and its revision. Creates the database if there is none.
    pub(in crate::model::couchdb) async fn checkpoint(
        &self,
    ) -> Result<(Checkpoint, String), ModelError> {
        let found = match self.get(CHECKPOINT).await? {
            Some(found) => found,
            None => self.create().await?,
        };
        let checkpoint: Checkpoint = read(&found)?;
        if checkpoint.schema == self.schema {
            self.remote.mark_ours();
            return Ok((checkpoint, found.rev));
        }
        if is_newer(checkpoint.schema, self.schema) {
            return Err(self.remote.newer(self.place(), CHOOSE));
        }
        if self.remote.was_ours() {
            return Err(self.remote.replaced());
        }
        tracing::warn!(
            number = checkpoint.schema,
            "the read model has another version's layout; rebuilding it from the log"
        );
        let emptied = self.empty().await?;
        self.remote.mark_ours();
        Ok((read(&emptied)?, emptied.rev))
    }

    /// Deletes the database and creates it again.
    pub(in crate::model::couchdb) async fn empty(&self) -> Result<Stored, ModelError> {
        self.delete().await?;
        self.create().await
    }

    /// Empties the model. The lease stays, whichever generation it is for.
    pub(in crate::model::couchdb) async fn clear(&self) -> Result<(), ModelError> {
        *self.claim.lock().await = None;
        let (found, rev) = self.checkpoint().await?;
        // From here on nothing of it is in force, whatever is still there.
        let start = Checkpoint { position: Position::START, last: 0, ..found };
        self.put(CHECKPOINT, Some(&rev), &json!(start)).await?.ok_or(ModelError::Stale)?;
        let mut from = String::new();
        loop {
            let page = self.range(Range::Up(&from, "\u{fff0}"), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            // The smallest id behind the last one.
            from = format!("{}\u{1}", last.id);
            let stays = |id: &str| [CHECKPOINT, LEASE].contains(&id) || id.starts_with('_');
            let gone: Vec<Value> = page
                .iter()
                .filter(|stored| !stays(&stored.id))
                .map(|stored| json!({ "_id": stored.id, "_rev": stored.rev, "_deleted": true }))
                .collect();
            self.put_all(&gone).await?;
        }
    }

    /// Deletes the database, if it is ours.
    pub(in crate::model::couchdb) async fn remove(&self) -> Result<(), ModelError> {
        let Some(found) = self.get(CHECKPOINT).await? else { return Ok(()) };
        if read::<Checkpoint>(&found).is_err() {
            return Ok(());
        }
        self.delete().await
    }

    /// Deletes the database.
    async fn delete(&self) -> Result<(), ModelError> {
        *self.claim.lock().await = None;
        let (status, answer) =
            self.send(Method::DELETE, self.location.at(&self.location.database), None).await?;
        if !status.is_success() && status != StatusCode::NOT_FOUND {
            return Err(self.named(status, &answer));
        }
        Ok(())
    }

    /// Creates the database, readable by us alone, unless it is there.
    pub(in crate::model::couchdb) async fn make(&self) -> Result<bool, ModelError> {
        let (status, answer) =
            self.send(Method::PUT, self.location.at(&self.location.database), None).await?;
        if status == StatusCode::PRECONDITION_FAILED {
            return Ok(false);
        }
        if !status.is_success() {
            return Err(self.named(status, &answer));
        }
        self.secure().await?;
        Ok(true)
    }

    /// Creates the database, readable by us alone, and its checkpoint. Another instance may be doing the same.
    async fn create(&self) -> Result<Stored, ModelError> {
        if !self.make().await? && self.is_foreign().await? {
            return Err(self.remote.foreign(self.place(), CHOOSE));
        }
        let new = Checkpoint { schema: self.schema, position: Position::START, last: 0, term: 0 };
        let _made_meanwhile = self.put(CHECKPOINT, None, &json!(new)).await?;
        self.get(CHECKPOINT).await?.ok_or_else(|| self.silent("the database was deleted again"))
    }

    /// Whether there are documents, but none that marks them as ours.
    async fn is_foreign(&self) -> Result<bool, ModelError> {
        let (status, answer) =
            self.send(Method::GET, self.location.at(&self.location.database), None).await?;
        if !status.is_success() {
            return Err(self.named(status, &answer));
        }
        let is_empty = answer.get("doc_count").and_then(Value::as_u64) == Some(0);
        // Another instance may have put its checkpoint there meanwhile.
        Ok(!is_empty && self.get(CHECKPOINT).await?.is_none())
    }

    /// Keeps others out of a new database. The stand-in of the tests has neither users nor security objects.
    async fn secure(&self) -> Result<(), ModelError> {
        let (_, welcome) = self.send(Method::GET, self.location.at(""), None).await?;
        if welcome.get("couchdb").is_none() {
            return Ok(());
        }
        // A fresh single server has no database of users yet.
        self.send(Method::PUT, self.location.at("_users"), None).await?;
        let nobody: [&str; 0] = [];
        let security = json!({
            "admins": { "names": nobody, "roles": ["_admin"] },
            "members": { "names": [self.location.url.username()], "roles": ["_admin"] },
        });
        let url = self.location.in_database("_security");
        let (status, answer) = self.send(Method::PUT, url, Some(&security)).await?;
        if status.is_success() { Ok(()) } else { Err(self.named(status, &answer)) }
    }

    fn place(&self) -> String {
        format!("the database {:?}", self.location.database)
    }
}
