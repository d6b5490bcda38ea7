//! An event store as a table in PostgreSQL: a unique (stream, version) is the judge of appends, an identity the position.
//!
//! It has the easier task: positions may have gaps and become visible out of order, the JSON is bytes, nothing is hashed.

use std::time::Instant;

use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;

use super::{
    database::{Connected, Database},
    producers::{DATA, ID, KIND, Load, METADATA, streams},
};
use crate::contest::Turn;

const SCHEMA: &[&str] = &[
    "DROP TABLE IF EXISTS event",
    "CREATE TABLE event (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        stream text NOT NULL,
        version bigint NOT NULL,
        id bytea NOT NULL,
        kind text NOT NULL,
        time bigint NOT NULL,
        metadata bytea NOT NULL,
        data bytea NOT NULL,
        UNIQUE (stream, version)
    )",
    "CHECKPOINT",
];
const ONE: &str = "INSERT INTO event (stream, version, id, kind, time, metadata, data)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const MANY: &str = "INSERT INTO event (stream, version, id, kind, time, metadata, data)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::text[], $5::bigint[], $6::bytea[], $7::bytea[])";

pub(super) struct Tables<'d> {
    database: &'d Database,
    load: Load,
    producers: Vec<Producer>,
}

/// A connection of its own, and where its streams end.
struct Producer {
    connected: Connected,
    streams: Vec<String>,
    version: i64,
}

impl<'d> Tables<'d> {
    pub(super) fn new(database: &'d Database, load: Load) -> anyhow::Result<Self> {
        database.execute(SCHEMA)?;
        let connect = async |producer| {
            let connected = Connected::to(database.server()).await?;
            anyhow::Ok(Producer { connected, streams: streams(producer, load), version: 0 })
        };
        let producers = database.block_on(try_join_all((0..load.producers).map(connect)))?;
        Ok(Self { database, load, producers })
    }

    pub(super) fn turn(&mut self) -> anyhow::Result<Turn> {
        let started = Instant::now();
        let until = started + self.load.lasting;
        let work = self.producers.iter_mut().map(|producer| producer.append_until(until));
        let appends: usize = self.database.block_on(try_join_all(work))?.iter().sum();
        let events = u32::try_from(appends * self.load.batch)?;
        let per_second = f64::from(events) / started.elapsed().as_secs_f64();
        Ok(Turn { per_second, busy_each: None })
    }
}

impl Producer {
    /// Returns how many appends there were.
    async fn append_until(&mut self, until: Instant) -> anyhow::Result<usize> {
        let Self { connected, streams, version } = self;
        let many = streams.len() > 1;
        let insert = connected.client.prepare(if many { MANY } else { ONE }).await?;
        let columns = Columns::of(streams.len());
        let mut appends = 0;
        while Instant::now() < until {
            if let ([stream], false) = (streams.as_slice(), many) {
                let values: [&(dyn ToSql + Sync); 7] =
                    [stream, &*version, &ID.as_slice(), &KIND, &1_i64, &METADATA, &DATA];
                connected.client.execute(&insert, &values).await?;
            } else {
                let versions = vec![*version; streams.len()];
                let Columns { ids, kinds, times, metadata, data } = &columns;
                let values: [&(dyn ToSql + Sync); 7] =
                    [&*streams, &versions, ids, kinds, times, metadata, data];
                connected.client.execute(&insert, &values).await?;
            }
            *version += 1;
            appends += 1;
        }
        Ok(appends)
    }
}

/// What is the same in every batch.
struct Columns {
    ids: Vec<&'static [u8]>,
    kinds: Vec<&'static str>,
    times: Vec<i64>,
    metadata: Vec<&'static [u8]>,
    data: Vec<&'static [u8]>,
}

impl Columns {
    fn of(count: usize) -> Self {
        Self {
            ids: vec![&ID; count],
            kinds: vec![KIND; count],
            times: vec![1; count],
            metadata: vec![METADATA; count],
            data: vec![DATA; count],
        }
    }
}
