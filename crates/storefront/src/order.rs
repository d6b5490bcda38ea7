//! One order: what was ordered, and how far it is, growing as it happens.
//!
//! ```text
//!  page ─▶ EventSource /orders/ID/live ─▶ order-events of the gateway
//!    ▲                                        │ each change of this order
//!    └────────── the part, rendered ◀─────────┘
//! ```

use askama::Template;
use axum::{
    extract::Path,
    response::{Response, sse::Event},
};
use contracts::rest::{
    order::{Change, Order, Step},
    product::Product,
};
use futures_util::{StreamExt, future::try_join, stream};
use site::{
    Amount, Count, Failure, Frame, Listing, Markup, Moment, Page, Picture, ServerEvents, Visit,
};

use crate::{catalogue::no_such_page, progress::Progress};

/// Without scripts, the page of an order under way loads itself anew after this time.
const REFRESH_SECONDS: u32 = 2;

#[derive(Template)]
#[template(path = "order.html")]
pub(crate) struct OrderPage {
    frame: Frame,
    order: Order,
    picture: Picture,
    progress: Progress,
}

pub(crate) async fn order(
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Page<OrderPage>, Failure> {
    visit.require_user()?;
    let (order, history) = read(&visit, &id).await?;
    let product = [("ProductId", order.product_id.to_string())];
    let product = visit.get::<Product>("/product/get-product-details", &product).await;
    // A product that is gone keeps its name here, and any picture will do.
    let category = product.map(|product| product.category_name).unwrap_or_default();
    let picture = Picture::of(&category, &order.product_name);
    let progress = Progress::new(order.clone(), history);
    let frame = visit.frame(format!("Order of {}", order.product_name));
    let frame = if progress.is_settled() { frame } else { frame.refreshing(REFRESH_SECONDS) };
    Ok(Page(OrderPage { frame, order, picture, progress }))
}

/// The part of the page as it changes, until nothing more will happen.
pub(crate) async fn live(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let user = visit.require_user()?;
    // Listened to before the first look, so that nothing falls between.
    let changes = visit.events("/order/order-events", &[("UserName", &user.name)], None).await?;
    read(&visit, &id).await?;
    let follower = Follower { visit: visit.clone(), id, changes, looked: false, settled: false };
    let events = stream::unfold(follower, async |mut follower| {
        let events = follower.next().await?;
        Some((stream::iter(events), follower))
    });
    Ok(site::live(&visit, events.flatten()))
}

/// Somebody who watches one order.
struct Follower {
    visit: Visit,
    id: String,
    changes: ServerEvents,
    /// Whether the browser has been told anything yet.
    looked: bool,
    settled: bool,
}

impl Follower {
    /// What to tell the browser next; none when there is nothing more to tell, or when the gateway is gone: it comes back then.
    async fn next(&mut self) -> Option<Vec<Event>> {
        if self.settled {
            return None;
        }
        if self.looked {
            self.change().await?;
        }
        self.looked = true;
        let (order, history) = read(&self.visit, &self.id).await.ok()?;
        let progress = Progress::new(order, history);
        self.settled = progress.is_settled();
        let part = Event::default().event("part").data(Markup::of(&progress).as_str());
        let said = Event::default().event("say").data(progress.headline());
        let done = self.settled.then(|| Event::default().event("done").data("settled"));
        Some([part, said].into_iter().chain(done).collect())
    }

    /// Waits until something happens to the order.
    async fn change(&mut self) -> Option<()> {
        loop {
            let event = self.changes.next().await?;
            let change: Change = serde_json::from_str(&event.data).ok()?;
            if change.order.order_id.to_string() == self.id {
                return Some(());
            }
        }
    }
}

async fn read(visit: &Visit, id: &str) -> Result<(Order, Vec<Step>), Failure> {
    let order = [("Type", "Single"), ("Id", id)];
    let order = visit.get::<Listing<Order>>("/order/get-orders", &order);
    let history = [("OrderId", id)];
    let history = visit.get::<Listing<Step>>("/order/get-order-history", &history);
    let (order, history) = try_join(order, history).await.map_err(no_such_page)?;
    let order = order.items.into_iter().next().ok_or(Failure::NotFound)?;
    Ok((order, history.items))
}

impl OrderPage {
    fn price(&self) -> Amount<'_> {
        Amount(self.order.price.0, &self.order.currency)
    }

    fn total(&self) -> Amount<'_> {
        Amount(self.order.total.0, &self.order.currency)
    }
}
