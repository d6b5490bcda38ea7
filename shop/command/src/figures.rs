//! Metrics of the whole process: counters of the event store, positions of all subscribers, and the balances.

use std::time::Duration;

use runtime::event_store::Figures;
use web::{Service, ServiceDeps, metrics::Metrics};

/// How often gauges are brought up to date.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps the figures of the process up to date until the tasks stop.
pub(crate) fn spawn(deps: &ServiceDeps, figures: Figures) {
    let (tasks, deps) = (&deps.tasks, deps.clone());
    tasks.spawn_until_stopped("figures", async move { update(&deps, &figures).await });
}

/// Keeps the figures of a service up to date until its tasks stop.
pub(crate) fn spawn_of(deps: &ServiceDeps, process: &Metrics, service: Service) {
    let process = process.clone();
    deps.tasks.spawn_until_stopped("figures", async move {
        loop {
            follow(&process, &service);
            balance(&process, &service).await;
            tokio::time::sleep(EVERY).await;
        }
    });
}

async fn update(deps: &ServiceDeps, figures: &Figures) {
    let store = deps.metrics.service("events");
    let appends = store.counter("event_store_appends", "Appends answered");
    let events = store.counter("event_store_events", "Events recorded");
    let batches = store.counter("event_store_batches", "Batches written, each with one sync");
    let commit = store
        .float_gauge("event_store_commit_seconds_total", "Time spent writing and syncing batches");
    let failing = store.gauge("event_store_failing", "1 while the event store cannot record");
    let dropped = deps
        .metrics
        .counter("log_lines_dropped", "Log lines dropped because their reader was slow or gone");
    let skipped = deps.metrics.counter(
        "aggregate_events_skipped",
        "Events that could not be read when a stream was loaded: commands are decided without them",
    );
    loop {
        skipped.inc_by(deps.budget.skipped().saturating_sub(skipped.get()));
        dropped.inc_by(crate::logging::dropped().saturating_sub(dropped.get()));
        appends.inc_by(figures.appends() - appends.get());
        events.inc_by(figures.events() - events.get());
        batches.inc_by(figures.groups() - batches.get());
        commit.set(Duration::from_micros(figures.commit_micros()).as_secs_f64());
        failing.set(i64::from(figures.is_failing()));
        tokio::time::sleep(EVERY).await;
    }
}

fn follow(process: &Metrics, service: &Service) {
    for follower in &service.followers {
        let metrics = process.service(service.name).labelled("follower", follower.name());
        let lag = follower.lag();
        let events = i64::try_from(lag.events).unwrap_or(i64::MAX);
        metrics.gauge("follower_lag_events", "Events not yet processed").set(events);
        metrics.float_gauge("follower_lag_seconds", "Time since it was caught up").set(lag.seconds);
        let failures = metrics
            .counter("follower_failures", "Failures of a projector or reactor that were retried");
        failures.inc_by(follower.failures().saturating_sub(failures.get()));
        let foreign = metrics.counter(
            "follower_events_passed_over",
            "Events that say nothing to it, such as those of a type that it does not know",
        );
        foreign.inc_by(follower.foreign().saturating_sub(foreign.get()));
        metrics
            .gauge(
                "follower_events_set_aside",
                "Entries of its inbox: events that it could not take; `agora inbox` lists them",
            )
            .set(i64::try_from(follower.set_aside_count()).unwrap_or(i64::MAX));
    }
}

async fn balance(process: &Metrics, service: &Service) {
    let Some(model) = &service.model else { return };
    let Ok(balances) = model.balances().await else { return };
    for balance in balances {
        let metrics = process.service(service.name).labelled("balance", &balance.name);
        metrics
            .gauge(
                "balance_difference",
                "Left side minus right side; anything but 0 breaks promise 6",
            )
            .set(balance.left - balance.right);
    }
}
