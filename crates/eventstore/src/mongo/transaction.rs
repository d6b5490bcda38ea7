//! One group as one transaction: all its events or none.

use std::sync::Arc;

use kernel::{Position, Recorded};
use mongodb::{
    ClientSession, Collection,
    bson::{RawDocumentBuf, doc},
    error::{Error, ErrorKind, UNKNOWN_TRANSACTION_COMMIT_RESULT},
};

use super::{
    codec::{self, long},
    connection::Connection,
};
use crate::port::StoreFailure;

const DUPLICATE_KEY: i32 = 11000;
const WRITE_CONFLICT: i32 = 112;

/// Records groups, one after the other.
///
/// All go through one session: should a lost connection leave a transaction open, the next one of the same session ends it at the
/// server, which would otherwise hold its positions for a minute.
pub(super) struct Transactions {
    connection: Connection,
    session: Option<ClientSession>,
}

/// Why a group is not recorded.
pub(super) enum Setback {
    /// Somebody else recorded there: nothing of the group is, and whoever made it knows too little.
    Overtaken,
    /// Whether it is recorded is not known.
    Failed(StoreFailure),
}

impl From<StoreFailure> for Setback {
    fn from(failure: StoreFailure) -> Self {
        Self::Failed(failure)
    }
}

/// What the server said to a transaction.
enum Outcome {
    Recorded,
    Overtaken,
    /// The commit may have happened, or may still happen.
    Unknown,
    Failed(Error),
}

impl Transactions {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, session: None }
    }

    pub(super) async fn record(&mut self, events: &[Arc<Recorded>]) -> Result<(), Setback> {
        if events.is_empty() {
            return Ok(());
        }
        let documents: Vec<_> = events.iter().map(|event| codec::document(event)).collect();
        let session = match self.session.take() {
            Some(session) => session,
            None => self.new_session().await?,
        };
        // What takes too long keeps its session.
        let collection = self.connection.events.clone();
        let (session, outcome) =
            self.connection.ask(transact(session, collection, documents)).await?;
        self.session = Some(session);
        match outcome {
            Outcome::Recorded => Ok(()),
            Outcome::Overtaken => Err(Setback::Overtaken),
            // Should the old commit still arrive, it fails at positions taken by then, or what is tried now does.
            Outcome::Unknown => self.stand(events).await?.then_some(()).ok_or(Setback::Overtaken),
            Outcome::Failed(error) => Err(self.connection.failure(&error).into()),
        }
    }

    async fn new_session(&self) -> Result<ClientSession, StoreFailure> {
        let client = self.connection.client.clone();
        let session = self.connection.ask(async move { client.start_session().await }).await?;
        session.map_err(|error| self.connection.failure(&error))
    }

    /// Whether exactly these events stand at their positions.
    async fn stand(&self, events: &[Arc<Recorded>]) -> Result<bool, StoreFailure> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(true) };
        let (first, last) = (first.position, last.position);
        let collection = self.connection.events.clone();
        let found = self.connection.ask(places(collection, first, last)).await?;
        let found = found.map_err(|error| self.connection.failure(&error))?;
        let found: Vec<_> =
            found.iter().map(|document| codec::place(document)).collect::<Result<_, _>>()?;
        Ok(found.into_iter().eq(events.iter().map(|event| (event.id, event.position))))
    }
}

async fn transact(
    mut session: ClientSession,
    events: Collection<RawDocumentBuf>,
    documents: Vec<RawDocumentBuf>,
) -> (ClientSession, Outcome) {
    // One that a lost connection left open; usually there is none, and the driver says so without asking the server.
    drop(session.abort_transaction().await);
    let outcome = match insert(&mut session, &events, documents).await {
        Err(error) => {
            if is_answer(&error) {
                // It is over at the server in any case, sooner this way.
                drop(session.abort_transaction().await);
            }
            if is_contention(&error) { Outcome::Overtaken } else { Outcome::Failed(error) }
        }
        Ok(()) => match session.commit_transaction().await {
            Ok(()) => Outcome::Recorded,
            Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => {
                tracing::warn!(%error, "the result of a commit is not known");
                Outcome::Unknown
            }
            Err(error) if is_contention(&error) => Outcome::Overtaken,
            Err(error) => Outcome::Failed(error),
        },
    };
    (session, outcome)
}

async fn insert(
    session: &mut ClientSession,
    events: &Collection<RawDocumentBuf>,
    documents: Vec<RawDocumentBuf>,
) -> mongodb::error::Result<()> {
    session.start_transaction().await?;
    events.insert_many(documents).ordered(true).session(session).await.map(drop)
}

async fn places(
    events: Collection<RawDocumentBuf>,
    first: Position,
    last: Position,
) -> mongodb::error::Result<Vec<RawDocumentBuf>> {
    let range = doc! { "_id": { "$gte": long(first.0), "$lte": long(last.0) } };
    let mut found = events.find(range).sort(doc! { "_id": 1 }).projection(doc! { "id": 1 }).await?;
    let mut documents = Vec::new();
    while found.advance().await? {
        documents.push(found.current().to_owned());
    }
    Ok(documents)
}

/// Whether the server itself said so.
fn is_answer(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(_) | ErrorKind::InsertMany(_) | ErrorKind::Write(_))
}

fn is_contention(error: &Error) -> bool {
    let contends = |code: i32| code == DUPLICATE_KEY || code == WRITE_CONFLICT;
    match &*error.kind {
        ErrorKind::Command(refused) => contends(refused.code),
        ErrorKind::InsertMany(refused) => {
            refused.write_errors.iter().flatten().any(|error| contends(error.code))
        }
        _ => false,
    }
}
