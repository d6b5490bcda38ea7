//! A service that is frozen under load: orders are refused rather than accepted too late, and once it wakes everything ends
//! (promise 11).

use rustix::process::Signal;
use servers::{Store, System};

use super::system::{AGORA, manager};
use crate::{
    flood::Flood,
    overload::is_at_rest,
    shop::{Person, eventually},
};

/// More than the order service lets in at once.
const CLIENTS: usize = 128;
/// Beyond what is let in by chance while others end: the door is shut.
const REFUSED: usize = 3 * CLIENTS;

#[tokio::test]
async fn while_a_service_is_frozen_orders_are_refused_and_what_was_accepted_ends_after_it_wakes() {
    let mut system = System::engines(AGORA, Store::Log).await.expect("they start");
    // A machine that is slow is not a reason to miss it.
    system.settings.push(("AGORA_ORDER_DEADLINE", "60".to_owned()));
    system.run_all(1).await.expect("all start");
    let manager = manager(&system).await;
    manager.add_customers(&["ada"], "1000000").await;
    let lamp = manager.add_products(&["Lamp"], ("1.00", 1_000_000)).await.remove(0);
    let ada = manager.log_in("ada", "ada's password").await;
    let (mut accepted, mut unanswered) = (0, 0);
    for frozen in ["product", "customer"] {
        let flood = Flood::default();
        let freezing = async {
            flood.more_accepted(CLIENTS).await;
            system.signal(frozen, 0, Signal::STOP).expect("it runs");
            flood.more_refused(REFUSED).await;
            answers_reads(&manager).await;
            system.signal(frozen, 0, Signal::CONT).expect("it runs");
            flood.more_accepted(CLIENTS).await;
            flood.end();
        };
        tokio::join!(flood.rage(CLIENTS, &ada, &lamp), freezing);
        accepted += flood.accepted();
        unanswered += flood.unanswered();
    }
    let orders = manager.ended_orders().await;
    let denied: Vec<_> = orders.iter().filter(|order| order["Status"] != "Finalized").collect();
    assert!(denied.is_empty(), "{denied:?}");
    let placed = accepted..=accepted + unanswered;
    assert!(placed.contains(&orders.len()), "{} orders, {placed:?} placed", orders.len());
    is_at_rest(&manager).await;
    system.stop().await.expect("all stop cleanly");
}

/// What other services show is answered although one of them is frozen.
async fn answers_reads(manager: &Person) {
    for path in ["/order/get-orders?Type=All&Limit=1", "/accounting/get-invoices?Limit=1"] {
        eventually("reads are answered", async || {
            (manager.try_get(path).await.ok()?.status == 200).then_some(())
        })
        .await;
    }
}
