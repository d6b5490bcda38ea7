//! A year of the sample shop, held against the promises, and lived twice.

use std::{cell::RefCell, path::Path, sync::Arc, sync::atomic::AtomicBool, time::Duration};

use contracts::money::{Currency, Money};
use customer::{Cost, NewPassword};
use demo::{Conditions, DAYS, Lived, YearError, live};
use eventlog::{Options, OsFiles};
use jiff::tz::TimeZone;
use kernel::{Position, Recorded};
use promises::Checker;
use store::{LogStore, Read, Reader as _};

const NOW: &str = "2026-11-29T13:45:00Z";

/// What another start on the same day would do, but for its secret and its ids.
fn conditions(folder: &Path, number: u8) -> Conditions {
    let password = NewPassword::parse("a manager's own".to_owned()).expect("long enough");
    Conditions {
        log: folder.join("log"),
        secret: [number; 32],
        seed: [number; 32],
        admin_password: Some(password),
        hashing: Cost::TINY,
        shop: registry::ShopSettings {
            currency: Currency::parse("EUR").expect("a code"),
            time_zone: TimeZone::UTC,
            welcome_credit: Money::from_minor(10_000),
            order_deadline: Duration::from_secs(10),
        },
        now: NOW.parse().expect("a time"),
    }
}

fn year(number: u8) -> (Lived, Vec<Arc<Recorded>>) {
    let folder = tempfile::tempdir().expect("a folder");
    let conditions = conditions(folder.path(), number);
    let log = conditions.log.clone();
    let days = RefCell::new(Vec::new());
    let begins = |day| days.borrow_mut().push(day);
    let lived = live(conditions, &AtomicBool::new(false), begins).expect("a year");
    let days = days.into_inner();
    assert_eq!((days.first(), days.last()), (Some(&1), Some(&DAYS)), "it says how far it is");
    assert!(days.is_sorted(), "{days:?}");
    let opened = LogStore::open(&log, Arc::new(OsFiles), Options::new([0; 16]));
    let opened = opened.expect("a whole log");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let events = runtime.block_on(async {
        let (mut events, mut from) = (Vec::new(), Position(1));
        loop {
            let read = Read::All { from, categories: Vec::new() };
            let page = opened.reader.read(&read).await.expect("a page");
            events.extend(page.events);
            if page.end {
                return events;
            }
            from = page.next;
        }
    });
    (lived, events)
}

#[test]
fn two_years_of_one_day_tell_the_same_story_and_keep_every_promise() {
    let ((lived, first), (_, second)) = (year(1), year(2));
    let mut checker = Checker::default();
    for event in &first {
        checker.take(event);
    }
    let (finalized, denied) = checker.ends();
    assert_eq!(finalized + denied, usize::try_from(lived.orders).expect("some thousands"));
    let broken = checker.finish();
    assert!(broken.is_empty(), "{broken:?}");
    assert!(finalized > denied * 8, "a shop that mostly sells: {finalized} and {denied}");
    assert!(lived.admin_password.is_none(), "one was given");

    let told = |event: &Arc<Recorded>| {
        let cause = event.metadata.cause.as_ref().map(|cause| cause.position);
        (event.kind.as_str().to_owned(), cause)
    };
    let differs = first.iter().zip(&second).find(|(one, other)| told(one) != told(other));
    assert!(differs.is_none(), "{differs:?}");
    assert_eq!(first.len(), second.len());
}

#[test]
fn a_year_that_is_stopped_ends_at_its_next_act() {
    let folder = tempfile::tempdir().expect("a folder");
    let stopped = live(conditions(folder.path(), 3), &AtomicBool::new(true), |_| {});
    assert!(matches!(stopped, Err(YearError::Stopped)), "{stopped:?}");
}
