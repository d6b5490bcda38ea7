//! Answers reads: from memory at once, a stream's from its own threads, and long ones apart from those.
//!
//! ```text
//!             ┌─ in memory ──▶ answer
//!  reads ─▶ route ─ a stream ─▶ [streams] ─▶ two threads ─▶ answer
//!             └─ the log ─────▶ [bulk] ────▶ one thread ──▶ answer, and keep the page for the next who asks
//! ```

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use store::{Incoming, Page, Read, Requests, StoreFailure, port::Reader};
use tokio::sync::{Mutex, mpsc};

use super::pages::Pages;
use crate::Deps;

/// Reads taken at once.
const READS_MAX: usize = 64;
/// Reads of the log on their way to the engine at once. An engine on a server is asked for several pages at once; the own log answers
/// one after the other anyway.
const BULK_AT_ONCE: usize = 8;
/// The same for streams, on each thread.
const STREAMS_AT_ONCE: usize = 8;
/// Threads that read streams.
const STREAM_THREADS: usize = 2;
/// Reads waiting for a thread. One that comes beyond it gets no answer, and is asked again.
const WAITING_MAX: usize = 4096;

type Question = Incoming<Read, Page>;
type Questions = Requests<Read, Page>;

/// Serves reads until the tasks stop, or another server takes over.
pub(super) fn serve(
    deps: &Deps,
    reads: Questions,
    reader: impl Reader + Clone,
    pages: &Arc<Pages>,
) {
    let tasks = &deps.tasks;
    let (streams, waiting) = mpsc::channel(WAITING_MAX);
    let waiting = Arc::new(Mutex::new(Requests::new(waiting)));
    for _ in 0..STREAM_THREADS {
        let reading = read_streams(Arc::clone(&waiting), reader.clone());
        tasks.spawn_blocking_until_last("event-store-streams", reading);
    }
    let (bulk, waiting) = mpsc::channel(WAITING_MAX);
    let reading = read_log(Requests::new(waiting), reader.clone(), Arc::clone(pages));
    tasks.spawn_blocking_until_last("event-store-reader", reading);
    let lanes = Lanes { streams, bulk };
    tasks.spawn_until_last("event-store-reads", route(reads, reader, Arc::clone(pages), lanes));
}

/// Where what memory cannot answer waits.
struct Lanes {
    streams: mpsc::Sender<Question>,
    bulk: mpsc::Sender<Question>,
}

impl Lanes {
    fn put(&self, incoming: Question) {
        let lane = match incoming.question {
            Read::Stream { .. } | Read::Last { .. } => &self.streams,
            Read::All { .. } => &self.bulk,
        };
        if lane.try_send(incoming).is_err() {
            tracing::debug!("read queue full; dropped a read, its client will retry");
        }
    }
}

async fn route(mut reads: Questions, reader: impl Reader, pages: Arc<Pages>, lanes: Lanes) {
    loop {
        let batch = reads.next_batch(READS_MAX).await;
        if batch.is_empty() {
            return;
        }
        for incoming in batch {
            let recalled = reader.recall(&incoming.question);
            match recalled.or_else(|| pages.recent(&incoming.question, &reader)) {
                Some(page) => incoming.answer(page),
                None => lanes.put(incoming),
            }
        }
    }
}

async fn read_streams(waiting: Arc<Mutex<Questions>>, reader: impl Reader) {
    loop {
        // One thread waits for questions, the others for their turn to do so.
        let batch = waiting.lock().await.next_batch(STREAMS_AT_ONCE).await;
        if batch.is_empty() {
            return;
        }
        let read = async |incoming: Question| {
            let answer = reader.read(&incoming.question).await;
            reply(incoming, answer);
        };
        stream::iter(batch).for_each_concurrent(STREAMS_AT_ONCE, read).await;
    }
}

async fn read_log(mut waiting: Questions, reader: impl Reader, pages: Arc<Pages>) {
    loop {
        let batch = waiting.next_batch(READS_MAX).await;
        if batch.is_empty() {
            return;
        }
        let read = async |incoming: Question| {
            let answer = pages.read(&incoming.question, &reader).await;
            reply(incoming, answer);
        };
        stream::iter(batch).for_each_concurrent(BULK_AT_ONCE, read).await;
    }
}

fn reply(incoming: Question, answer: Result<Page, StoreFailure>) {
    match answer {
        Ok(page) => incoming.answer(page),
        Err(failure) => tracing::error!(%failure, "the event store failed to read"),
    }
}
