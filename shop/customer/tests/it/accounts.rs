//! Accounts: who may register, see and change what.

use serde_json::{Value, json};

use crate::harness::{World, password, registration};

fn with(name: &str, field: &str, value: Value) -> Value {
    let mut body = registration(name);
    body[field] = value;
    body
}

#[tokio::test(start_paused = true)]
async fn registrations_that_break_a_rule_are_refused_by_field_and_recorded_nowhere() {
    let world = World::start().await;
    let manager = world.manager().await;
    let before = world.events().await.len();
    let long = |length| "x".repeat(length);
    let cases = [
        ("UserName", json!("ab")),
        ("UserName", json!(long(65))),
        ("UserName", json!("Ada")),
        ("UserName", json!("ada lovelace")),
        ("UserName", json!("ad\u{e4}")),
        ("UserName", json!("ada\u{0}")),
        ("UserName", json!(4)),
        ("Password", json!("1234567")),
        ("Password", json!(long(129))),
        ("Password", json!("with\nnewline")),
        ("FullName", json!("")),
        ("FullName", json!(long(201))),
        ("Email", json!("ada")),
        ("Email", json!("@example.com")),
        ("Email", json!("ada@")),
        ("Email", json!("a@b@c")),
        ("Email", json!("a da@example.com")),
        ("Email", json!(format!("{}@example.com", long(250)))),
        ("Role", json!("manager")),
    ];
    for (field, value) in cases {
        let answer =
            world.post("/add-user", Some(&manager), with("ada", field, value.clone())).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec![field]), "{value}");
    }
    let mut missing = registration("ada");
    missing.as_object_mut().expect("an object").remove("Email");
    assert_eq!(world.post("/add-user", Some(&manager), missing).await.fields(), ["Email"]);
    let leaked = with("ada", "Password", json!(["secret password"]));
    let answer = world.post("/add-user", Some(&manager), leaked).await;
    assert!(!answer.body.to_string().contains("secret"), "{answer:?}");
    assert_eq!(world.events().await.len(), before);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_proper_request_is_refused_before_it_is_understood() {
    let world = World::start().await;
    let post = async |body: String, kind: &str| {
        let ask = world.ask("POST", "/add-user").header("content-type", kind).raw(body);
        ask.send().await.status.as_u16()
    };
    let good = registration("ada").to_string();
    assert_eq!(post(good.clone(), "text/plain").await, 415);
    assert_eq!(post("{".to_owned(), "application/json").await, 400);
    assert_eq!(post("[".repeat(5000), "application/json").await, 400);
    assert_eq!(post(format!("{good}{}", " ".repeat(70_000)), "application/json").await, 413);
    assert_eq!(world.kinds_of("ada").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_once() {
    let world = World::start().await;
    assert_eq!(world.post("/add-user", None, registration("ada")).await.status, 201);
    let taken = world.post("/add-user", None, registration("ada")).await;
    assert_eq!((taken.status.as_u16(), &taken.body["type"]), (409, &json!("/problems/name-taken")));
    let many = (0..8).map(|_| world.post("/add-user", None, registration("bob")));
    let answers = futures_util::future::join_all(many).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(409)), (1, 7));
    assert_eq!(world.kinds_of("bob").await, ["customer.registered"]);
}

#[tokio::test(start_paused = true)]
async fn twenty_may_register_from_an_address_in_an_hour_and_a_manager_any_number() {
    let world = World::start().await;
    let add = async |name: String, token: Option<&str>| {
        world.post("/add-user", token, registration(&name)).await.status.as_u16()
    };
    for n in 0..20 {
        assert_eq!(add(format!("customer-{n}"), None).await, 201);
    }
    assert_eq!(add("customer-20".to_owned(), None).await, 429);
    let manager = world.manager().await;
    for n in 20..25 {
        assert_eq!(add(format!("customer-{n}"), Some(&manager)).await, 201);
    }
    tokio::time::sleep(std::time::Duration::from_hours(1)).await;
    assert_eq!(add("customer-25".to_owned(), None).await, 201);
}

#[tokio::test(start_paused = true)]
async fn an_account_is_its_owners_and_the_managers() {
    let world = World::start().await;
    let (ada, manager) = (world.customer("ada").await, world.manager().await);
    world.customer("bob").await;
    for (path, status) in
        [("/get-user/ada", 200), ("/get-user/bob", 403), ("/get-user/nobody", 403)]
    {
        assert_eq!(world.get(path, Some(&ada)).await.status.as_u16(), status, "{path}");
        assert_eq!(world.get(path, None).await.status, 401);
    }
    assert_eq!(world.get("/get-user/bob", Some(&manager)).await.status, 200);
    assert_eq!(world.get("/get-user/nobody", Some(&manager)).await.status, 404);
    assert_eq!(world.get("/get-credit?UserName=bob", Some(&ada)).await.status, 403);
    assert_eq!(world.get("/get-all-users", Some(&ada)).await.status, 403);
    let change = json!({ "UserName": "bob", "FullName": "Bobby" });
    assert_eq!(world.post("/update-user", Some(&ada), change.clone()).await.status, 403);
    let changed = world.post("/update-user", Some(&manager), change).await;
    assert_eq!((&changed.body["FullName"], &changed.body["Version"]), (&json!("Bobby"), &json!(2)));
    let nobody = json!({ "UserName": "nobody", "FullName": "No" });
    assert_eq!(world.post("/update-user", Some(&manager), nobody).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_given_changes_and_the_same_again_changes_nothing() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    let change = json!({ "UserName": "ada", "Email": "ada@example.org" });
    let changed = world.post("/update-user", Some(&ada), change.clone()).await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.body["Email"], "ada@example.org");
    assert_eq!(changed.body["FullName"], "ada of Test");
    let again = world.post("/update-user", Some(&ada), change).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &changed.body));
    assert_eq!(world.kinds_of("ada").await.len(), 2);
    let bad = json!({ "UserName": "ada", "Email": "no address" });
    assert_eq!(world.post("/update-user", Some(&ada), bad).await.fields(), ["Email"]);
}

#[tokio::test(start_paused = true)]
async fn managers_list_search_and_sort_all_accounts() {
    let world = World::start().await;
    let manager = world.manager().await;
    for name in ["cleo", "ada", "bob"] {
        world.customer(name).await;
    }
    let credit = json!({ "UserName": "bob", "Credit": 7 });
    assert_eq!(world.post("/set-credit", Some(&manager), credit).await.status, 200);
    let users = async |query: &str| {
        let answer = world.get(&format!("/get-all-users?{query}"), Some(&manager)).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        names(&answer.body)
    };
    assert_eq!(users("").await, ["ada", "admin", "bob", "cleo"]);
    assert_eq!(users("Sort=Credit").await, ["admin", "bob", "ada", "cleo"]);
    assert_eq!(users("Sort=-Credit").await, ["ada", "cleo", "bob", "admin"]);
    assert_eq!(users("Sort=Newest").await, ["bob", "ada", "cleo", "admin"]);
    assert_eq!(users("Search=ADA%40").await, ["ada"]);
    assert_eq!(users("Search=of%20test&Sort=Newest").await, ["bob", "ada", "cleo"]);
    let page = world.get("/get-all-users?Limit=3", Some(&manager)).await;
    let next = page.body["Next"].as_str().expect("there is more");
    assert_eq!(users(&format!("Limit=3&After={next}")).await, ["cleo"]);
    assert_eq!(page.body.get("Total"), None, "not asked for");
    for (query, total) in
        [("Limit=1", 4), ("Limit=1&Search=ADA%40", 1), (&*format!("Limit=3&After={next}"), 4)]
    {
        let counted =
            world.get(&format!("/get-all-users?Count=true&{query}"), Some(&manager)).await;
        assert_eq!(counted.body["Total"], total, "{query}");
    }
    for (search, found) in [
        ("test+of", vec!["ada", "bob", "cleo"]),
        ("CLEO+example", vec!["cleo"]),
        ("cl%C3%A9o", vec!["cleo"]),
        ("cleoo", vec!["cleo"]),
        ("celo", vec!["cleo"]),
        ("exmaple+bob", vec!["bob"]),
        ("bob+nobody", vec![]),
    ] {
        assert_eq!(users(&format!("Search={search}")).await, found, "{search}");
    }
    let page = world.get("/get-all-users?Search=tset&Limit=2&Count=true", Some(&manager)).await;
    assert_eq!(
        (names(&page.body), &page.body["Total"]),
        (vec!["ada".to_owned(), "bob".to_owned()], &json!(3))
    );
    let next = page.body["Next"].as_str().expect("there is more");
    assert_eq!(users(&format!("Search=tset&Limit=2&After={next}")).await, ["cleo"]);
    for bad in ["Sort=Age", "Limit=0", "After=x", "Colour=red", "Count=3"] {
        let answer = world.get(&format!("/get-all-users?{bad}"), Some(&manager)).await;
        assert_eq!(answer.status, 422, "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_manager_sees_an_account_as_it_stood() {
    let world = World::start().await;
    let manager = world.manager().await;
    let before = world.store().head().await.0;
    let ada = world.customer("ada").await;
    let order = world.order("ada", 3000);
    let placed = world.place(&order).await.0;
    world.deny(&order).await;
    let at = async |position: u64, token: &str| {
        let answer = world.get(&format!("/get-user/ada?AsOf={position}"), Some(token)).await;
        (answer.status.as_u16(), answer.body["Available"].clone())
    };
    assert_eq!(at(before, &manager).await.0, 404);
    assert_eq!(at(placed, &manager).await, (200, json!(100.00)));
    assert_eq!(at(placed + 1, &manager).await, (200, json!(70.00)));
    let head = world.store().head().await.0;
    assert_eq!(at(head, &manager).await, (200, json!(100.00)));
    assert_eq!(at(head + 1, &manager).await.0, 422);
    assert_eq!(at(placed, &ada).await.0, 403);
}

fn names(list: &Value) -> Vec<String> {
    let items = list["Items"].as_array().expect("items");
    items.iter().map(|user| user["UserName"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_change_that_rests_on_an_old_version_is_refused_with_the_customer_of_now() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    let change = |name: &str, version: u64| json!({ "UserName": "ada", "FullName": name, "Version": version });
    let changed = world.post("/update-user", Some(&ada), change("Ada L", 1)).await;
    assert_eq!((changed.status.as_u16(), &changed.body["Version"]), (200, &json!(2)));
    let stale = world.post("/update-user", Some(&ada), change("Ada K", 1)).await;
    assert_eq!(stale.status, 409);
    assert_eq!(stale.body["type"], "/problems/stale-version");
    assert_eq!(stale.body["Current"]["FullName"], "Ada L");
    let repeated = ("key", change("Ada M", 2));
    for _ in 0..2 {
        let changed = world.keyed("/update-user", &ada, repeated.clone()).await;
        assert_eq!((changed.status.as_u16(), &changed.body["Version"]), (200, &json!(3)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_sent_twice_with_one_key_is_made_once() {
    let world = World::start().await;
    let register = async |world: &World, registration: Value| {
        let ask = world.ask("POST", "/add-user").header("idempotency-key", "first-try");
        ask.json(&registration).send().await
    };
    let first = register(&world, registration("ada")).await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = register(&world, registration("ada")).await;
    assert_eq!((again.status, again.body), (first.status, first.body));
    assert_eq!(world.kinds_of("ada").await, ["customer.registered"]);
    let mut other = registration("ada");
    other["Password"] = json!("some other password");
    let reused = register(&world, other).await;
    assert_eq!((reused.status.as_u16(), reused.fields()), (422, vec!["Idempotency-Key"]));
    assert_eq!(
        world.post("/add-user", None, registration("ada")).await.status,
        409,
        "without a key"
    );
    // A password could be guessed from a digest of what was sent.
    let digest = |event: &kernel::Recorded| {
        event.metadata.idempotency.as_ref().map(|idempotency| idempotency.request)
    };
    let recorded: Vec<_> = world.events().await.iter().filter_map(|event| digest(event)).collect();
    let elsewhere = World::start_with_secret([8; 32]).await;
    assert_eq!(register(&elsewhere, registration("ada")).await.status, 201);
    let other: Vec<_> = elsewhere.events().await.iter().filter_map(|event| digest(event)).collect();
    assert_ne!(recorded, other, "it takes the shop's secret to make it");
}

#[tokio::test(start_paused = true)]
async fn managers_add_managers_and_nobody_else_does() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    let add =
        async |token: Option<&str>, body: Value| world.post("/add-manager", token, body).await;
    assert_eq!(add(None, registration("dora")).await.status, 401);
    assert_eq!(add(Some(&ada), registration("dora")).await.status, 403);
    assert!(world.kinds_of("dora").await.is_empty());
    let manager = world.manager().await;
    let added = add(Some(&manager), registration("dora")).await;
    assert_eq!((added.status.as_u16(), &added.body["Role"]), (201, &json!("manager")));
    assert_eq!(added.body["Credit"], json!(0.0), "the welcome credit is for customers");
    assert_eq!(add(Some(&manager), registration("dora")).await.status, 409);
    let bad = add(Some(&manager), with("eve", "Email", json!("no address"))).await;
    assert_eq!((bad.status.as_u16(), bad.fields()), (422, vec!["Email"]));

    let dora = world.log_in("dora", &password("dora")).await;
    assert_eq!(world.get("/get-all-users", Some(&dora)).await.status, 200);
    assert_eq!(add(Some(&dora), registration("emil")).await.status, 201, "she is a whole manager");
    let events = world.events().await;
    let by = contracts::actor::manager(world.secrets.customer_id("dora"));
    assert_eq!(events.last().expect("events").metadata.actor, by, "who added whom is recorded");
}

#[tokio::test(start_paused = true)]
async fn a_manager_added_twice_with_one_key_is_added_once() {
    let world = World::start().await;
    let manager = world.manager().await;
    let first = world.keyed("/add-manager", &manager, ("key", registration("dora"))).await;
    let again = world.keyed("/add-manager", &manager, ("key", registration("dora"))).await;
    assert_eq!((first.status.as_u16(), &first.body), (201, &again.body));
    assert_eq!(world.kinds_of("dora").await, ["customer.registered"]);
    let other = world.keyed("/add-user", &manager, ("key", registration("dora"))).await;
    assert_eq!(other.status, 409, "another call is no repetition");
}
