//! Any history of appends, reads and reopenings, against a list of events; and readers beside the writer.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use eventlog::simdisk::SimDisk;
use eventlog::{Limits, Opened, Record, category};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::{Event, all, append, open_os, try_open};

const STREAMS: [&str; 6] = ["depot-1", "depot-2", "account-1", "account-1-x", "plain", "-"];

/// One thing that happens to a log.
#[derive(Debug, Clone)]
enum Step {
    /// Append events to these streams, with data of these lengths.
    Append(Vec<(usize, usize)>),
    Reopen,
    Maintenance,
    ReadAll {
        from: u64,
        limits: Limits,
    },
    ReadStream {
        stream: usize,
        from: u64,
        limits: Limits,
    },
    ReadCategories {
        categories: Vec<&'static str>,
        from: u64,
        limits: Limits,
    },
}

fn limits() -> impl Strategy<Value = Limits> {
    (0_usize..12, prop_oneof![Just(usize::MAX), 0_usize..3000])
        .prop_map(|(max_events, max_bytes)| Limits { max_events, max_bytes })
}

fn step() -> impl Strategy<Value = Step> {
    let data = prop_oneof![8 => 0_usize..200, 1 => 3000_usize..6000];
    let category =
        prop_oneof![Just("depot"), Just("account"), Just("plain"), Just(""), Just("absent")];
    prop_oneof![
        8 => vec((0..STREAMS.len(), data), 1..6).prop_map(Step::Append),
        1 => Just(Step::Reopen),
        1 => Just(Step::Maintenance),
        2 => (0_u64..80, limits()).prop_map(|(from, limits)| Step::ReadAll { from, limits }),
        2 => (0..STREAMS.len(), 0_u64..20, limits())
            .prop_map(|(stream, from, limits)| Step::ReadStream { stream, from, limits }),
        2 => (vec(category, 0..3), 0_u64..80, limits())
            .prop_map(|(categories, from, limits)| Step::ReadCategories { categories, from, limits }),
    ]
}

/// A log and what must be in it.
struct World {
    disk: SimDisk,
    log: Option<Opened>,
    model: Vec<Event>,
}

impl World {
    fn new() -> Self {
        let disk = SimDisk::new(0);
        let log = Some(try_open(&disk).unwrap());
        Self { disk, log, model: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Append(events) => self.append(events),
            Step::Reopen => {
                self.log = None;
                self.log = Some(try_open(&self.disk).unwrap());
            }
            Step::Maintenance => _ = self.log().maintenance.step().unwrap(),
            Step::ReadAll { from, limits } => {
                let (seen, page) =
                    read(|visit| self.log().reader.read_all(*from, *limits, visit).unwrap());
                self.check(&seen, page, *limits, |position, _| position >= *from);
            }
            Step::ReadStream { stream, from, limits } => {
                let stream = STREAMS[*stream];
                let (seen, page) = read(|visit| {
                    self.log().reader.read_stream(stream, *from, *limits, visit).unwrap()
                });
                self.check(&seen, page, *limits, |_, event| {
                    event.stream == stream && event.version >= *from
                });
            }
            Step::ReadCategories { categories, from, limits } => {
                let (seen, page) = read(|visit| {
                    self.log().reader.read_categories(categories, *from, *limits, visit).unwrap()
                });
                let wanted = |event: &Event| categories.contains(&category(&event.stream));
                self.check(&seen, page, *limits, |position, event| {
                    position >= *from && wanted(event)
                });
            }
        }
    }

    fn log(&mut self) -> &mut Opened {
        self.log.as_mut().unwrap()
    }

    fn append(&mut self, events: &[(usize, usize)]) {
        let mut batch: Vec<Event> = Vec::new();
        for &(stream, bytes) in events {
            let stream = STREAMS[stream];
            let version =
                self.model.iter().chain(&batch).filter(|event| event.stream == stream).count();
            let mut event =
                Event::new(stream, version as u64, (self.model.len() + batch.len()) as u64);
            event.data = vec![b'd'; bytes];
            batch.push(event);
        }
        append(&mut self.log().writer, &batch);
        self.model.extend(batch);
        assert_eq!(self.log().reader.head(), self.model.len() as u64);
    }

    /// What was read is what the model has, as far as the limits allow, and the page says whether that was all.
    fn check(
        &self,
        seen: &[(u64, Event)],
        page: eventlog::Page,
        limits: Limits,
        wanted: impl Fn(u64, &Event) -> bool,
    ) {
        let numbered = (1..).zip(&self.model).filter(|(position, event)| wanted(*position, event));
        let expected: Vec<_> =
            numbered.map(|(position, event)| (position, event.clone())).collect();
        assert!(expected.starts_with(seen));
        assert!(seen.len() <= limits.max_events);
        let sizes: Vec<_> = seen
            .iter()
            .map(|(_, event)| event.record())
            .map(|new| Record::from(&new).size_bytes())
            .collect();
        assert!(seen.len() <= 1 || sizes.iter().sum::<usize>() <= limits.max_bytes);
        assert!(page.more || seen.len() == expected.len(), "{page:?}");
        assert!(limits.max_events == 0 || !seen.is_empty() || expected.is_empty());
    }

    fn check_whole(&mut self) {
        let model = self.model.clone();
        let reader = self.log().reader.clone();
        assert_eq!(all(&reader), model);
        let mut heads: BTreeMap<&str, &Event> = BTreeMap::new();
        let mut categories: BTreeMap<String, u64> = BTreeMap::new();
        for event in &model {
            heads.insert(&event.stream, event);
            *categories.entry(category(&event.stream).to_owned()).or_default() += 1;
        }
        for stream in STREAMS {
            let last = reader.last_of_stream(stream, |record| Event::from(record)).unwrap();
            assert_eq!(last.as_ref(), heads.get(stream).copied());
            assert_eq!(reader.stream_head(stream), last.map(|event| event.version));
        }
        let stats = reader.stats().unwrap();
        assert_eq!((stats.events, stats.streams), (model.len() as u64, heads.len() as u64));
        assert_eq!(stats.categories, categories);
    }
}

type Seen = Vec<(u64, Event)>;

fn read(
    read: impl FnOnce(&mut dyn FnMut(Record<'_>) -> ControlFlow<()>) -> eventlog::Page,
) -> (Seen, eventlog::Page) {
    let mut seen = Vec::new();
    let page = read(&mut |record| {
        seen.push((record.position, record.into()));
        ControlFlow::Continue(())
    });
    (seen, page)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn any_history_reads_as_the_list_of_its_events(steps in vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.check_whole();
        world.take(&Step::Reopen);
        world.check_whole();
        drop(world.log.take());
        eventlog::verify(crate::support::dir(), &world.disk, None).unwrap();
    }

    #[test]
    fn any_event_comes_back_as_it_was(
        events in vec((".{1,40}", ".{1,20}", any::<[u8; 16]>(), any::<i64>(), vec(any::<u8>(), 0..600), vec(any::<u8>(), 0..600)), 1..20)
    ) {
        let mut versions = BTreeMap::new();
        let events: Vec<_> = events.into_iter().map(|(stream, kind, id, time_us, metadata, data)| {
            let version = *versions.entry(stream.clone()).and_modify(|version| *version += 1).or_insert(0);
            Event { stream, version, id, kind, time_us, metadata, data }
        }).collect();
        let disk = SimDisk::new(0);
        let mut log = try_open(&disk).unwrap();
        for batch in events.chunks(3) {
            append(&mut log.writer, batch);
        }
        prop_assert_eq!(all(&log.reader), events.clone());
        drop(log);
        prop_assert_eq!(all(&try_open(&disk).unwrap().reader), events);
    }
}

#[test]
fn what_was_appended_is_read_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..3 {
        let mut log = open_os(dir.path());
        assert_eq!(all(&log.reader), expected);
        for number in 0..40 {
            let event = Event::new(&format!("depot-{number}"), round, round * 40 + number);
            append(&mut log.writer, std::slice::from_ref(&event));
            expected.push(event);
        }
        assert_eq!(all(&log.reader), expected);
        assert_eq!(log.reader.stats().unwrap().streams, 40);
    }
}

#[test]
fn readers_beside_the_writer_see_every_event_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { mut writer, reader, maintenance, .. } = open_os(dir.path());
    let done = AtomicBool::new(false);
    let total: u64 = 600;
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| follow(&reader, &done, total));
        }
        threads.spawn(|| {
            while !done.load(Ordering::Acquire) || maintenance.is_due() {
                maintenance.step().unwrap();
                std::thread::yield_now();
            }
        });
        let events: Vec<_> = (0..total)
            .map(|number| Event::new(&format!("a-{}", number % 3), number / 3, number))
            .collect();
        for batch in events.chunks(4) {
            append(&mut writer, batch);
            assert_eq!(reader.head(), writer.head());
        }
        done.store(true, Ordering::Release);
    });
}

/// Reads the whole log through a cursor, and a stream along with it, while both grow.
fn follow(reader: &eventlog::Reader, done: &AtomicBool, total: u64) {
    let mut cursor = reader.cursor(1);
    let (mut next, mut version) = (1, 0);
    while next <= total {
        let (stopped, head, before) = (done.load(Ordering::Acquire), reader.head(), next);
        cursor
            .read(Limits::events(50), |record| {
                assert_eq!(record.position, next);
                next += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(next > before || head < before, "what was durable before is there");
        assert!(next > before || !stopped, "the writer stopped at {head}");
        let page = reader.read_stream("a-1", version, Limits::events(20), |record| {
            assert_eq!(record.version, version);
            version += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(page.unwrap().next, version);
    }
}
