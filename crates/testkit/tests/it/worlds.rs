//! Effects and sums in worlds, and that faults are faults.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use agora::prelude::*;
use serde_json::json;
use testkit::{FaultRates, World};

events! { CounterEvent { Raised { by: u32 } = "counter.raised" @ 1 } }

#[derive(Clone, Default)]
struct Counter;

impl Aggregate for Counter {
    const CATEGORY: &'static str = "counter";
    type Command = u32;
    type Event = CounterEvent;

    fn decide(&self, by: &u32) -> Decision<CounterEvent> {
        if *by == 0 {
            return refuse("Raise it by at least 1.");
        }
        Ok(vec![CounterEvent::Raised { by: *by }])
    }

    fn evolve(&mut self, _: &CounterEvent) {}
}

/// The positions of the letters that were sent.
type Letters = Arc<Mutex<Vec<u64>>>;

/// Counters whose every step is reported by a letter; every third letter fails at first.
async fn counters(system: &System, letters: &Letters) -> Result<Router> {
    let counters = system.commands::<Counter>()?;
    let sums = Schema::new(1, "CREATE TABLE total (raised BIGINT, seen BIGINT)");
    let totals = system.project("totals", sums, |happened: &Happened<CounterEvent>, tables| {
        let CounterEvent::Raised { by } = happened.event;
        tables.execute("INSERT INTO total VALUES (?1, ?2)", [by, by]);
    });
    let balance = "SELECT SUM(raised) AS raised, SUM(seen) AS seen FROM total";
    let totals = totals.await?.balance("raised = seen", balance);
    let (letters, tries) = (Arc::clone(letters), AtomicU64::new(0));
    system.follow("letters", move |happened: Happened<CounterEvent>| {
        let tries = tries.fetch_add(1, Ordering::Relaxed);
        let letters = Arc::clone(&letters);
        async move {
            if tries % 3 == 2 {
                return Err(agora::Error::msg("the post office is closed"));
            }
            letters.lock().expect("no panics").push(happened.position.0);
            Ok(())
        }
    })?;
    let raise =
        async move |Path(id): Path<Id>, request: Request<u32>| counters.answer(&id, request).await;
    let sums = async move || match totals.balances().await?.first() {
        Some(sums) => Ok::<_, Problem>(Json(json!([sums.left, sums.right]))),
        None => Err(Problem::not_found("There are no sums.")),
    };
    Ok(Router::new().route("/counters/{id}", post(raise)).route("/sums", get(sums)))
}

#[test]
fn an_effect_happens_at_least_once_whatever_crashes() {
    let letters = Letters::default();
    let sent = Arc::clone(&letters);
    let assemble = async move |system: &System| counters(system, &sent).await;
    let raised = World::run(7, "counters", assemble, async |world| {
        world.rates(FaultRates::STORM);
        for number in 0..40_u32 {
            world.post_once("/counters/one", &json!(1), &number.to_string()).await;
            if number % 10 == 5 {
                world.crash().await;
            }
        }
        world.idle().await;
        let events = world.events().await;
        assert!(events.len() > 20, "{}", events.len());
        let sums = world.get("/sums").await.ok();
        assert_eq!(sums, json!([events.len(), events.len()]));
        events.into_iter().map(|event| event.position.0).collect::<Vec<_>>()
    });
    let mut letters = letters.lock().expect("no panics").clone();
    // A checkpoint in memory is lost with a crash: what was sent before is sent again.
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(
        letters, raised,
        "no letter is missing, and none is of something that never happened"
    );
}

/// Counters whose sums cannot take a thirteen.
async fn superstitious(system: &System) -> Result<Router> {
    let counters = system.commands::<Counter>()?;
    let total = Schema::new(1, "CREATE TABLE total (raised BIGINT)");
    let totals = system.project("totals", total, |happened: &Happened<CounterEvent>, tables| {
        let CounterEvent::Raised { by } = happened.event;
        assert_ne!(by, 13, "it is unlucky");
        tables.execute("INSERT INTO total VALUES (?1)", [by]);
    });
    let totals = totals.await?;
    let raise =
        async move |Path(id): Path<Id>, request: Request<u32>| counters.answer(&id, request).await;
    let sum = async move || {
        totals.one::<Row>("SELECT SUM(raised) AS raised FROM total", ()).await.map(Json)
    };
    Ok(Router::new().route("/counters/{id}", post(raise)).route("/sum", get(sum)))
}

#[test]
fn an_operator_skips_what_a_projection_could_not_take_and_what_waited_behind_it_is_taken() {
    World::run(3, "counters", superstitious, async |world| {
        for (counter, by) in [("one", 1), ("one", 13), ("one", 20), ("two", 300)] {
            world.post(&format!("/counters/{counter}"), &json!(by)).await.ok();
        }
        assert_eq!(world.get("/sum").await.ok(), json!({ "raised": 301 }));
        let inbox = world.get("/inbox").await.ok();
        let [entry] = inbox["Entries"].as_array().expect("a list").as_slice() else {
            panic!("one event could not be taken: {inbox}");
        };
        assert_eq!((&entry["Subscriber"], &entry["Waiting"]), (&json!("totals"), &json!(1)));
        let skip = |position: u64| json!({ "Subscriber": "totals", "Position": position, "Reason": "unlucky" });
        let another = world.post("/skip-event", &skip(1)).await;
        assert_eq!(another.status, 404, "it was taken: {another:?}");
        let position = entry["Position"].as_u64().expect("a position");
        world.post("/skip-event", &skip(position)).await.ok();
        world.idle().await;
        assert_eq!(world.get("/sum").await.ok(), json!({ "raised": 321 }));
        assert_eq!(world.get("/inbox").await.ok(), json!({ "Entries": [] }));
    });
}

#[test]
fn a_model_is_built_again_while_it_answers() {
    let letters = Letters::default();
    let assemble = async move |system: &System| counters(system, &letters).await;
    World::run(5, "counters", assemble, async |world| {
        for by in 1..=20 {
            world.post("/counters/one", &json!(by)).await.ok();
        }
        world.post("/models/totals/rebuild-model", &json!({})).await.ok();
        world.post("/counters/one", &json!(100)).await.ok();
        assert_eq!(world.get("/sums").await.ok(), json!([310, 310]));
        agora::tokio::time::sleep(Duration::from_secs(5)).await;
        let rebuilt = world.get("/models/totals/model-generations").await.ok();
        assert_eq!(
            (&rebuilt["Generation"], &rebuilt["Compared"]["Equal"]),
            (&json!(2), &json!(true)),
            "{rebuilt}"
        );
        world.post("/models/totals/switch-model", &json!({})).await.ok();
        world.post("/counters/one", &json!(1000)).await.ok();
        assert_eq!(world.get("/sums").await.ok(), json!([1310, 1310]));
        agora::tokio::time::sleep(Duration::from_secs(5)).await;
        let back = world.get("/models/totals/model-generations").await.ok();
        assert_eq!(back["Generation"], 1, "{back}");
    });
}

#[test]
fn a_lost_answer_is_a_503_and_a_key_makes_it_safe_to_ask_again() {
    let letters = Letters::default();
    let assemble = async move |system: &System| counters(system, &letters).await;
    World::run(1, "counters", assemble, async |world| {
        world.rates(FaultRates { reply_lost: 1000, ..FaultRates::default() });
        let lost = world.post_once("/counters/one", &json!(1), "key").await;
        assert_eq!(lost.status, 503, "{lost:?}");
        world.rates(FaultRates::default());
        agora::tokio::time::sleep(Duration::from_secs(5)).await;
        world.post_once("/counters/one", &json!(1), "key").await.ok();
        assert_eq!(world.events().await.len(), 1);
        let refused = world.post("/counters/one", &json!(0)).await;
        assert_eq!(refused.status, 409, "{refused:?}");
    });
}
