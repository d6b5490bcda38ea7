//! Parts that do not answer: the pages that are needed the most then show everything else, and say what is missing.

use std::time::Duration;

use crate::stub::{Asked, Manager};

/// Every part, and what the dashboard cannot show without it.
const PARTS: [(&str, &[&str]); 5] = [
    ("customer", &[]),
    ("product", &["stock is not shown"]),
    ("order", &["orders are not shown"]),
    ("accounting", &["revenue is not shown", "what sells is not shown"]),
    ("events", &[]),
];

#[tokio::test]
async fn with_any_part_away_both_pages_are_there_and_say_since_when_and_what_it_means() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    for (part, missing) in PARTS {
        asked.silence(&[part]);
        let dashboard = manager.get("/?year=2027").await;
        let system = manager.get("/system").await;
        for page in [&dashboard, &system] {
            assert!(page.contains(&format!("No {part}, no fun.")), "{part}: {page}");
            // The shop's zone is asked of accounting, and known from before.
            assert!(page.contains("31 Dec 2026, 23:40"), "{part}: {page}");
        }
        assert!(system.contains("It hangs."), "{part}: {system}");
        let sagas = manager.get("/sagas").await;
        assert_eq!(sagas.contains("sagas are not shown"), part == "order", "{part}: {sagas}");
        for what in missing {
            assert!(dashboard.contains(what), "{part}: {what}: {dashboard}");
        }
        let shown = PARTS.iter().filter(|(other, _)| *other != part);
        for what in shown.flat_map(|(_, missing)| *missing) {
            assert!(!dashboard.contains(what), "{part}: {what}: {dashboard}");
        }
    }
}

#[tokio::test]
async fn a_page_that_needs_a_part_names_it_while_it_is_away_and_leads_to_the_system() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    for (part, page, title) in [
        ("order", "/orders", "The order service does not answer"),
        ("product", "/products", "The product service does not answer"),
        ("events", "/events", "The event store does not answer"),
        ("events", "/audit", "The event store does not answer"),
    ] {
        asked.silence(&[part]);
        let shown = manager.get(page).await;
        assert!(shown.contains(&format!("<h1>{title}</h1>")), "{page}: {shown}");
        assert!(shown.contains(&format!("No {part}, no fun.")), "{page}: {shown}");
        assert!(shown.contains("31 Dec 2026, 23:40"), "since when: {page}: {shown}");
        assert!(shown.contains("<a class=\"button\" href=\"/system\">"), "{page}: {shown}");
    }
    asked.silence(&["order", "events"]);
    let shown = manager.get("/orders").await;
    assert!(shown.contains("<h1>Parts of the shop do not answer</h1>"), "{shown}");
    assert!(shown.contains("No order, no fun.") && shown.contains("No events, no fun."), "{shown}");
}

#[tokio::test]
async fn without_the_gateway_the_pages_say_so_and_show_nothing_of_before() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    asked.silence(&["system", "customer", "product", "order", "accounting", "events", "demo"]);
    for page in ["/", "/system"] {
        let shown = manager.get(page).await;
        assert!(shown.contains("The gateway does not answer."), "{page}: {shown}");
    }
}

#[tokio::test]
async fn storefront_and_gateway_are_away_since_a_time_and_then_in_the_list_of_the_last_day() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    let row = |system: &str, part: &str| {
        let head = format!("<th scope=\"row\" class=\"tight\">{part}</th>");
        system.split("<tr>").find(|row| row.contains(&head)).map(str::to_owned)
    };
    let system = manager.get("/system?past=all").await;
    for part in ["storefront", "gateway"] {
        assert_eq!(row(&system, part), None, "both answer");
    }

    asked.silence(&["storefront"]);
    for page in ["/", "/system"] {
        let shown = manager.get(page).await;
        let alert = shown.split("<p class=\"alert").find(|alert| alert.contains(">storefront<"));
        let alert = alert.unwrap_or_else(|| panic!("{page}: {shown}"));
        assert!(alert.contains("since <time"), "{page}: {alert}");
        assert!(alert.contains("Shoppers cannot see the shop"), "{page}: {alert}");
    }

    asked.silence(&["system"]);
    for page in ["/", "/system"] {
        let shown = manager.get(page).await;
        assert!(shown.contains("Down since <time"), "{page}: {shown}");
        assert!(!shown.contains("Shoppers cannot see the shop"), "the storefront is back: {shown}");
    }

    asked.silence(&[]);
    let system = manager.get("/system?past=all").await;
    for part in ["storefront", "gateway"] {
        let row = row(&system, part).unwrap_or_else(|| panic!("{part}: {system}"));
        assert!(row.contains("It has not answered the back office"), "{part}: {row}");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_part_hangs_a_page_is_there_within_a_few_seconds_with_what_is_known() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    for part in ["customer", "product", "order", "accounting", "events", "system"] {
        asked.freeze(&[part]);
        for (page, patience_ms) in [("/system", 2_600), ("/sagas", 2_600), ("/", 5_100)] {
            let begun = tokio::time::Instant::now();
            let shown = manager.get(page).await;
            let took = begun.elapsed();
            assert!(took < Duration::from_millis(patience_ms), "{page} without {part}: {took:?}");
            if page == "/system" && part != "system" {
                assert!(shown.contains("<strong>order</strong>"), "{part}: {shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_broker_that_is_away_is_not_taken_for_dead_services() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    asked.silence(&["bus"]);
    let system = manager.get("/system").await;
    assert!(system.contains("cannot be told from dead ones"), "{system}");
    assert!(system.contains("No connection") && system.contains("Over RabbitMQ"), "{system}");
    asked.silence(&["bus", "accounting"]);
    let home = manager.get("/").await;
    assert!(home.contains("No answer came from accounting"), "{home}");
    assert!(!home.contains("ccounting does not answer"), "{home}");
}

#[tokio::test]
async fn the_last_day_is_listed() {
    let mut manager = Manager::at(&Asked::default()).await;
    let system = manager.get("/system").await;
    let rows = |page: &str| page.split("<tr>").filter(|row| row.contains("It hangs.")).count();
    let row = system.split("<tr>").find(|row| row.contains("It hangs.")).expect("a row");
    assert!(row.contains("product") && row.contains("10 min"), "{row}");
    assert!(system.contains("The gateway has watched since"), "{system}");
    assert_eq!(rows(&system), 20);
    let all = "href=\"/system?past=all#timeline\">Show all: 2 more</a>";
    assert!(system.contains(all), "{system}");
    let whole = manager.get("/system?past=all").await;
    assert_eq!(rows(&whole), 22);
    assert!(whole.contains("data-live=\"/system/live?past=all\""), "{whole}");
}
