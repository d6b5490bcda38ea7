//! A log of ten million events: how soon it opens, and how fast streams are read from it for the first time.
//!
//! It is written without syncs, since nothing of it is to last; reading is not affected. The events of half of
//! its streams follow each other closely, those of the other half are spread over the whole log.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench measures and prints"
)]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eventlog::{Limits, NewRecord, Opened, Options, OsFiles, Reader, Unsynced, open};

const EVENTS: u64 = 10_000_000;
/// Events in each stream.
const LENGTH: u64 = 10;
/// Events of one kind of stream in a batch; it has twice as many.
const WIDTH: u64 = 32;
const BATCHES: u64 = EVENTS / (2 * WIDTH);
/// Streams of each kind.
const STREAMS: u64 = EVENTS / LENGTH / 2;
const READ: u64 = 40_000;
const OPENINGS: u32 = 5;

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let started = Instant::now();
    fill(folder.path());
    println!("{EVENTS} events written in {:.1?}, without syncs", started.elapsed());
    let (mut best, mut busiest) = (Duration::MAX, Duration::ZERO);
    for _ in 0..OPENINGS {
        let (started, busy) = (Instant::now(), processor_time());
        let log = open(folder.path(), Arc::new(OsFiles), Options::new(SALT)).unwrap();
        best = best.min(started.elapsed());
        busiest = busiest.max(processor_time().saturating_sub(busy));
        assert_eq!(log.reader.head(), EVENTS);
    }
    row("opening it, best of 5", "2 s", &format!("{best:.2?}, at most {busiest:.2?} busy"));
    let reader = open(folder.path(), Arc::new(OsFiles), Options::new(SALT)).unwrap().reader;
    let stats = reader.stats().unwrap();
    println!(
        "{} streams in {} segments, {} MiB; {:.1} bytes of memory per stream",
        stats.streams,
        stats.segments,
        stats.bytes >> 20,
        stats.memory_bytes as f64 / stats.streams as f64
    );
    row(
        "a cold stream of 10 events, all within 640",
        "20000/s",
        &streams_per_second(&reader, "near"),
    );
    row("the same, spread over the whole log", "20000/s", &streams_per_second(&reader, "far"));
}

fn row(what: &str, wanted: &str, reached: &str) {
    println!("{what:<50} {reached:>12}   (wanted: {wanted})");
}

const SALT: [u8; 16] = *b"a salt for speed";
const METADATA: &[u8] =
    br#"{"actor":"borrower","correlation":"0192d7c0-0000-7000-8000-000000000000","schema":1}"#;
const DATA: &[u8] = br#"{"account":"9f8b7c6d5e4f3a2b","borrower":"1a2b3c4d5e6f7a8b","quantity":2,"price":1999,"deadline":1760000000}"#;

fn fill(dir: &Path) {
    let Opened { mut writer, maintenance, .. } =
        open(dir, Arc::new(Unsynced), Options::new(SALT)).unwrap();
    for batch in 0..BATCHES {
        let near =
            (0..WIDTH).map(|index| (name("near", batch / LENGTH * WIDTH + index), batch % LENGTH));
        let far = (0..WIDTH).map(|index| {
            let place = batch * WIDTH + index;
            (name("far", place % STREAMS), place / STREAMS)
        });
        let named: Vec<(String, u64)> = near.chain(far).collect();
        let records: Vec<_> = named
            .iter()
            .map(|(stream, version)| NewRecord {
                stream,
                version: *version,
                id: [7; 16],
                kind: "depot.opened",
                time_us: 1,
                metadata: METADATA,
                data: DATA,
            })
            .collect();
        writer.append(&records).unwrap();
        while maintenance.step().unwrap() {}
    }
}

fn name(kind: &str, number: u64) -> String {
    format!("{kind}-{number:032}")
}

/// Streams read whole on one thread, here and there, none of them twice.
fn streams_per_second(reader: &Reader, kind: &str) -> String {
    // A prime, so that each step leads to a stream not read before.
    const STRIDE: u64 = 7919;
    let (started, busy) = (Instant::now(), processor_time());
    for step in 0..READ {
        let stream = name(kind, step * STRIDE % STREAMS);
        let page = reader.read_stream(&stream, 0, Limits::NONE, |_| ControlFlow::Continue(()));
        assert_eq!(page.unwrap().next, LENGTH);
    }
    let per_second = |time: Duration| READ as f64 / time.as_secs_f64();
    let (rate, busy) =
        (per_second(started.elapsed()), per_second(processor_time().saturating_sub(busy)));
    format!("{rate:.0}/s, {busy:.0} per second of processor time")
}

/// What this thread has used of a processor: the machine may be busy with other things.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}
