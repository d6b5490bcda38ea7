//! Logs orders as they happen, one readable line per step.

use contracts::{
    accounting::AccountingEvent, customer::CustomerEvent, order::OrderEvent, product::ProductEvent,
};
use kernel::{Recorded, Timestamp};
use runtime::{Subscription, trace::trace_id};
use web::Deps;

/// Lines logged per second; beyond that they are only counted, so that logging does not slow down a busy shop.
const LINES_PER_SECOND: u32 = 40;

/// Tells what happens from now on until the tasks stop.
pub(crate) fn spawn(deps: &Deps) {
    let (tasks, deps) = (deps.tasks.clone(), deps.clone());
    deps.tasks.clone().spawn("narrator", async move {
        tokio::select! {
            biased;
            () = tasks.stopped() => {}
            () = tell(&deps) => {}
        }
    });
}

async fn tell(deps: &Deps) {
    let store = deps.store();
    let mut subscription = Subscription::open(&store, store.head().await).await;
    let mut budget = Budget::default();
    loop {
        for event in subscription.next().await {
            if !tracing::enabled!(tracing::Level::INFO) {
                continue;
            }
            if !budget.allows(event.time) {
                continue;
            }
            if let Some(line) = line(&event) {
                let position = event.position.0;
                let trace = event.metadata.traceparent.as_deref().and_then(trace_id);
                tracing::info!(target: "agora::orders", position, trace.id = trace, "{line}");
                budget.told += 1;
            }
        }
    }
}

#[derive(Default)]
struct Budget {
    second: i64,
    told: u32,
    untold: u64,
}

impl Budget {
    /// Whether there is room for another line; else what happens is only counted, unread.
    fn allows(&mut self, now: Timestamp) -> bool {
        let second = now.micros() / 1_000_000;
        if second != self.second {
            if self.untold > 0 {
                tracing::info!(target: "agora::orders", "… and {} more events", self.untold);
            }
            *self = Self { second, told: 0, untold: 0 };
        }
        let allowed = self.told < LINES_PER_SECOND;
        self.untold += u64::from(!allowed);
        allowed
    }
}

fn line(event: &Recorded) -> Option<String> {
    match event.stream.category() {
        contracts::order::CATEGORY => order(&OrderEvent::of(event)?),
        contracts::product::CATEGORY => product(&ProductEvent::of(event)?),
        contracts::customer::CATEGORY => customer(&CustomerEvent::of(event)?),
        contracts::accounting::CATEGORY => {
            let AccountingEvent::InvoiceIssued(invoice) = AccountingEvent::of(event)?;
            let (number, total, currency) = (invoice.number, invoice.total, invoice.currency);
            Some(format!(
                "order {} has invoice {number} over {total} {currency}",
                short(invoice.order)
            ))
        }
        _ => None,
    }
}

fn order(event: &OrderEvent) -> Option<String> {
    match event {
        OrderEvent::Placed(placed) => {
            let terms = &placed.terms;
            let (quantity, name, total) = (terms.quantity, &terms.product_name, terms.total());
            Some(format!(
                "order {} placed: {quantity} × {name}, {total} {}",
                short(terms.order),
                terms.currency
            ))
        }
        OrderEvent::Approved(_) => None,
        OrderEvent::Finalized(finalized) => {
            Some(format!("order {} approved and finalized", short(finalized.terms.order)))
        }
        OrderEvent::Denied(denied) => {
            let reasons: Vec<&str> = denied.reasons.iter().map(|reason| reason.as_str()).collect();
            Some(format!("order {} denied: {}", short(denied.terms.order), reasons.join(", ")))
        }
    }
}

fn product(event: &ProductEvent) -> Option<String> {
    match event {
        ProductEvent::Added(added) => Some(format!(
            "product {:?} added, {} units at {}",
            added.name, added.units, added.price
        )),
        ProductEvent::Changed(_) | ProductEvent::StockCommitted(_) => None,
        ProductEvent::Deleted(_) => Some("a product was deleted".to_owned()),
        ProductEvent::StockReserved(reserved) => Some(format!(
            "order {}: {} reserved, {} left",
            short(reserved.order),
            reserved.quantity,
            reserved.available
        )),
        ProductEvent::StockDenied(denied) => {
            Some(format!("order {}: no stock ({})", short(denied.order), denied.reason))
        }
        ProductEvent::StockReleased(released) => {
            Some(format!("order {}: stock released", short(released.order)))
        }
    }
}

fn customer(event: &CustomerEvent) -> Option<String> {
    match event {
        CustomerEvent::CreditReserved(reserved) => Some(format!(
            "order {}: credit of {} reserved, {} left",
            short(reserved.order),
            reserved.amount,
            reserved.available
        )),
        CustomerEvent::CreditDenied(denied) => {
            Some(format!("order {}: no credit ({})", short(denied.order), denied.reason))
        }
        CustomerEvent::CreditReleased(released) => {
            Some(format!("order {}: credit released", short(released.order)))
        }
        CustomerEvent::Registered(_) => Some("a customer registered".to_owned()),
        CustomerEvent::CreditChanged(changed) => {
            Some(format!("a customer's credit changed by {}", changed.change))
        }
        CustomerEvent::ProfileChanged(_)
        | CustomerEvent::PasswordChanged(_)
        | CustomerEvent::LoggedOut(_)
        | CustomerEvent::CreditDebited(_) => None,
    }
}

/// The end of an id, where ids that sort by time differ.
fn short(id: uuid::Uuid) -> String {
    let text = id.simple().to_string();
    text.get(20..).unwrap_or(&text).to_owned()
}
