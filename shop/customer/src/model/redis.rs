//! The read model in Redis: shared by all instances, every call a script that runs in one go.
//!
//! ```text
//!  PREFIX:model          hash: layout, checkpoint, lease, the event that begins the log
//!  PREFIX:customer:USER  hash: everything about a customer
//!  PREFIX:users          hash: id → user name
//!  PREFIX:by:ORDER       sorted set, all scores 0: what an order sorts by, then the user name
//!  PREFIX:aside          hash: position → the event there that could not be taken (JSON)
//!  PREFIX:totals, :below the sums over all customers, and who is below zero
//!  PREFIX.generations    what is recorded of the generations; PREFIX.genN:… is another one
//! ```
//!
//! A search scans customers in chunks, so that it does not block other clients. If the checkpoint moves meanwhile it starts over, and
//! after a few attempts it scans all in one go.

mod aside;
mod location;
mod read;
mod served;
mod server;
mod write;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use kernel::Position;
use runtime::{
    Lease, ModelError, ReadModel, SetAside, Shared, Tasks, model::Served, model::TakenUp, sqlite,
    sqlite::line,
};
use rusqlite::types::ValueRef;
use store::Balance;
use uuid::Uuid;

use super::{Change, Credentials, Cursor, Customer, CustomerQuery, Model, Sort};
pub use location::RedisLocation;
use read::{DUMPED, FIELDS, customer, dumped, incomplete, number, other, role};
use server::Server;

/// Customers looked at in one go while searching: some milliseconds of the server's time.
const CHUNK: usize = 1000;
/// How often a search starts over because the model moved, before it scans all in one go.
const RESTARTS_MAX: u32 = 2;

/// The shared read model.
pub struct RedisModel {
    server: Server,
}

/// Customers of the list in an order.
#[derive(Clone, Copy)]
struct Range<'a> {
    order: &'a str,
    /// Where it begins.
    from: &'a str,
    /// What they must match.
    needle: &'a str,
    /// How many at most, and of how many that are looked at.
    count: usize,
    looks: usize,
}

/// A page of customers as the server answers it.
type Page = (String, u8, String, Vec<Vec<String>>);

impl RedisModel {
    /// Connects to the server, and makes the model there if there is none. A server that does not answer may do so later; one that
    /// refuses us is an error.
    pub async fn open(
        location: RedisLocation,
        tasks: &Tasks,
    ) -> Result<Arc<Served<Self>>, ModelError> {
        Served::open(Self { server: Server::new(location)? }, crate::NAME, tasks).await
    }

    /// Makes changes and moves the checkpoint; `aside` is the entry of the inbox that goes, and the one that comes in its place.
    async fn change(
        &self,
        from: Position,
        changes: &[Change],
        to: Position,
        aside: Vec<String>,
    ) -> Result<(), ModelError> {
        let changes = write::encode(changes).map_err(|error| other(&error))?;
        let (from, to) = (from.0.to_string(), to.0.to_string());
        let mut args: Vec<&[u8]> = vec![from.as_bytes(), to.as_bytes(), &changes];
        args.extend(aside.iter().map(String::as_bytes));
        match self.server.run::<u8>(&self.server.scripts.apply, &args).await? {
            1 => Ok(()),
            2 => Err(ModelError::Unfit("a second customer of one id or name".to_owned())),
            _ => Err(ModelError::Stale),
        }
    }

    async fn head(&self) -> Result<(Position, Option<Lease>), ModelError> {
        let (position, term, beat): (String, Option<u64>, Option<u64>) =
            self.server.run(&self.server.scripts.head, &[]).await?;
        let lease = term.zip(beat).map(|(term, beat)| Lease { term, beat });
        Ok((Position(number(&position)?), lease))
    }

    /// Some fields of the customer of an id.
    async fn fields(&self, id: Uuid, fields: &[&str]) -> Result<Option<Vec<String>>, ModelError> {
        let id = id.simple().to_string();
        let args: Vec<&[u8]> =
            [id.as_str()].iter().chain(fields).map(|text| text.as_bytes()).collect();
        self.server.run(&self.server.scripts.read, &args).await
    }

    /// The customers of a range that match, with these fields.
    async fn page(&self, range: Range<'_>, fields: &[&str]) -> Result<Page, ModelError> {
        let Range { order, from, needle, count, looks } = range;
        let (count, looks) = (count.to_string(), looks.to_string());
        let args: Vec<&[u8]> = [order, from, needle, &count, &looks]
            .iter()
            .chain(fields)
            .map(|text| text.as_bytes())
            .collect();
        self.server.run(&self.server.scripts.list, &args).await
    }

    /// A page gathered in chunks; none if the model moved before it was complete.
    async fn gathered(&self, range: Range<'_>) -> Result<Option<Vec<Vec<String>>>, ModelError> {
        let (mut found, mut from, mut at) = (Vec::new(), range.from.to_owned(), None);
        loop {
            let chunk =
                Range { from: &from, count: range.count - found.len(), looks: CHUNK, ..range };
            let (position, complete, next, rows) = self.page(chunk, &FIELDS).await?;
            if at.get_or_insert_with(|| position.clone()) != &position {
                return Ok(None);
            }
            found.extend(rows);
            if complete == 1 {
                return Ok(Some(found));
            }
            from = next;
        }
    }
}

#[async_trait]
impl ReadModel for RedisModel {
    type Change = Change;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.head().await.map(|(position, _)| position)
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[Change],
        to: Position,
    ) -> Result<(), ModelError> {
        self.change(from, changes, to, Vec::new()).await
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        let (from, to) =
            (event.position.0.saturating_sub(1).to_string(), event.position.0.to_string());
        let entry = aside::encode(event);
        let args = [from.as_bytes(), to.as_bytes(), entry.as_bytes()];
        let noted: u8 = self.server.run(&self.server.scripts.set_aside, &args).await?;
        if noted == 1 { Ok(()) } else { Err(ModelError::Stale) }
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        let found: BTreeMap<u64, String> = self.server.run(&self.server.scripts.aside, &[]).await?;
        found
            .into_iter()
            .map(|(position, entry)| aside::decode(Position(position), &entry))
            .collect()
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, Change>,
        to: Position,
    ) -> Result<(), ModelError> {
        let mut aside = vec![up.entry.position.0.to_string()];
        if let Some(again) = up.again {
            aside.extend([again.position.0.to_string(), aside::encode(again)]);
        }
        self.change(from, up.changes, to, aside).await
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        let first = first.to_string();
        let noted: String =
            self.server.run(&self.server.scripts.built_from, &[first.as_bytes()]).await?;
        Uuid::parse_str(&noted).map_err(|error| other(&error))
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.server.reset().await
    }

    fn engine(&self) -> &'static str {
        "Redis"
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        let (mut lines, mut from) = (Vec::new(), "-".to_owned());
        loop {
            let all = Range { order: "user", from: &from, needle: "", count: CHUNK, looks: CHUNK };
            let (position, _, next, rows) = self.page(all, &DUMPED).await?;
            let more = rows.len() == CHUNK;
            for row in rows {
                lines.push(dumped(&row)?);
            }
            if !more {
                let position = ValueRef::Integer(number(&position)?);
                lines.push(line("checkpoint", &[position]));
                lines.extend(self.aside().await?.iter().map(sqlite::aside_line));
                lines.sort();
                return Ok(lines);
            }
            from = next;
        }
    }

    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        let (_, below, sums): (String, i64, Vec<Option<i64>>) =
            self.server.run(&self.server.scripts.sums, &[]).await?;
        // A sum that nothing was added to is not there.
        let sums: Vec<i64> = sums.into_iter().map(Option::unwrap_or_default).collect();
        let [granted, credit, spent, available, reserved] =
            <[i64; 5]>::try_from(sums).map_err(|_| incomplete())?;
        Ok(vec![
            Balance::of_hundredths("granted = credit + spent", granted, credit + spent),
            Balance::of_hundredths("credit = available + reserved", credit, available + reserved),
            Balance::new("customers below zero = 0", below, 0),
        ])
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

#[async_trait]
impl Shared for RedisModel {
    async fn lease(&self) -> Result<Option<Lease>, ModelError> {
        self.head().await.map(|(_, lease)| lease)
    }

    async fn replace_lease(&self, seen: Option<Lease>, next: Lease) -> Result<bool, ModelError> {
        let seen = seen.map(|lease| (lease.term.to_string(), lease.beat.to_string()));
        let (term, beat) = seen.unwrap_or_default();
        let args = [term, beat, next.term.to_string(), next.beat.to_string()];
        let args: Vec<&[u8]> = args.iter().map(String::as_bytes).collect();
        let replaced: u8 = self.server.run(&self.server.scripts.lease, &args).await?;
        Ok(replaced == 1)
    }
}

#[async_trait]
impl Model for RedisModel {
    async fn customer(&self, id: Uuid) -> Result<Option<Customer>, ModelError> {
        let row = self.fields(id, &FIELDS).await?;
        row.as_deref().map(customer).transpose()
    }

    async fn credentials(&self, id: Uuid) -> Result<Option<Credentials>, ModelError> {
        let row = self.fields(id, &["manager", "password"]).await?;
        let credentials = |row: Vec<String>| {
            let [manager, password] = <[String; 2]>::try_from(row).map_err(|_| incomplete())?;
            Ok(Credentials { role: role(&manager), password })
        };
        row.map(credentials).transpose()
    }

    async fn customers(&self, query: CustomerQuery) -> Result<Vec<Customer>, ModelError> {
        let order = order(query.sort);
        let from = query.after.map_or_else(|| "-".to_owned(), |after| behind(query.sort, &after));
        let needle = query.search.unwrap_or_default().to_lowercase();
        let count = query.count;
        let range = Range { order, from: &from, needle: &needle, count, looks: count };
        let mut rows = None;
        if needle.is_empty() {
            rows = Some(self.page(range, &FIELDS).await?.3);
        }
        for _ in 0..RESTARTS_MAX {
            if rows.is_none() {
                rows = self.gathered(range).await?;
            }
        }
        let rows = match rows {
            Some(rows) => rows,
            // As many as there may be.
            None => self.page(Range { looks: 1 << 40, ..range }, &FIELDS).await?.3,
        };
        rows.iter().map(|row| customer(row)).collect()
    }

    async fn count_customers(&self, query: CustomerQuery) -> Result<u64, ModelError> {
        let needle = query.search.unwrap_or_default().to_lowercase();
        let (mut found, mut from) = (0, "-".to_owned());
        loop {
            // In chunks, which let the server answer others; what changes meanwhile is counted or not.
            let (count, looks) = (query.count - found, CHUNK);
            let chunk = Range { order: "user", from: &from, needle: &needle, count, looks };
            let (_, complete, next, rows) = self.page(chunk, &["user"]).await?;
            found += rows.len();
            if complete == 1 {
                return Ok(found as u64);
            }
            from = next;
        }
    }
}

/// The sorted set of an order.
fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::UserName => "user",
        Sort::Credit => "credit",
        Sort::CreditDown => "credit-down",
        Sort::Newest => "newest",
    }
}

/// Where a list continues after a customer; in the same form as the scripts write it.
fn behind(sort: Sort, after: &Cursor) -> String {
    /// More than any amount or position that a cursor can come to by honest means.
    const FAR: i64 = 1 << 51;
    let by = after.by.clamp(-FAR, FAR);
    let sortable = |by: i64| (1 << 52) + by;
    match sort {
        Sort::UserName => format!("({}", after.user),
        Sort::Credit => format!("({:016}{}", sortable(by), after.user),
        Sort::CreditDown | Sort::Newest => format!("({:016}{}", sortable(-by), after.user),
    }
}
