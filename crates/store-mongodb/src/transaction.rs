//! One group as one transaction: all its events or none.

use std::sync::Arc;

use kernel::{Recorded, Timestamp};
use mongodb::{
    ClientSession, Collection,
    bson::{RawDocumentBuf, doc},
    error::{Error, ErrorKind, UNKNOWN_TRANSACTION_COMMIT_RESULT},
};

use super::{
    codec::{self, long},
    connection::Connection,
    look::Look,
    takeover,
};
use store::{plan::PastEvent, port::StoreFailure};

const DUPLICATE_KEY: i32 = 11000;
const WRITE_CONFLICT: i32 = 112;
/// The session was ended by another writer.
const NO_SUCH_TRANSACTION: i32 = 251;

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
    /// Another writer recorded there: nothing of the group is recorded, and its author must read on first.
    Overtaken,
    /// Whether it is recorded is not known.
    Failed(StoreFailure),
}

impl From<StoreFailure> for Setback {
    fn from(failure: StoreFailure) -> Self {
        Self::Failed(failure)
    }
}

/// The server's answer to a transaction.
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

    /// `latest`: the latest time of all events before.
    pub(super) async fn record(
        &mut self,
        events: &[Arc<Recorded>],
        mut latest: Timestamp,
    ) -> Result<(), Setback> {
        if events.is_empty() {
            return Ok(());
        }
        let document = |event: &Arc<Recorded>| {
            latest = latest.max(event.time);
            codec::document(event, latest)
        };
        let documents: Vec<_> = events.iter().map(document).collect();
        // What takes too long keeps its session.
        let work = transact(self.connection.clone(), self.session.take(), documents);
        let (session, outcome) = self.connection.ask(work).await?;
        self.session = session;
        match outcome {
            Outcome::Recorded => Ok(()),
            Outcome::Overtaken => Err(Setback::Overtaken),
            // Should the old commit still arrive, it fails at positions taken by then, or what is tried now does.
            Outcome::Unknown => self.stand(events).await?.then_some(()).ok_or(Setback::Overtaken),
            Outcome::Failed(error) => Err(self.connection.failure(&error).into()),
        }
    }

    /// Aborts transactions that other writers left open, which block their positions.
    pub(super) async fn end_others(&mut self) -> Result<(), StoreFailure> {
        let Some(session) = self.session.take() else { return Ok(()) };
        let connection = self.connection.clone();
        let work = async move {
            let ended = takeover::end_others(&connection, &session).await;
            (session, ended)
        };
        let (session, ended) = self.connection.ask(work).await?;
        self.session = Some(session);
        ended.map_err(|error| self.connection.failure(&error))
    }

    /// Whether exactly these events are at their positions.
    async fn stand(&self, events: &[Arc<Recorded>]) -> Result<bool, StoreFailure> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(true) };
        let range = doc! { "$gte": long(first.position.0), "$lte": long(last.position.0) };
        let found = self.connection.look(Look {
            filter: doc! { "position": range },
            sort: doc! { "position": 1 },
            fields: doc! { "id": 1, "position": 1, "time": 1 },
            limit: events.len(),
            bytes_max: usize::MAX,
        });
        let found: Vec<_> =
            found.await?.iter().map(|document| codec::past(document)).collect::<Result<_, _>>()?;
        Ok(found.into_iter().eq(events.iter().map(PastEvent::from)))
    }
}

async fn transact(
    connection: Connection,
    session: Option<ClientSession>,
    documents: Vec<RawDocumentBuf>,
) -> (Option<ClientSession>, Outcome) {
    let Connection { events, seen, .. } = &connection;
    let mut session = match session {
        Some(session) => session,
        None => match begin(&connection).await {
            Ok(session) => session,
            Err(error) => return (None, Outcome::Failed(error)),
        },
    };
    seen.tell(&mut session);
    let outcome = record(&mut session, events, documents).await;
    // What no majority has yet must not hold up every look.
    if matches!(outcome, Outcome::Recorded) {
        seen.note(&session);
    }
    (Some(session), outcome)
}

/// A session for one transaction after the other.
async fn begin(connection: &Connection) -> mongodb::error::Result<ClientSession> {
    let session = connection.seen.session(&connection.client).await?;
    takeover::succeed(connection, &session).await?;
    Ok(session)
}

async fn record(
    session: &mut ClientSession,
    events: &Collection<RawDocumentBuf>,
    documents: Vec<RawDocumentBuf>,
) -> Outcome {
    // One that a lost connection left open; usually there is none, and the driver knows that without asking the server.
    drop(session.abort_transaction().await);
    match insert(session, events, documents).await {
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
                tracing::warn!(%error, "the result of a commit is unknown");
                Outcome::Unknown
            }
            Err(error) if is_contention(&error) => Outcome::Overtaken,
            Err(error) => Outcome::Failed(error),
        },
    }
}

async fn insert(
    session: &mut ClientSession,
    events: &Collection<RawDocumentBuf>,
    documents: Vec<RawDocumentBuf>,
) -> mongodb::error::Result<()> {
    session.start_transaction().await?;
    events.insert_many(documents).ordered(true).session(session).await.map(drop)
}

/// Whether the error comes from the server itself.
fn is_answer(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(_) | ErrorKind::InsertMany(_) | ErrorKind::Write(_))
}

fn is_contention(error: &Error) -> bool {
    let contends = |code: i32| matches!(code, DUPLICATE_KEY | WRITE_CONFLICT | NO_SUCH_TRANSACTION);
    match &*error.kind {
        ErrorKind::Command(refused) => contends(refused.code),
        ErrorKind::InsertMany(refused) => {
            refused.write_errors.iter().flatten().any(|error| contends(error.code))
        }
        _ => false,
    }
}
