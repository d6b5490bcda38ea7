//! Which event reacts to which, which ones began a request, what people did, and how many events of each type there are: an index
//! built from the log, so that what followed from an event, and who changed what, is found without reading the log.
//!
//! Its tables grow at the end: a reaction is recorded soon after its cause, and ids of requests sort by time. Inserted in between are
//! what one person did, without customers' orders, which are most of it; and the id of each request's trace, which is random: by it a line
//! of the log of any process leads to what it caused.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{order::OrderEvent, picture, rest::events::RecordedType};
use kernel::{EventType, Position, Recorded};
use runtime::{
    ModelError, Unfit,
    sqlite::{Embedded, Schema, Tables},
    trace::Traceparent,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use uuid::Uuid;

const SCHEMA: Schema = Schema {
    model: "causes",
    unmarked: &[],
    number: 4,
    variant: 0,
    create: "CREATE TABLE reaction (
                 cause INTEGER NOT NULL,
                 position INTEGER NOT NULL,
                 PRIMARY KEY (cause, position)
             ) WITHOUT ROWID;
             CREATE TABLE request (
                 correlation BLOB NOT NULL,
                 position INTEGER NOT NULL,
                 PRIMARY KEY (correlation, position)
             ) WITHOUT ROWID;
             CREATE TABLE trace (
                 trace BLOB NOT NULL,
                 position INTEGER NOT NULL,
                 PRIMARY KEY (trace, position)
             ) WITHOUT ROWID;
             CREATE TABLE deed (
                 position INTEGER PRIMARY KEY,
                 actor TEXT NOT NULL,
                 type TEXT NOT NULL
             );
             CREATE INDEX deed_by ON deed (actor, position);
             CREATE TABLE recorded (
                 type TEXT PRIMARY KEY,
                 events INTEGER NOT NULL
             ) WITHOUT ROWID;",
};

/// The index.
pub(super) type Causes = Embedded<Index>;

/// Its tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index;

/// What an event adds to the index.
#[derive(Clone, Debug)]
pub(super) struct Link {
    position: Position,
    kind: EventType,
    follows: Follows,
    /// Of what reacts to nothing; reactions are found from there.
    trace: Option<u128>,
    /// The person who did it; none where it is no deed of a person.
    by: Option<String>,
}

/// The kind of actors that are parts of the shop.
pub(super) const REACTOR: &str = "reactor";
/// The kind of actors that are its customers.
const CUSTOMER: &str = "customer";

/// What an event follows from.
#[derive(Clone, Copy, Debug)]
enum Follows {
    Cause(Position),
    /// It reacts to nothing.
    Request(Uuid),
}

/// The cause of an event. One that is not before it, as only a foreign program could record, is none: causes never go round in circles.
pub(super) fn cause(event: &Recorded) -> Option<Position> {
    let cause = event.metadata.cause.as_ref()?.position;
    (Position::START < cause && cause < event.position).then_some(cause)
}

/// What an event adds to the index. Pure.
#[expect(clippy::unnecessary_wraps, reason = "projectors allow for events that fit nothing")]
pub(super) fn project(event: &Recorded) -> Result<Option<Link>, Unfit> {
    let follows = cause(event).map_or(Follows::Request(event.metadata.correlation), Follows::Cause);
    let trace = match follows {
        Follows::Request(_) => event.metadata.traceparent.as_deref().and_then(Traceparent::parse),
        Follows::Cause(_) => None,
    };
    let trace = trace.map(|place| place.trace);
    let (position, kind) = (event.position, event.kind.clone());
    Ok(Some(Link { position, kind, follows, trace, by: by(event) }))
}

/// The person who did it, who is anyone but a part of the shop. What customers order is not a change of the shop, and has lists of its own.
fn by(event: &Recorded) -> Option<String> {
    let actor = &event.metadata.actor;
    let is_own_order = actor.kind() == CUSTOMER && event.kind.as_str() == OrderEvent::PLACED;
    // What a person did is that a product got it.
    let is_file = event.stream.category() == picture::CATEGORY;
    let by_a_person =
        cause(event).is_none() && actor.kind() != REACTOR && !is_own_order && !is_file;
    by_a_person.then(|| actor.to_string())
}

impl Tables for Index {
    type Change = Link;

    fn schema(&self) -> Schema {
        SCHEMA
    }

    fn another(&self) -> Self {
        *self
    }

    fn write(&self, tx: &Transaction<'_>, links: &[Link]) -> rusqlite::Result<()> {
        let mut reaction = tx.prepare_cached("INSERT OR IGNORE INTO reaction VALUES (?1, ?2)")?;
        let mut request = tx.prepare_cached("INSERT OR IGNORE INTO request VALUES (?1, ?2)")?;
        let mut traced = tx.prepare_cached("INSERT OR IGNORE INTO trace VALUES (?1, ?2)")?;
        let mut done = tx.prepare_cached("INSERT OR IGNORE INTO deed VALUES (?1, ?2, ?3)")?;
        let mut recorded: BTreeMap<&EventType, u64> = BTreeMap::new();
        for Link { position, kind, follows, trace, by } in links {
            *recorded.entry(kind).or_default() += 1;
            if let Some(trace) = trace {
                traced.execute(params![trace.to_be_bytes(), number(*position)])?;
            }
            if let Some(by) = by {
                done.execute(params![number(*position), by, kind.as_str()])?;
            }
            match follows {
                Follows::Cause(cause) => {
                    reaction.execute([number(*cause), number(*position)])?;
                }
                Follows::Request(correlation) => {
                    request.execute(params![correlation.as_bytes(), number(*position)])?;
                }
            }
        }
        let sql = "INSERT INTO recorded VALUES (?1, ?2) ON CONFLICT (type) DO UPDATE SET events = events + ?2";
        let mut count = tx.prepare_cached(sql)?;
        for (kind, events) in recorded {
            count.execute(params![kind.as_str(), i64::try_from(events).unwrap_or(i64::MAX)])?;
        }
        Ok(())
    }
}

/// Every type of which events are recorded, by name.
pub(super) fn types(causes: &Causes) -> Result<Vec<RecordedType>, ModelError> {
    causes.read(|connection| {
        let sql = "SELECT type, events FROM recorded ORDER BY type";
        let mut query = connection.prepare_cached(sql)?;
        let rows = query
            .query_map([], |row| Ok(RecordedType { r#type: row.get(0)?, events: row.get(1)? }))?;
        rows.collect()
    })
}

/// Positions in order, and whether there are more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) positions: Vec<Position>,
    pub(super) more: bool,
}

/// The events that began requests of `correlation`, from position `from` on, `count` at most.
pub(super) fn begun(
    causes: &Causes,
    correlation: Uuid,
    from: Position,
    count: usize,
) -> Result<Found, ModelError> {
    causes.read(|connection| {
        let sql = "SELECT position FROM request WHERE correlation = ?1 AND position >= ?2 ORDER BY position LIMIT ?3";
        let mut query = connection.prepare_cached(sql)?;
        let wanted = params![correlation.as_bytes(), number(from), count + 1];
        let rows = query.query_map(wanted, |row| row.get(0).map(Position))?;
        let mut positions: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        let more = positions.len() > count;
        positions.truncate(count);
        Ok(Found { positions, more })
    })
}

/// The first event that began a request of the trace.
pub(super) fn first_of_trace(causes: &Causes, trace: u128) -> Result<Option<Position>, ModelError> {
    causes.read(|connection| {
        let sql = "SELECT position FROM trace WHERE trace = ?1 ORDER BY position LIMIT 1";
        let mut query = connection.prepare_cached(sql)?;
        query.query_row([trace.to_be_bytes()], |row| row.get(0).map(Position)).optional()
    })
}

/// `also`, and everything that followed from them and from `event`, directly or not; the first `count` of the log.
pub(super) async fn followed(
    causes: &Causes,
    event: Position,
    also: Vec<Position>,
    count: usize,
) -> Result<Found, ModelError> {
    causes
        .scan(move |connection| {
            let mut waiting: BTreeSet<Position> = also.into_iter().collect();
            waiting.extend(reactions(connection, event, count)?);
            let mut positions = Vec::new();
            // A reaction comes after its cause, so the first that waits is the next of the log.
            while let Some(next) = waiting.pop_first() {
                if positions.len() == count {
                    return Ok(Found { positions, more: true });
                }
                positions.push(next);
                waiting.extend(reactions(connection, next, count)?);
                while waiting.len() > count + 1 {
                    waiting.pop_last();
                }
            }
            Ok(Found { positions, more: false })
        })
        .await
}

/// The first events that react to `cause`, one more than `count`.
fn reactions(
    connection: &Connection,
    cause: Position,
    count: usize,
) -> rusqlite::Result<Vec<Position>> {
    let sql = "SELECT position FROM reaction WHERE cause = ?1 ORDER BY position LIMIT ?2";
    let mut query = connection.prepare_cached(sql)?;
    let rows =
        query.query_map(params![number(cause), count + 1], |row| row.get(0).map(Position))?;
    rows.collect()
}

/// A position as SQLite counts; one that a caller made up may be beyond that, and then is behind all there are.
pub(super) fn number(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}
