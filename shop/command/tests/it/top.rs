//! What an operator sees at a glance, and ids as the log shows them, on a real shop.

use crate::operator::busy_shop;

#[tokio::test]
async fn the_shop_is_shown_at_a_glance_to_people_and_machines() {
    let (shop, _, order) = busy_shop().await;
    let shown = shop.tool(&["top"]).await.expect_code(0).stdout;
    for part in [": ready", "5 placed", "3 finalized", "2 canceled", "SERVICE"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for service in registry::names() {
        let row = shown.lines().find(|line| line.starts_with(&format!("{service} ")));
        assert!(row.is_some_and(|row| row.contains("ready")), "{service}: {shown}");
    }
    let json = shop.tool(&["top", "--json"]).await.expect_code(0).json();
    assert_eq!(json["Ready"], true);
    assert_eq!(json["Orders"]["ByStatus"]["Finalized"], 3);
    assert!(json["Services"].as_array().is_some_and(|services| services.len() > 4));

    // By its number, as the log of the shop shows it, and by the end of its id.
    let short = order.rsplit('-').next().expect("the end of an id");
    let number = contracts::order::number(order.parse().expect("an id"));
    let log = shop.folder.log();
    assert!(log.contains(&format!("order {number} placed")), "{log}");
    let whole = shop.tool(&["order", &order]).await.expect_code(0).stdout;
    for name in [short, &number] {
        assert_eq!(shop.tool(&["order", name]).await.expect_code(0).stdout, whole, "{name}");
    }
    let stream = format!("order-{short}");
    let events = shop.tool(&["events", "--stream", &stream]).await.expect_code(0).stdout;
    assert!(events.contains(&format!("order-{order}@0")), "{events}");
    let last = shop.tool(&["events", "--last", "2", "--json"]).await.expect_code(0).stdout;
    let folder = shop.down().await;
    let later = folder.tool(&["events", "--last", "2", "--json"]).await.expect_code(0).stdout;
    assert_eq!((last.lines().count(), &last), (2, &later));
    let [drawn, again] = [short, &order].map(|id| vec!["order", id]);
    let drawn = folder.tool(&drawn).await.expect_code(0).stdout;
    assert_eq!(drawn, folder.tool(&again).await.expect_code(0).stdout);
    let short = folder.tool(&["events", "--stream", &stream]).await.expect_code(0).stdout;
    assert_eq!(short, events);
}
