//! The playground: there only where a shop is played with, and for its managers alone.

use axum::{Json, Router, routing::get};
use hyper::StatusCode;
use kernel::Clock as _;
use runtime::clock::SystemClock;
use serde_json::{Value, json};

use crate::{
    lets_nobody_change, lets_nobody_see,
    stub::{Asked, Manager, played},
};

const PAGES: [&str; 3] = ["/playground", "/playground/live", "/drills"];
const CHANGES: [&str; 10] = [
    "/drills/begin",
    "/drills/end",
    "/playground/messages",
    "/playground/part",
    "/playground/power",
    "/playground/traffic",
    "/playground/sale",
    "/playground/play",
    "/playground/repeat",
    "/playground/heal",
];

/// A back office with a playground, over a gateway that must not be asked.
fn office() -> Router {
    played(Router::new().fallback(async || StatusCode::INTERNAL_SERVER_ERROR))
}

#[tokio::test]
async fn nobody_plays_without_logging_in_or_by_a_form_of_another_site() {
    lets_nobody_see(office, &PAGES).await;
    lets_nobody_change(office, &CHANGES).await;
}

#[tokio::test]
async fn a_shop_that_is_not_played_with_has_neither_the_page_nor_a_link_to_it() {
    let mut manager = Manager::at(&Asked::default()).await;
    assert!(!manager.get("/").await.to_lowercase().contains("playground"));
    for page in PAGES {
        let answer = manager.get(page).await;
        assert!(
            answer.contains("There is no such page") || answer.contains("404"),
            "{page}: {answer}"
        );
    }
    for page in CHANGES {
        assert_eq!(manager.post(page).await, StatusCode::NOT_FOUND, "{page}");
    }
}

/// A manager on the playground of a shop where this is played.
async fn playing(playing: Value) -> Manager {
    let state = json!({
        "Seed": 7, "Playing": playing, "Rates": {}, "Promises": [], "Broken": [], "Messages": [], "Missing": 0,
        "Parts": [{ "Name": "product", "State": "Up", "SlowMs": 0 }],
        "Orders": { "Finalized": 0, "Denied": 0, "Open": 0, "Awaited": [] },
    });
    let some = Router::new().route("/playground/get-playground", get(async move || Json(state)));
    Manager::playing(&Asked::default(), some).await
}

#[tokio::test]
async fn an_address_that_names_what_cannot_be_done_is_no_run() {
    let mut manager = playing(Value::Null).await;
    let page = manager.get("/playground?seed=9&BroadcastLost=300&product=Freeze").await;
    assert!(page.contains("The run of this address") && page.contains("Do all of this"), "{page}");
    for rubbish in ["BroadcastLost=99999", "product=Dance", "seed=nine", "pantry=Kill"] {
        let page = manager.get(&format!("/playground?ReplyLost=7&{rubbish}")).await;
        assert!(!page.contains("The run of this address"), "{rubbish}: {page}");
        assert!(
            page.contains(&format!("no run that this shop can do: <code>{rubbish}</code>")),
            "{page}"
        );
        assert!(!page.contains("value=\"99999\""), "{page}");
    }
}

#[tokio::test]
async fn the_power_cut_says_what_it_is_doing_from_its_beginning() {
    let now = SystemClock.now();
    let (goes, until) =
        (now + std::time::Duration::from_mins(1), now + std::time::Duration::from_mins(3));
    let cut = json!({ "Preset": "PowerCut", "Until": until, "PowerGoesAt": goes });
    let page = playing(cut).await.get("/playground").await;
    assert!(page.contains("Many people shop now. The power goes in "), "{page}");
    let page =
        playing(json!({ "Preset": "PowerCut", "Until": until })).await.get("/playground").await;
    assert!(page.contains("The power went. Everything starts again by itself"), "{page}");
    let twice = json!({ "Preset": "EverythingTwice", "Until": until });
    let page = playing(twice).await.get("/playground").await;
    assert!(
        page.contains("is running; time left:")
            && page.contains("Every message arrives twice, for a minute."),
        "{page}"
    );
}

#[tokio::test]
async fn tour_drills_and_book_are_linked_where_they_are() {
    let mut without = Manager::at(&Asked::default()).await;
    let home = without.get("/").await;
    assert!(home.contains(r#"<a href="/tour""#), "{home}");
    for absent in [r#"href="/drills""#, r#"href="/book"#] {
        assert!(!home.contains(absent), "{absent}");
        assert!(!without.get("/tour/3").await.contains(absent), "{absent} in a step");
    }
    assert!(!without.get("/book/index.html").await.contains("Chapter one"));

    let book = async || ([("content-security-policy", "frame-src 'self'")], "Chapter one");
    let book = Router::new().route("/docs/book/patterns/cqrs.html", get(book));
    let mut with = Manager::playing(&Asked::default(), book).await;
    let home = with.get("/").await;
    for there in ["/tour", "/drills", "/book"] {
        assert!(home.contains(&format!(r#"<a href="{there}""#)), "{there}");
    }
    let step = with.get("/tour/3").await;
    assert!(step.contains(r#"<a href="/book/patterns/cqrs.html">"#), "{step}");
    assert!(with.get("/tour/6").await.contains(r#"the <a href="/drills">drills</a>"#));
    assert_eq!(with.get("/book/patterns/cqrs.html").await, "Chapter one");
    assert!(!with.get("/book/..%2Fbook/patterns/cqrs.html").await.contains("Chapter one"));
}
