//! What was wrong, as the clock of a test goes.

use testkit::TestClock;

use super::*;

fn clock() -> TestClock {
    TestClock::standing(Timestamp::from_micros(1_700_000_000_000_000))
}

fn away(reason: &str) -> Condition {
    Condition { state: State::Away, reason: reason.to_owned(), since: None }
}

fn look(watch: &Watch, clock: &TestClock, condition: Condition) {
    watch.look([("order".to_owned(), condition)], clock);
}

#[test]
fn an_outage_has_a_beginning_and_an_end() {
    let (watch, clock) = (Watch::default(), clock());
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
    let outage = watch.outage("order").expect("it lasts");
    assert_eq!((outage.since, outage.until), (began - Duration::from_secs(5), None));
    assert_eq!(outage.reason, "still silent", "the last known reason");
    clock.advance(Duration::from_secs(10));
    look(&watch, &clock, Condition::ready());
    assert_eq!(watch.outage("order"), None);
    let timeline = watch.timeline();
    assert_eq!(timeline.len(), 1);
    assert_eq!(timeline[0].until, Some(clock.now()));
}

#[test]
fn one_state_follows_another_without_a_gap() {
    let (watch, clock) = (Watch::default(), clock());
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
    let (watch, clock) = (Watch::default(), clock());
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
    let (watch, clock) = (Watch::default(), clock());
    look(&watch, &clock, Condition::ready());
    clock.advance(START);
    for _ in 0..KEPT_MAX + 10 {
        look(&watch, &clock, away("comes and goes"));
        clock.advance(Duration::from_secs(1));
        look(&watch, &clock, Condition::ready());
    }
    assert_eq!(watch.timeline().len(), KEPT_MAX);
    clock.advance(KEPT_FOR + Duration::from_secs(1));
    look(&watch, &clock, Condition::ready());
    assert_eq!(watch.timeline(), []);
}

#[test]
fn a_guest_that_left_for_good_is_no_outage_any_more() {
    let (watch, clock) = (Watch::default(), clock());
    look(&watch, &clock, Condition::ready());
    clock.advance(START);
    look(&watch, &clock, away("left"));
    clock.advance(Duration::from_mins(1));
    watch.look([], &clock);
    assert_eq!(watch.outage("order"), None);
    assert_eq!(watch.timeline()[0].until, Some(clock.now()));
}
