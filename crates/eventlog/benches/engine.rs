//! Benchmarks of the engine: group commit against a bare writer, large batches, reading everything, opening.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench measures and prints"
)]

use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group};
use eventlog::{Limits, NewRecord, Opened, Options, OsFiles, open};
use tempfile::TempDir;

const PRODUCERS: usize = 64;
const EVENTS: u64 = 1_000_000;
const SALT: [u8; 16] = *b"a salt for speed";
const METADATA: &[u8] =
    br#"{"actor":"borrower","correlation":"0192d7c0-0000-7000-8000-000000000000","schema":1}"#;
const DATA: &[u8] = br#"{"account":"9f8b7c6d5e4f3a2b","borrower":"1a2b3c4d5e6f7a8b","quantity":2,"price":1999,"deadline":1760000000}"#;

fn main() {
    compare_with_bare_writer();
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

/// The same queue, the same producers and the same bytes before either writer, turn by turn, since a disk is not equally
/// fast all the time.
fn compare_with_bare_writer() {
    const ROUNDS: usize = 15;
    let dir = folder();
    let mut engine = engine_sink(open_in(&dir.path().join("log")));
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let ours = appends_per_second(&mut engine);
        let mut bare = bare_sink(&dir.path().join("bare"));
        rates.push((ours, appends_per_second(&mut bare)));
    }
    rates.sort_by(|left, right| (left.0 / left.1).total_cmp(&(right.0 / right.1)));
    for (ours, bare) in &rates {
        println!(
            "group commit, {PRODUCERS} producers: {ours:.0} appends/s, bare writer {bare:.0}/s"
        );
    }
    let (ours, bare) = rates[ROUNDS / 2];
    println!("group commit ratio (median): {:.2}", ours / bare);
}

/// Takes the producers that wait, records one event for each of them durably.
type Sink<'s> = Box<dyn FnMut(&[usize]) + 's>;

fn engine_sink(Opened { mut writer, maintenance, .. }: Opened) -> Sink<'static> {
    let streams: Vec<_> = (0..PRODUCERS).map(|producer| format!("depot-{producer:032}")).collect();
    let mut versions = vec![0; PRODUCERS];
    Box::new(move |producers| {
        let mut records = Vec::with_capacity(producers.len());
        for &producer in producers {
            records.push(record(&streams[producer], versions[producer]));
            versions[producer] += 1;
        }
        writer.append(&records).unwrap();
        while maintenance.step().unwrap() {}
    })
}

/// No framing, no checksums, no indexes: the bytes of the events, written and synced.
fn bare_sink(path: &Path) -> Sink<'static> {
    let file = File::create(path).unwrap();
    let zeros = vec![0; 1 << 20];
    for megabyte in 0..16 {
        file.write_all_at(&zeros, megabyte << 20).unwrap();
    }
    file.sync_all().unwrap();
    let bytes = vec![b'e'; eventlog::Record::from(&record(&"o".repeat(38), 0)).size_bytes()];
    let (mut offset, mut batch) = (0, Vec::new());
    Box::new(move |producers| {
        batch.clear();
        for _ in producers {
            batch.extend_from_slice(&bytes);
        }
        file.write_all_at(&batch, offset).unwrap();
        file.sync_data().unwrap();
        offset += batch.len() as u64;
    })
}

fn appends_per_second(sink: &mut Sink<'_>) -> f64 {
    const EACH: usize = 600;
    let (ask, asked) = sync_channel(PRODUCERS);
    let start = Instant::now();
    std::thread::scope(|threads| {
        let mut answers = Vec::new();
        for producer in 0..PRODUCERS {
            let (answer, answered) = sync_channel(1);
            answers.push(answer);
            let ask: SyncSender<usize> = ask.clone();
            threads.spawn(move || {
                for _ in 0..EACH {
                    ask.send(producer).unwrap();
                    answered.recv().unwrap();
                }
            });
        }
        drop(ask);
        commit_groups(&asked, &answers, sink);
    });
    (PRODUCERS * EACH) as f64 / start.elapsed().as_secs_f64()
}

fn commit_groups(asked: &Receiver<usize>, answers: &[SyncSender<()>], sink: &mut Sink<'_>) {
    let mut group = Vec::new();
    while let Ok(first) = asked.recv() {
        group.push(first);
        group.extend(asked.try_iter().take(PRODUCERS));
        sink(&group);
        for producer in group.drain(..) {
            answers[producer].send(()).unwrap();
        }
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
