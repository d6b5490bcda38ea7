//! Worlds as tests: a few on every run, and every planted bug; `cargo xtask test worlds` explores a thousand.

use std::thread;

use worlds::{PlantedBug, Scenario, run};

/// Orders in each world.
const ORDERS: u32 = 200;

fn world(seed: u64, bug: Option<PlantedBug>) -> worlds::Report {
    run(Scenario { seed, orders: ORDERS, bug, guest: None })
}

#[test]
fn every_promise_holds_in_bad_weather() {
    for seed in 1..=3 {
        let report = world(seed, None);
        assert!(report.violations.is_empty(), "seed {seed}: {:#?}", report.violations);
        assert!(
            report.finalized > 0 && report.denied > 0,
            "seed {seed}: the world has seen little: {report:?}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_log_to_the_byte() {
    let [first, second, other] = [7, 7, 8].map(|seed| world(seed, None).fingerprint);
    assert_eq!(first, second);
    assert_ne!(first, other);
}

#[test]
fn every_planted_bug_is_found() {
    let missed: Vec<_> = thread::scope(|scope| {
        let looking = PlantedBug::ALL.map(|bug| (bug, scope.spawn(move || is_found(bug))));
        let missed = |(bug, found): (_, thread::ScopedJoinHandle<'_, bool>)| {
            (!found.join().expect("it was looked for")).then_some(bug)
        };
        looking.into_iter().filter_map(missed).collect()
    });
    assert!(missed.is_empty(), "not found in 20 worlds: {missed:?}");
}

fn is_found(bug: PlantedBug) -> bool {
    (1..=20).any(|seed| {
        // A world that breaks so badly that it panics has found the bug as well.
        let lived = std::panic::catch_unwind(|| world(seed, Some(bug)));
        lived.map_or(true, |report| !report.violations.is_empty())
    })
}
