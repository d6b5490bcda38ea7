//! One order: what was ordered, and its progress, updated live.
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
    Amount, Count, Failure, Frame, Listing, Markup, Moment, Page, Picture, ServerEvents, UserVisit,
    Visit, no_such_page,
};

use crate::progress::Progress;

/// Without scripts, the page of an order under way reloads itself after this time.
const REFRESH_SECONDS: u32 = 2;

#[derive(Template)]
#[template(path = "order.html")]
pub(crate) struct OrderPage {
    frame: Frame,
    order: Order,
    /// Of the product, if it is still offered.
    category: Option<String>,
    picture: Picture,
    progress: Progress,
}

pub(crate) async fn order(
    visit: UserVisit,
    Path(id): Path<String>,
) -> Result<Page<OrderPage>, Failure> {
    let (order, history) = read(&visit, &id).await?;
    let product = [("ProductId", order.product_id.to_string())];
    let product = visit.get::<Product>("/product/get-product-details", &product).await;
    // A product that is gone keeps its name here.
    let picture =
        product.as_ref().map_or_else(|_| Picture::drawn("", &order.product_name), Picture::of);
    let category = product.ok().map(|product| product.category_id.to_string());
    let progress = Progress::new(order.clone(), history);
    let frame = visit.frame(format!("Order of {}", order.product_name));
    let frame = if progress.has_ended() { frame } else { frame.refreshing(REFRESH_SECONDS) };
    Ok(Page(OrderPage { frame, order, category, picture, progress }))
}

/// The part of the page as it changes, until nothing more will happen.
pub(crate) async fn live(visit: UserVisit, Path(id): Path<String>) -> Result<Response, Failure> {
    // A visitor who may not see the order gets the error at once, before anything is streamed.
    read(&visit, &id).await?;
    let follower =
        Follower { visit: Visit::clone(&visit), id, seen: Seen::Nothing, settled: false };
    let events = stream::unfold(follower, async |mut follower| {
        let events = follower.next().await?;
        Some((stream::iter(events), follower))
    });
    site::live(&visit, events.flatten())
}

/// Follows one order for one open page.
struct Follower {
    visit: Visit,
    id: String,
    seen: Seen,
    settled: bool,
}

/// How much a watcher has seen.
enum Seen {
    Nothing,
    /// The order at that time, without a subscription to its changes yet.
    State,
    /// Everything in these changes.
    Changes(ServerEvents),
}

impl Follower {
    /// The next event for the browser. None ends the stream: nothing more will happen, or the gateway is gone, and the browser reconnects.
    async fn next(&mut self) -> Option<Vec<Event>> {
        if self.settled {
            return None;
        }
        match &mut self.seen {
            Seen::Nothing => self.seen = Seen::State,
            // Looked at once more after listening has begun, so that nothing falls between.
            Seen::State => self.seen = Seen::Changes(listen(&self.visit).await?),
            Seen::Changes(changes) => change(changes, &self.id).await?,
        }
        let (order, history) = read(&self.visit, &self.id).await.ok()?;
        let progress = Progress::new(order, history);
        self.settled = progress.has_ended();
        let part = Event::default().event("part").data(Markup::of(&progress).as_str());
        let said = Event::default().event("say").data(progress.headline());
        let done = self.settled.then(|| Event::default().event("done").data("settled"));
        Some([part, said].into_iter().chain(done).collect())
    }
}

async fn listen(visit: &Visit) -> Option<ServerEvents> {
    let user = visit.user()?;
    visit.events("/order/order-events", &[("UserName", &user.name)], None).await.ok()
}

/// Waits until something happens to the order.
async fn change(changes: &mut ServerEvents, id: &str) -> Option<()> {
    loop {
        let event = changes.next().await?;
        let change: Change = serde_json::from_str(&event.data).ok()?;
        if change.order.order_id.to_string() == id {
            return Some(());
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

    /// Where there is more of its kind.
    fn onward(&self) -> String {
        self.category
            .as_ref()
            .map_or_else(|| "/categories".to_owned(), |id| format!("/categories/{id}"))
    }
}
