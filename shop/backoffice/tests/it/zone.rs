//! One time zone, the shop's, in all that a manager sees.

use crate::stub::{Asked, Manager};

#[tokio::test]
async fn orders_are_counted_in_the_year_of_their_revenue() {
    let asked = Asked::default();
    let page = Manager::at(&asked).await.get("/?year=2027").await;
    assert!(page.contains("6.66"), "{page}");
    let counted = asked.last("/order/get-order-statistics");
    let year = "From=2026-12-31T23%3A00%3A00.000000Z&To=2027-12-31T23%3A00%3A00.000000Z";
    assert!(counted.ends_with(year), "{counted}");
}

#[tokio::test]
async fn the_orders_of_a_day_are_those_of_the_day_shown() {
    let asked = Asked::default();
    let page = Manager::at(&asked).await.get("/orders?from=2027-01-01&to=2027-01-01").await;
    let found = asked.last("/order/get-orders");
    let day = "From=2026-12-31T23%3A00%3A00.000000Z&To=2027-01-01T23%3A00%3A00.000000Z";
    assert!(found.contains(day), "{found}");
    assert!(page.contains(">1 Jan 2027, 00:30\u{a0}CET</time>"), "{page}");
}

#[tokio::test]
async fn orders_are_shown_with_their_channel_and_found_by_it() {
    let asked = Asked::default();
    let manager = &mut Manager::at(&asked).await;
    let page = manager.get("/orders?channel=app&status=Finalized").await;
    let found = asked.last("/order/get-orders");
    assert!(found.contains("Channel=app") && found.contains("Status=Finalized"), "{found}");
    assert!(page.contains("<option value=\"app\" selected>App</option>"), "{page}");
    assert!(page.contains("<td class=\"tight\">App</td>"), "{page}");
    manager.get("/orders?channel=kiosk").await;
    assert!(!asked.last("/order/get-orders").contains("Channel"), "there is no such channel");
}

#[tokio::test]
async fn events_are_asked_for_and_shown_in_the_same_zone() {
    let asked = Asked::default();
    let page = Manager::at(&asked).await.get("/events?since=2027-01-01T00:30").await;
    let found = asked.last("/events/read-all");
    assert!(found.contains("Since=2026-12-31T23%3A30%3A00.000000Z"), "{found}");
    assert!(page.contains(">1 Jan 2027, 00:30:00</time>"), "{page}");
    assert!(page.contains("Recorded (Europe/Berlin)"), "{page}");
}

#[tokio::test]
async fn a_part_of_a_live_page_is_in_the_zone_too() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    for address in ["/events/follow", "/events/live"] {
        let page = manager.get(address).await;
        assert!(page.contains(">1 Jan 2027, 00:30:00</time>"), "{address}: {page}");
    }
}
