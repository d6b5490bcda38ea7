//! Benchmarks of the engine: large batches, reading everything, opening. Against a bare writer: `cargo xtask bench versus`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench measures and prints")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group};
use eventlog::{Limits, NewRecord, Opened, Options, OsFiles, open};
use tempfile::TempDir;

const EVENTS: u64 = 1_000_000;
const SALT: [u8; 16] = *b"a salt for speed";
const METADATA: &[u8] =
    br#"{"actor":"borrower","correlation":"0192d7c0-0000-7000-8000-000000000000","schema":1}"#;
const DATA: &[u8] = br#"{"account":"9f8b7c6d5e4f3a2b","borrower":"1a2b3c4d5e6f7a8b","quantity":2,"price":1999,"deadline":1760000000}"#;

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(4));
    targets = large_batches, reading
}

fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn open_in(dir: &Path) -> Opened {
    open(dir, Arc::new(OsFiles), Options::new(SALT)).unwrap()
}

fn record(stream: &str, version: u64) -> NewRecord<'_> {
    NewRecord {
        stream,
        version,
        id: [7; 16],
        kind: "depot.opened",
        time_us: 1,
        metadata: METADATA,
        data: DATA,
    }
}

fn large_batches(criterion: &mut Criterion) {
    const BATCH: u64 = 1000;
    let dir = folder();
    let Opened { mut writer, maintenance, .. } = open_in(dir.path());
    let streams: Vec<_> = (0..BATCH).map(|stream| format!("depot-{stream:032}")).collect();
    let mut version = 0;
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function("batches of 1,000 events", |bencher| {
        bencher.iter(|| {
            let records: Vec<_> = streams.iter().map(|stream| record(stream, version)).collect();
            writer.append(&records).unwrap();
            version += 1;
            while maintenance.step().unwrap() {}
        });
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let dir = folder();
    {
        let Opened { mut writer, maintenance, .. } = open_in(dir.path());
        let streams: Vec<_> = (0..EVENTS / 5).map(|stream| format!("depot-{stream:032}")).collect();
        for version in 0..5 {
            for streams in streams.chunks(1000) {
                let records: Vec<_> =
                    streams.iter().map(|stream| record(stream, version)).collect();
                writer.append(&records).unwrap();
            }
        }
        while maintenance.step().unwrap() {}
    }
    let reader = open_in(dir.path()).reader;
    println!("1,000,000 events: {:?}", reader.stats().unwrap());
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("all of 1,000,000 events", |bencher| bencher.iter(|| read_all(&reader)));
    group.throughput(Throughput::Elements(5));
    group.bench_function("a stream of 5 events in 5 segments", |bencher| {
        let mut stream = 0;
        bencher.iter(|| {
            stream = (stream + 7919) % (EVENTS / 5);
            let name = format!("depot-{stream:032}");
            let page =
                reader.read_stream(&name, 0, Limits::NONE, |_| ControlFlow::Continue(())).unwrap();
            assert_eq!(page.next, 5);
        });
    });
    group.finish();
    criterion.bench_function("open with 1,000,000 events", |bencher| {
        bencher.iter(|| open_in(dir.path()).reader.head());
    });
}

fn read_all(reader: &eventlog::Reader) -> usize {
    let mut bytes = 0;
    let visit = |record: eventlog::Record<'_>| {
        bytes += record.data.len();
        ControlFlow::Continue(())
    };
    assert_eq!(reader.read_all(1, Limits::NONE, visit).unwrap().next, EVENTS + 1);
    bytes
}
