//! Passwords: who may change them, which are refused, and that they are recorded nowhere.

use serde_json::{Value, json};
use testing::Answer;

use crate::harness::{ADMIN_PASSWORD, World, password, registration};

fn new_password(user: &str, current: Option<&str>) -> Value {
    let mut body = json!({ "UserName": user, "Password": "a new password" });
    if let Some(current) = current {
        body["CurrentPassword"] = json!(current);
    }
    body
}

#[tokio::test(start_paused = true)]
async fn a_new_password_needs_the_current_one_and_ends_all_sessions() {
    let world = World::start().await;
    let (first, second) =
        (world.customer("ada").await, world.log_in("ada", &password("ada")).await);
    let update = async |token: &str, current: Option<&str>| -> Answer {
        world.post("/update-user", Some(token), new_password("ada", current)).await
    };
    assert_eq!(update(&first, None).await.fields(), ["CurrentPassword"]);
    assert_eq!(update(&first, Some("wrong")).await.fields(), ["CurrentPassword"]);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(update(&first, Some(&password("ada"))).await.status, 200);
    for token in [&first, &second] {
        assert_eq!(world.get("/get-user/ada", Some(token)).await.status, 401);
    }
    assert_eq!(world.try_log_in("ada", &password("ada")).await.status, 401);
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    let fresh = world.log_in("ada", "a new password").await;
    assert_eq!(world.get("/get-user/ada", Some(&fresh)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_current_password_counts_as_a_failed_log_in() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    for _ in 0..10 {
        let wrong =
            world.post("/update-user", Some(&ada), new_password("ada", Some("wrong"))).await;
        assert_eq!(wrong.status, 422);
    }
    let body = new_password("ada", Some(&password("ada")));
    assert_eq!(world.post("/update-user", Some(&ada), body).await.status, 429);
    assert_eq!(world.try_log_in("ada", &password("ada")).await.status, 429);
}

#[tokio::test(start_paused = true)]
async fn a_manager_sets_others_passwords_but_needs_the_current_one_for_the_own() {
    let world = World::start().await;
    let manager = world.manager().await;
    let ada = world.customer("ada").await;
    let others = world.post("/update-user", Some(&manager), new_password("ada", None)).await;
    assert_eq!(others.status, 200);
    assert_eq!(world.get("/get-user/ada", Some(&ada)).await.status, 401, "her sessions have ended");
    assert_eq!(world.try_log_in("ada", &password("ada")).await.status, 401);
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    world.log_in("ada", "a new password").await;
    let own = world.post("/update-user", Some(&manager), new_password("admin", None)).await;
    assert_eq!(own.fields(), ["CurrentPassword"]);
    let body = new_password("admin", Some(ADMIN_PASSWORD));
    assert_eq!(world.post("/update-user", Some(&manager), body).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn passwords_that_are_tried_first_are_refused() {
    let world = World::start().await;
    let weak = [
        "password",
        "Password1!",
        "12345678",
        "87654321",
        "aaaaaaaa",
        "qwertyuiop",
        "ada.lovelace",
        "Ada.Lovelace42",
    ];
    for password in weak {
        let mut registration = registration("ada.lovelace");
        registration["Password"] = json!(password);
        let refused = world.post("/add-user", None, registration).await;
        assert_eq!(
            (refused.status.as_u16(), refused.fields()),
            (422, vec!["Password"]),
            "{password}"
        );
    }
    for (name, password) in [("ada", "correct-horse"), ("bob", "analytical")] {
        let mut registration = registration(name);
        registration["Password"] = json!(password);
        assert_eq!(world.post("/add-user", None, registration).await.status, 201, "{password}");
    }
    let ada = world.log_in("bob", "analytical").await;
    let change =
        json!({ "UserName": "bob", "Password": "iloveyou", "CurrentPassword": "analytical" });
    let refused = world.post("/update-user", Some(&ada), change).await;
    assert_eq!((refused.status.as_u16(), refused.fields()), (422, vec!["Password"]));
}

#[tokio::test(start_paused = true)]
async fn promise_10_a_password_and_its_hash_stand_nowhere() {
    let world = World::start().await;
    let (ada, manager) = (world.customer("ada").await, world.manager().await);
    let mut shown = String::new();
    for path in ["/get-user/ada", "/get-all-users", "/get-user/ada?AsOf=2", "/", "/openapi.json"] {
        shown += &world.get(path, Some(&manager)).await.body.to_string();
    }
    shown += &world.get("/get-user/ada", Some(&ada)).await.body.to_string();
    for event in world.events().await {
        shown += event.data.get();
    }
    shown += &testing::dump(&world.service).await.join("\n");
    assert!(shown.contains("ada@example.com"));
    for secret in [&*password("ada"), ADMIN_PASSWORD, "argon2id", "$v="] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let streams = world.events().await;
    assert!(streams.iter().all(|event| !event.stream.as_str().contains("ada")));
}
