//! What was wrong, as the clock of a test goes.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use tracing::{Event, Level, Metadata, Subscriber, span};

use super::*;

/// A clock that stands still until it is moved.
#[derive(Debug)]
struct TestClock(AtomicI64);

impl TestClock {
    fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("a short time");
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        self.now().since(Timestamp::from_micros(0))
    }
}

/// Counts warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn clock() -> TestClock {
    TestClock(AtomicI64::new(1_700_000_000_000_000))
}

fn watch() -> Watch {
    Watch::of("watcher")
}

fn away(reason: &str) -> Condition {
    Condition::away(reason)
}

fn look(watch: &Watch, clock: &TestClock, condition: Condition) {
    watch.look([("depot".to_owned(), condition)], clock);
}

#[test]
fn an_outage_has_a_beginning_and_an_end() {
    let (watch, clock) = (watch(), clock());
    look(&watch, &clock, Condition::ready());
    clock.advance(Duration::from_mins(1));
    let began = clock.now();
    look(
        &watch,
        &clock,
        Condition { since: Some(began - Duration::from_secs(5)), ..away("silent") },
    );
    clock.advance(Duration::from_secs(30));
    look(&watch, &clock, away("still silent"));
    let outage = watch.outage("depot").expect("it lasts");
    assert_eq!((outage.since, outage.until), (began - Duration::from_secs(5), None));
    assert_eq!(outage.reason, "still silent", "the last known reason");
    clock.advance(Duration::from_secs(10));
    look(&watch, &clock, Condition::ready());
    assert_eq!(watch.outage("depot"), None);
    let timeline = watch.timeline();
    assert_eq!(timeline.len(), 1);
    assert_eq!(timeline[0].until, Some(clock.now()));
}

#[test]
fn one_state_follows_another_without_a_gap() {
    let (watch, clock) = (watch(), clock());
    look(&watch, &clock, Condition::ready());
    clock.advance(START);
    look(&watch, &clock, away("crashed"));
    clock.advance(Duration::from_secs(7));
    look(&watch, &clock, Condition { state: State::NotReady, ..away("fills its model") });
    let timeline = watch.timeline();
    let states: Vec<State> = timeline.iter().map(|outage| outage.state).collect();
    assert_eq!(states, [State::NotReady, State::Away], "what lasts is in front");
    assert_eq!(timeline[1].until, Some(timeline[0].since));
}

#[test]
fn those_not_heard_yet_right_after_the_start_are_on_their_way() {
    let (watch, clock) = (watch(), clock());
    look(&watch, &clock, away("never heard"));
    clock.advance(Duration::from_secs(9));
    look(&watch, &clock, away("never heard"));
    assert_eq!(watch.timeline(), []);
    clock.advance(Duration::from_secs(1));
    look(&watch, &clock, away("never heard"));
    assert_eq!(watch.timeline().len(), 1);
    assert_eq!(watch.begun(), Some(clock.now() - START));
}

#[test]
fn what_is_over_for_a_day_is_forgotten_and_so_is_too_much() {
    let (watch, clock) = (watch(), clock());
    look(&watch, &clock, Condition::ready());
    clock.advance(START);
    for _ in 0..KEPT_MAX + 10 {
        look(&watch, &clock, away("comes and goes"));
        clock.advance(Duration::from_secs(1));
        look(&watch, &clock, Condition::ready());
    }
    let kept = watch.timeline();
    assert_eq!(kept.len(), KEPT_MAX);
    let first = kept.last().expect("the oldest that is kept");
    assert_eq!(watch.begun(), Some(first.since), "what was before is not known any more");
    clock.advance(KEPT_FOR + Duration::from_secs(1));
    look(&watch, &clock, Condition::ready());
    assert_eq!(watch.timeline(), []);
}

#[test]
fn a_guest_that_left_for_good_is_no_outage_any_more() {
    let (watch, clock) = (watch(), clock());
    look(&watch, &clock, Condition::ready());
    clock.advance(START);
    look(&watch, &clock, away("left"));
    clock.advance(Duration::from_mins(1));
    watch.look([], &clock);
    assert_eq!(watch.outage("depot"), None);
    assert_eq!(watch.timeline()[0].until, Some(clock.now()));
}

#[test]
fn a_warning_is_logged_once_per_outage() {
    let (watch, clock, warnings) = (watch(), clock(), Warnings::default());
    let count = || warnings.0.load(Ordering::Relaxed);
    tracing::subscriber::with_default(warnings.clone(), || {
        look(&watch, &clock, Condition::ready());
        for reason in ["silent", "silent", "still silent"] {
            look(&watch, &clock, away(reason));
            assert_eq!(count(), 1, "{reason}");
        }
        look(&watch, &clock, Condition::ready());
        assert_eq!(count(), 1, "that it is over is no warning");
        look(&watch, &clock, away("again"));
        assert_eq!(count(), 2, "another outage");
    });
}

#[test]
fn another_process_goes_on_with_the_record_and_says_how_long_there_was_no_watch() {
    let (before, clock) = (watch(), clock());
    look(&before, &clock, Condition::ready());
    let begun = clock.now();
    for reason in ["over", "lasts"] {
        clock.advance(Duration::from_mins(1));
        look(&before, &clock, away(reason));
        clock.advance(Duration::from_mins(1));
        if reason == "over" {
            look(&before, &clock, Condition::ready());
        }
    }
    let lasts = before.outage("depot").expect("it lasts");
    let kept = serde_json::to_vec(&before.record().expect("a record")).expect("JSON");

    let stopped = clock.now() - Duration::from_mins(1);
    clock.advance(Duration::from_mins(5));
    let after = watch();
    after.resume(serde_json::from_slice(&kept).expect("a record"), clock.now());
    look(&after, &clock, away("not heard yet"));
    assert_eq!(after.begun(), Some(begun));
    assert_eq!(after.outage("depot"), Some(lasts), "it goes on");
    let timeline = after.timeline();
    let parts: Vec<&str> = timeline.iter().map(|outage| &*outage.part).collect();
    assert_eq!(parts, ["depot", "watcher", "depot"]);
    assert_eq!((timeline[1].since, timeline[1].until), (stopped, Some(clock.now())));
    clock.advance(Duration::from_secs(1));
    look(&after, &clock, Condition::ready());
    assert_eq!(after.timeline()[0].until, Some(clock.now()), "it is over");
}

#[test]
fn a_record_is_kept_when_something_changed_and_every_few_seconds() {
    let (watch, clock) = (watch(), clock());
    assert_eq!(watch.unrecorded(), None, "before the first look nothing is known");
    look(&watch, &clock, Condition::ready());
    assert!(watch.unrecorded().is_some());
    clock.advance(Duration::from_secs(1));
    look(&watch, &clock, Condition::ready());
    assert_eq!(watch.unrecorded(), None);
    look(&watch, &clock, away("silent"));
    assert!(watch.unrecorded().is_some_and(|record| record.outages.len() == 1));
    look(&watch, &clock, Condition::ready());
    assert!(watch.unrecorded().is_some_and(|record| record.outages[0].until.is_some()));
    clock.advance(KEPT_EVERY);
    look(&watch, &clock, Condition::ready());
    assert!(watch.unrecorded().is_some_and(|record| record.at == clock.now()));
}
