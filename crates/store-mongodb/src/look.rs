//! Queries of the collection: none sees less than this store has seen or recorded before.
//!
//! A majority's data is never lost, but a newly elected primary may not know yet how far it goes. So every query and every
//! transaction sends the latest cluster time that any of them has seen, and the server waits until it has reached that time.

use std::sync::{Arc, Mutex};

use kernel::sync;
use mongodb::{
    Client, ClientSession, Collection,
    bson::{Document, RawDocumentBuf, Timestamp},
    error::Result as Answer,
};

/// What to look for.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) filter: Document,
    pub(super) sort: Document,
    /// The fields wanted; all, if there are none.
    pub(super) fields: Document,
    /// At most so many documents.
    pub(super) limit: usize,
    /// No more documents after so many bytes; two are always given, if there are two.
    pub(super) bytes_max: usize,
}

impl Look {
    /// The first document of a sorting.
    pub(super) fn first(filter: Document, sort: Document, fields: Document) -> Self {
        Self { filter, sort, fields, limit: 1, bytes_max: usize::MAX }
    }

    pub(super) async fn take(
        self,
        events: &Collection<RawDocumentBuf>,
        session: &mut ClientSession,
    ) -> Answer<Vec<RawDocumentBuf>> {
        let mut found = events
            .find(self.filter)
            .sort(self.sort)
            .projection(self.fields)
            .limit(i64::try_from(self.limit).unwrap_or(i64::MAX))
            .batch_size(u32::try_from(self.limit).unwrap_or(u32::MAX))
            .session(&mut *session)
            .await?;
        let (mut documents, mut bytes) = (Vec::new(), 0);
        while (bytes <= self.bytes_max || documents.len() < 2) && found.advance(session).await? {
            documents.push(found.current().to_owned());
            bytes += found.current().as_bytes().len();
        }
        Ok(documents)
    }
}

/// The latest time of the cluster that this store had to do with.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Option<Timestamp>>>);

impl Seen {
    /// A session that sees at least what was seen.
    pub(super) async fn session(&self, client: &Client) -> Answer<ClientSession> {
        let mut session = client.start_session().causal_consistency(true).await?;
        self.tell(&mut session);
        Ok(session)
    }

    /// From here on the session sees at least what was seen.
    pub(super) fn tell(&self, session: &mut ClientSession) {
        let seen = *sync::lock(&self.0);
        if let Some(seen) = seen {
            session.advance_operation_time(seen);
        }
    }

    /// Notes what the session has seen, or recorded.
    pub(super) fn note(&self, session: &ClientSession) {
        let mut seen = sync::lock(&self.0);
        *seen = (*seen).max(session.operation_time());
    }
}
