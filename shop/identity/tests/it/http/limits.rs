//! Limits on failures.

use std::{sync::Arc, time::Duration};

use axum::response::IntoResponse;
use testkit::Answer;
use web::Limiter;

use super::shop::Shop;

#[tokio::test]
async fn after_so_many_failures_one_waits_until_the_oldest_is_over() {
    let clock = Shop::open().clock;
    let limiter = Limiter::new(Arc::clone(&clock) as _, 3, Duration::from_mins(15));
    for _ in 0..3 {
        limiter.check("ann").expect("is let in");
        limiter.record("ann");
        clock.advance(Duration::from_mins(1));
    }
    let refused = limiter.check("ann").expect_err("is refused");
    let answer = Answer::of(refused.into_response()).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "720"));
    limiter.check("berta").expect("is another");

    clock.advance(Duration::from_secs(719));
    assert!(limiter.check("ann").is_err());
    clock.advance(Duration::from_secs(1));
    limiter.check("ann").expect("the first is over");
    limiter.record("ann");
    assert!(limiter.check("ann").is_err(), "the window slides, it does not restart");
    limiter.forgive("ann");
    limiter.check("ann").expect("is forgiven");
}

#[test]
fn what_is_only_checked_counts_nothing() {
    let limiter = Limiter::new(Shop::open().clock as _, 1, Duration::from_mins(15));
    for _ in 0..100 {
        limiter.check("ann").expect("nothing failed");
    }
}

#[test]
fn memory_stays_bounded_however_many_keys_come() {
    let limiter = Limiter::new(Shop::open().clock as _, 1, Duration::from_mins(15));
    limiter.record("first");
    for at in 0..20_000 {
        limiter.record(&format!("key {at}"));
    }
    limiter.check("first").expect("the one longest untouched is forgotten");
    assert!(limiter.check("key 19999").is_err());
}
