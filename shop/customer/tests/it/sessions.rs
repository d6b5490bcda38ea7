//! Logging in and out: who gets a token, for how long, and how often one may fail.

use std::time::Duration;

use serde_json::json;

use crate::harness::{World, password, registration};

#[tokio::test(start_paused = true)]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let world = World::start().await;
    world.customer("ada").await;
    let mut wrong_name = world.try_log_in("eve", "a password").await;
    let mut wrong_password = world.try_log_in("ada", "a password").await;
    let strange_name = world.try_log_in("Nobody At All", "x").await;
    for answer in [&mut wrong_name, &mut wrong_password] {
        assert!(answer.body["RequestId"].take().is_string());
    }
    assert_eq!(wrong_name.status, 401);
    assert_eq!(wrong_name.status, wrong_password.status);
    assert_eq!(wrong_name.body, wrong_password.body);
    assert_eq!(strange_name.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_holds_for_twelve_hours() {
    let world = World::start().await;
    let answer = world.post("/add-user", None, registration("ada")).await;
    assert_eq!(answer.status, 201);
    let session = world.try_log_in("ada", &password("ada")).await.body;
    let token = session["Token"].as_str().expect("a token");
    assert_eq!((&session["UserName"], &session["Role"]), (&json!("ada"), &json!("customer")));
    tokio::time::sleep(Duration::from_secs(12 * 3600 - 2)).await;
    assert_eq!(world.get("/get-user/ada", Some(token)).await.status, 200);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.get("/get-user/ada", Some(token)).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn who_logs_out_ends_that_session_only() {
    let world = World::start().await;
    let first = world.customer("ada").await;
    let second = world.log_in("ada", &password("ada")).await;
    let out = world.ask("POST", "/logout-user").by(&*first).send().await;
    assert_eq!((out.status.as_u16(), &out.body), (200, &json!({ "UserName": "ada" })));
    assert_eq!(world.get("/get-user/ada", Some(&first)).await.status, 401);
    assert_eq!(world.get("/get-user/ada", Some(&second)).await.status, 200);
    assert_eq!(world.kinds_of("ada").await, ["customer.registered", "customer.logged-out"]);
    let ended = world
        .events()
        .await
        .iter()
        .filter_map(|event| contracts::customer::session_end(event).expect("it parses"))
        .count();
    assert_eq!(ended, 1, "every process hears of it");
    assert_eq!(world.ask("POST", "/logout-user").send().await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn after_ten_failures_a_name_has_to_wait_even_for_the_right_password() {
    let world = World::start().await;
    world.customer("ada").await;
    world.customer("bob").await;
    for _ in 0..10 {
        assert_eq!(world.try_log_in("ada", "wrong").await.status, 401);
    }
    let refused = world.try_log_in("ada", &password("ada")).await;
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains_key("retry-after"));
    world.log_in("bob", &password("bob")).await;
    tokio::time::sleep(Duration::from_mins(15)).await;
    world.log_in("ada", &password("ada")).await;
    for _ in 0..3 {
        for _ in 0..9 {
            assert_eq!(world.try_log_in("ada", "wrong").await.status, 401);
        }
        world.log_in("ada", &password("ada")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_fifty_failures_an_address_has_to_wait() {
    let world = World::start().await;
    world.customer("ada").await;
    let from = async |address: &str, name: &str, password: &str| {
        from_behind(&world, &format!("for={address}"), (name, password)).await
    };
    for attempt in 0..50 {
        assert_eq!(from("192.0.2.1", &format!("name-{attempt}"), "wrong").await, 401);
    }
    assert_eq!(from("192.0.2.1", "ada", &password("ada")).await, 429);
    assert_eq!(from("192.0.2.2", "ada", &password("ada")).await, 200);
}

#[tokio::test]
async fn many_tries_at_once_are_no_way_around_the_limit() {
    let world = World::start_with_threads().await;
    world.customer("ada").await;
    let tries = (0..40).map(|_| world.try_log_in("ada", "wrong"));
    let answers = futures_util::future::join_all(tries).await;
    let judged = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(judged <= 10, "{judged} passwords were tried");
    let turned_away = answers.iter().filter(|answer| answer.status == 503).count();
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 429).count(),
        40 - judged - turned_away
    );
    // Who was turned away unjudged has lost no try.
    let mut more = judged;
    while world.try_log_in("ada", "wrong").await.status == 401 {
        more += 1;
    }
    assert_eq!(more, 10);
}

/// A log-in from an address, through a proxy that is trusted.
async fn from(world: &World, address: &str, (name, password): (&str, &str)) -> u16 {
    from_behind(world, &format!("for=\"{address}\""), (name, password)).await
}

async fn from_behind(world: &World, forwarded: &str, (name, password): (&str, &str)) -> u16 {
    let body = json!({ "UserName": name, "Password": password });
    let ask = world.ask("POST", "/login-user").header("forwarded", forwarded).json(&body);
    ask.send().await.status.as_u16()
}

#[tokio::test(start_paused = true)]
async fn nobody_locks_another_ones_name_where_its_owner_has_logged_in_before() {
    let world = World::start().await;
    world.customer("ada").await;
    let right = password("ada");
    assert_eq!(from(&world, "192.0.2.1", ("ada", &right)).await, 200);
    for address in 0..30 {
        for _ in 0..10 {
            from(&world, &format!("198.51.100.{address}"), ("ada", "wrong")).await;
        }
    }
    assert_eq!(from(&world, "203.0.113.1", ("ada", "wrong")).await, 429, "strangers are held off");
    assert_eq!(from(&world, "192.0.2.1", ("ada", &right)).await, 200, "the owner is not");
    assert_eq!(from(&world, "203.0.113.1", ("admin", "wrong")).await, 401, "nor is another name");
}

/// A hundred failures for the name, from ten places.
async fn lock(world: &World, name: &str) {
    for address in 0..10 {
        for _ in 0..10 {
            from(world, &format!("198.51.100.{address}"), (name, "wrong")).await;
        }
    }
    assert_eq!(from(world, "203.0.113.1", (name, "wrong")).await, 429, "strangers are held off");
}

#[tokio::test(start_paused = true)]
async fn nobody_locks_out_the_operator_on_the_machine_itself() {
    let world = World::start().await;
    lock(&world, "admin").await;
    world.manager().await;
    for _ in 0..10 {
        assert_eq!(from(&world, "127.0.0.9", ("admin", "wrong")).await, 401);
    }
    assert_eq!(from(&world, "127.0.0.9", ("admin", "wrong")).await, 429, "yet guesses are few");
}

#[tokio::test(start_paused = true)]
async fn who_has_registered_is_known_there_before_the_first_log_in() {
    let world = World::start().await;
    let ask = world.ask("POST", "/add-user").header("forwarded", "for=192.0.2.1");
    assert_eq!(ask.json(&registration("ada")).send().await.status, 201);
    lock(&world, "ada").await;
    assert_eq!(from(&world, "192.0.2.1", ("ada", &password("ada"))).await, 200);
}

#[tokio::test(start_paused = true)]
async fn one_home_network_of_ipv6_locks_no_name_for_others() {
    let world = World::start().await;
    world.customer("ada").await;
    let mut judged = 0;
    for network in 0..20 {
        for _ in 0..10 {
            let address = format!("[2001:db8:1:{network:x}::1]");
            judged += usize::from(from(&world, &address, ("ada", "wrong")).await == 401);
        }
    }
    assert_eq!(judged, 10, "all its networks count as one");
    assert_eq!(from(&world, "[2001:db8:2::1]", ("ada", &password("ada"))).await, 200);
}

#[tokio::test(start_paused = true)]
async fn ten_failures_from_one_place_do_not_lock_the_name_elsewhere() {
    let world = World::start().await;
    world.customer("ada").await;
    for _ in 0..10 {
        assert_eq!(from(&world, "198.51.100.1", ("ada", "wrong")).await, 401);
    }
    assert_eq!(from(&world, "198.51.100.1", ("ada", &password("ada"))).await, 429);
    assert_eq!(from(&world, "192.0.2.1", ("ada", &password("ada"))).await, 200);
}

#[tokio::test(start_paused = true)]
async fn an_ipv6_network_is_one_client() {
    let world = World::start().await;
    let tries = async |network: &str| {
        let mut judged = 0;
        for host in 1..=60 {
            let address = format!("[{network}::{host:x}]");
            let name = format!("name-{host}");
            judged += usize::from(from(&world, &address, (&name, "wrong")).await == 401);
        }
        judged
    };
    assert_eq!(tries("2001:db8:0:1").await, 50);
    assert_eq!(tries("2001:db8:0:2").await, 50, "another network is another client");
}

#[tokio::test(start_paused = true)]
async fn right_passwords_count_too_where_one_address_sends_very_many() {
    let world = World::start().await;
    world.customer("ada").await;
    let right = password("ada");
    for _ in 0..200 {
        assert_eq!(from(&world, "192.0.2.1", ("ada", &right)).await, 200);
    }
    assert_eq!(from(&world, "192.0.2.1", ("ada", &right)).await, 429);
    assert_eq!(from(&world, "192.0.2.2", ("ada", &right)).await, 200);
}

#[tokio::test(start_paused = true)]
async fn limits_do_not_go_by_the_time_of_day() {
    let world = World::start().await;
    world.customer("ada").await;
    for _ in 0..10 {
        assert_eq!(world.try_log_in("ada", "wrong").await.status, 401);
    }
    world.clock.set_ahead(Duration::from_hours(400 * 24));
    assert_eq!(world.try_log_in("ada", &password("ada")).await.status, 429);
    world.clock.set_behind(Duration::from_hours(400 * 24));
    assert_eq!(world.try_log_in("ada", &password("ada")).await.status, 429);
    tokio::time::sleep(Duration::from_mins(15)).await;
    assert_eq!(world.try_log_in("ada", &password("ada")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_password_changed_under_a_wrong_clock_ends_older_sessions_and_no_later_ones() {
    let world = World::start().await;
    let before = world.customer("ada").await;
    world.clock.set_ahead(Duration::from_hours(11));
    let change = json!({
        "UserName": "ada", "Password": "another password", "CurrentPassword": password("ada"),
    });
    let changed = world.post("/update-user", Some(&before), change).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let ahead = world.log_in("ada", "another password").await;
    assert_eq!(world.get("/get-user/ada", Some(&ahead)).await.status, 200);
    world.clock.set_right();
    assert_eq!(world.get("/get-user/ada", Some(&before)).await.status, 401, "is older");
    assert_eq!(world.get("/get-user/ada", Some(&ahead)).await.status, 401, "is from the future");
    let after = world.log_in("ada", "another password").await;
    assert_eq!(world.get("/get-user/ada", Some(&after)).await.status, 200, "is later");
}

#[tokio::test(start_paused = true)]
async fn another_process_ends_sessions_by_the_versions_of_the_log_alone() {
    let world = World::start().await;
    let before = world.customer("ada").await;
    let change = json!({
        "UserName": "ada", "FullName": "Ada L", "Password": "another password",
        "CurrentPassword": password("ada"),
    });
    assert_eq!(world.post("/update-user", Some(&before), change).await.status, 200);
    let after = world.log_in("ada", "another password").await;
    let events = world.events().await;
    let ends: Vec<_> = events
        .iter()
        .filter_map(|event| contracts::customer::session_end(event).expect("it parses"))
        .collect();
    let customer = world.secrets.customer_id("ada");
    assert_eq!(ends, [contracts::customer::SessionEnd::All { customer, revision: 3 }]);
    let elsewhere = identity::Auth::new(world.secrets.verifier(), world.deps.clock.clone());
    let now = world.deps.clock.now();
    assert!(elsewhere.verify(&before, now).is_ok(), "it has not heard yet");
    let mut changed = elsewhere.sessions().changed();
    elsewhere.sessions().revoke_before(customer, 3);
    assert!(changed.has_changed().expect("it is there"), "what lasts longer hears of it");
    changed.mark_unchanged();
    assert!(elsewhere.verify(&before, now).is_err());
    assert!(elsewhere.verify(&after, now).is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_the_event_store_logging_in_and_reading_go_on_and_changes_are_refused() {
    let world = World::start().await;
    world.customer("ada").await;
    // The latest server gets all requests; this one never answers.
    let transport = &world.deps.transport;
    let _silent = (transport.serve_appends().await, transport.serve_reads().await);
    let ada = world.log_in("ada", &password("ada")).await;
    assert_eq!(world.get("/get-user/ada", Some(&ada)).await.status, 200);
    let asked_at = tokio::time::Instant::now();
    let change = json!({ "UserName": "ada", "Email": "ada@example.org" });
    let refused = world.post("/update-user", Some(&ada), change).await;
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(asked_at.elapsed() <= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_password_is_one_however_a_keyboard_writes_its_accents() {
    let world = World::start().await;
    let (composed, decomposed) = ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me");
    for (name, registered, typed) in [("ada", composed, decomposed), ("bob", decomposed, composed)]
    {
        let mut registration = registration(name);
        registration["Password"] = json!(registered);
        assert_eq!(world.post("/add-user", None, registration).await.status, 201);
        for password in [registered, typed] {
            assert_eq!(world.try_log_in(name, password).await.status, 200, "{name}: {password:?}");
        }
    }
}
