//! Events that the service cannot apply, and a model that is damaged while it runs: neither stops it.

use std::{fs, os::unix::fs::FileExt, time::Duration};

use contracts::customer::CustomerEvent;
use identity::{Auth, ended};
use kernel::{Actor, Position, StreamId};
use runtime::Progress;
use serde_json::{Value, json, value::to_raw_value};
use uuid::Uuid;

use crate::harness::{World, registration};

/// How long what must come is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Has an event recorded that the service itself would never record.
async fn forge(world: &World, stream: StreamId, kind: &str, schema: u32, data: Value) -> u64 {
    let data = to_raw_value(&data).expect("JSON");
    let forger = world.metadata(Actor::reactor("forger"));
    let forged = world.record_raw(stream, kind, schema, data, forger).await;
    world.settle().await;
    forged.0
}

/// What is in the inboxes of the service: of whom, where, and how many events wait.
async fn inbox(world: &World, admin: &str) -> Vec<(String, u64, u64)> {
    let listed = world.get("/inbox", Some(admin)).await.expect(200);
    let entries = listed["Entries"].as_array().expect("a list");
    assert!(entries.iter().all(|entry| entry["Reason"] != ""), "{listed}");
    let entry = |entry: &Value| {
        let number = |name: &str| entry[name].as_u64().expect("a number");
        let subscriber = entry["Subscriber"].as_str().expect("a name").to_owned();
        (subscriber, number("Position"), number("Waiting"))
    };
    entries.iter().map(entry).collect()
}

#[tokio::test(start_paused = true)]
async fn forged_events_are_set_aside_counted_shown_and_decided_about() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    let admin = world.manager().await;
    let stranger = contracts::customer::stream(Uuid::from_u128(9));
    let known = contracts::customer::stream(world.secrets.customer_id("ada"));
    let registered = world.events().await.into_iter().find(|event| event.stream == known);
    let registered = registered.expect("it is recorded");
    let again: Value = serde_json::from_str(registered.data.get()).expect("JSON");
    let changed = "customer.credit-changed";
    let twin = forge(&world, stranger.clone(), "customer.registered", 1, again).await;
    let much = forge(&world, known, changed, 1, json!({ "change": "much" })).await;
    forge(&world, stranger, changed, 1, json!({ "change": i64::MIN })).await;
    let nobody = StreamId::new("customer", "nobody").expect("a name");
    let unnamed = forge(&world, nobody, changed, 1, json!({ "change": 1 })).await;
    let order = contracts::order::stream(Uuid::from_u128(5));
    let unread = forge(&world, order, "order.placed", 1, json!({ "order": 7 })).await;
    // Everything else goes on; what follows in the same stream waits.
    world.place(&world.order("ada", 2000)).await;
    let reserved = async |world: &World| {
        world.settle().await;
        world.get("/get-credit", Some(&ada)).await.body["Reserved"].clone()
    };
    assert_eq!(reserved(&world).await, json!(0.0));
    assert_eq!(world.post("/add-user", None, registration("bob")).await.status, 201);
    let [model, reactor] = ["customer.projector", "customer.reactor"].map(str::to_owned);
    let expected = [
        (model.clone(), twin, 1),
        (model.clone(), much, 1),
        (model.clone(), unnamed, 0),
        (reactor.clone(), unread, 0),
    ];
    let world = world.reopened_with(|_| {}).await;
    for _ in 0..2 {
        assert_eq!(inbox(&world, &admin).await, expected);
        let ready = world.get("/health/ready", None).await.expect(200);
        assert_eq!(ready, json!({ "Ready": true, "Degraded": true, "EventsSetAside": 4 }));
    }
    assert_eq!(world.get("/inbox", Some(&ada)).await.status, 403, "for managers only");
    let skip = |subscriber: &str, position: u64| json!({ "Subscriber": subscriber, "Position": position, "Reason": "forged" });
    assert_eq!(world.post("/skip-event", Some(&ada), skip(&model, much)).await.status, 403);
    assert_eq!(world.post("/skip-event", Some(&admin), skip(&model, much + 1)).await.status, 404);
    assert_eq!(world.post("/skip-event", Some(&admin), skip("nothing", much)).await.status, 404);
    let retry = json!({ "Subscriber": model, "Position": much });
    world.post("/retry-event", Some(&admin), retry).await.expect(202);
    assert_eq!(reserved(&world).await, json!(0.0), "it still cannot be read");
    for (subscriber, position, _) in &expected[1..] {
        world.post("/skip-event", Some(&admin), skip(subscriber, *position)).await.expect(202);
    }
    assert_eq!(reserved(&world).await, json!(20.0), "what waited");
    assert_eq!(inbox(&world, &admin).await, expected[..1]);
    let events = world.events().await;
    let decided = events.iter().filter(|event| event.kind.as_str() == "inbox.skipped");
    let admin_id = world.secrets.customer_id("admin");
    let by = decided.map(|event| event.metadata.actor.to_string()).collect::<Vec<_>>();
    assert_eq!(by, vec![format!("manager:{admin_id}"); 3], "who decided is recorded");
}

#[tokio::test(start_paused = true)]
async fn an_end_of_a_session_that_cannot_be_read_is_decided_about_once_for_every_process() {
    let world = World::start_with_ended_sessions().await;
    let ada = world.customer("ada").await;
    let admin = world.manager().await;
    let auth = Auth::new(world.secrets.verifier(), world.deps.clock.clone());
    let place = world.database("sessions-of-another-process");
    let elsewhere = ended::follow(&world.deps, &auth, place, ended::session_end);
    let elsewhere = elsewhere.expect("a database");
    let known = contracts::customer::stream(world.secrets.customer_id("ada"));
    let unread = forge(&world, known, CustomerEvent::LOGGED_OUT, 1, json!({ "token": 7 })).await;
    elsewhere.wait_for(Position(unread), PATIENCE).await.expect("it follows");
    let [model, sessions] = ["customer.projector", "customer.sessions"].map(str::to_owned);
    let expected = [(model.clone(), unread, 0), (sessions.clone(), unread, 0)];
    assert_eq!(inbox(&world, &admin).await, expected);
    assert_eq!(elsewhere.set_aside_count(), 1);
    let decide = async |call: &str, subscriber: &str| {
        let mut decision = json!({ "Subscriber": subscriber, "Position": unread });
        if call == "/skip-event" {
            decision["Reason"] = json!("forged");
        }
        let decided = world.post(call, Some(&admin), decision).await;
        world.settle().await;
        decided
    };
    decide("/skip-event", &model).await.expect(202);
    let at = decide("/skip-event", &sessions).await.expect(202)["Position"].as_u64();
    assert_eq!(inbox(&world, &admin).await, []);
    let at = Position(at.expect("a position"));
    elsewhere.wait_for(at, PATIENCE).await.expect("it follows");
    assert_eq!(elsewhere.set_aside_count(), 0, "one decision is for all");
    let decisions = StreamId::new("inbox", "customer").expect("a name");
    assert_eq!(world.kinds(&decisions).await, ["inbox.skipped"; 2]);
    assert_eq!(decide("/retry-event", &model).await.status, 404, "it is decided");
    decide("/retry-event", &sessions).await.expect(202);
    for nothing in [0, 1_000_000] {
        let decision = json!({ "Subscriber": sessions, "Position": nothing });
        let answer = world.post("/retry-event", Some(&admin), decision).await;
        assert_eq!(answer.status, 404, "nothing is recorded at {nothing}");
    }
    assert!(auth.verify(&ada, world.deps.clock.now()).is_ok(), "it is logged in elsewhere");
    let out = world.ask("POST", "/logout-user").by(&*ada).send().await;
    elsewhere.wait_for(out.position.expect("a position"), PATIENCE).await.expect("it follows");
    assert!(auth.verify(&ada, world.deps.clock.now()).is_err(), "other sessions end");
}

#[tokio::test(start_paused = true)]
async fn what_a_forger_begins_a_second_time_changes_nothing() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    let terms = world.order("ada", 2000);
    world.place(&terms).await;
    world.finalize(&terms).await;
    world.settle().await;
    let before = world.get("/get-credit", Some(&ada)).await.body;
    let known = contracts::customer::stream(world.secrets.customer_id("ada"));
    let registered = world.events().await.into_iter().find(|event| event.stream == known);
    let registered = registered.expect("it is recorded");
    let again: Value = serde_json::from_str(registered.data.get()).expect("JSON");
    forge(&world, known, "customer.registered", registered.schema, again).await;
    world.place(&terms).await;
    world.settle().await;
    assert_eq!(world.get("/get-credit", Some(&ada)).await.body, before);
    let ready = world.get("/health/ready", None).await.body;
    assert_eq!(ready["EventsSetAside"], 1, "by the model: {ready}");
    let passed_over =
        |world: &World| world.service.followers.iter().map(Progress::foreign).sum::<u64>();
    assert_eq!(passed_over(&world), 1, "by the reactor: an order is only placed first");
    world.customer("bob").await;
    let other = contracts::customer::stream(world.secrets.customer_id("bob"));
    forge(&world, other, "customer.danced", 1, json!({})).await;
    assert_eq!(passed_over(&world), 2, "a type that the model does not know");
    let admin = world.manager().await;
    let credit = json!({ "UserName": "bob", "Change": 1 });
    let changed = world.post("/set-credit", Some(&admin), credit).await.expect(200);
    assert_eq!(changed["Credit"], json!(101.0), "{changed}");
}

#[tokio::test(start_paused = true)]
async fn where_a_newer_version_has_recorded_nothing_is_decided_and_health_says_what_to_do() {
    let world = World::start().await;
    world.customer("ada").await;
    let admin = world.manager().await;
    let known = contracts::customer::stream(world.secrets.customer_id("ada"));
    let data = to_raw_value(&json!({ "change": 1, "why": "luck" })).expect("JSON");
    let newer = world.metadata(Actor::reactor("newer"));
    let at = world.record_raw(known, "customer.credit-changed", 2, data, newer).await;
    let before = world.events().await.len();
    let credit = json!({ "UserName": "ada", "Change": 1 });
    let refused = world.post("/set-credit", Some(&admin), credit).await;
    refused.problem(503);
    assert_eq!(refused.body["type"], "/problems/newer-version", "{refused:?}");
    assert_eq!(world.events().await.len(), before);
    let shown = world.get(&format!("/get-user/ada?AsOf={at}"), Some(&admin)).await;
    shown.problem(503);
    assert_eq!(shown.body["type"], "/problems/newer-version", "{shown:?}");
    let health = async {
        loop {
            let health = world.get("/health/ready", None).await;
            if health.status == 503 {
                return health.body["detail"].as_str().expect("words").to_owned();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let said =
        tokio::time::timeout(Duration::from_secs(30), health).await.expect("it is not ready");
    for words in ["stopped before the event", "schema 2", "Start the newer version"] {
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn a_model_damaged_while_in_use_is_built_again_without_a_restart() {
    let mut world = World::start().await;
    for number in 0..5 {
        world.customer(&format!("customer-{number}")).await;
    }
    let path = world.folder().join("a-model.db");
    for (round, from) in [0_u64, 64, 4096, 8192].into_iter().enumerate() {
        // What was written stands in the file itself from here on.
        world = world.reopened_with(|_| {}).await;
        let admin = world.manager().await;
        let before = world.get("/get-all-users?Limit=100", Some(&admin)).await;
        assert_eq!(before.status, 200, "{before:?}");
        world = world.reopened_with(|_| {}).await;
        let file = fs::OpenOptions::new().write(true).open(&path).expect("a file");
        let bytes = file.metadata().expect("a size").len();
        assert!(bytes > from, "{bytes}");
        let noise = vec![0xa5; usize::try_from(bytes - from).expect("small")];
        file.write_all_at(&noise, from).expect("damage");
        let name = format!("new-{round}");
        // Whatever is answered meanwhile, it works again by itself.
        drop(world.get("/get-all-users?Limit=100", Some(&admin)).await);
        drop(world.post("/add-user", None, registration(&name)).await);
        let aside = world.folder().join("a-model.db.damaged");
        let found = async {
            while !aside.exists()
                || !world.service.followers.iter().all(runtime::Progress::is_ready)
            {
                // What is in memory may answer for a while; a read of the file notices.
                drop(world.get("/get-all-users?Limit=100", Some(&admin)).await);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.expect("it is noticed");
        world.settle().await;
        let after = world.get("/get-all-users?Limit=100", Some(&admin)).await;
        let users = |answer: &testing::Answer| {
            let users = answer.body["Items"].as_array().expect("a list").iter();
            users.map(|user| user["UserName"].clone()).collect::<Vec<_>>()
        };
        assert!(users(&before).iter().all(|user| users(&after).contains(user)), "from {from}");
        fs::remove_file(&aside).expect("it was set aside");
    }
}
