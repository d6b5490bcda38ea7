//! Placing an order.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use contracts::money::{AmountIn, Decimal, Money};
use contracts::{
    names,
    order::{Channel, OrderEvent, Placed, Terms, stream},
    rest,
};
use identity::Caller;
use kernel::{Position, Timestamp, Version};
use runtime::{CommandRequest, Done};
use serde::Deserialize;
use store::Read;
use utoipa::ToSchema;
use uuid::Uuid;
use web::{At, Context, Json, KeyHeader, Keyed, Problem, Text, Whole, event_of};

use super::{Calls, door::Chance, view};
use crate::{
    domain::Command,
    model::{Order, OrderState, Product},
};

/// The quantity of one order.
type Quantity = Whole<1, 1000>;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PlaceOrder {
    product_id: Uuid,
    /// 1 by default.
    #[schema(inline)]
    quantity: Option<Quantity>,
    /// The unit price that was shown; the order is denied if the current price differs. By default the latest known price.
    #[schema(value_type = Option<AmountIn>, inline)]
    price: Option<Decimal>,
    /// By default the caller; only managers may order for another customer.
    #[schema(inline)]
    user_name: Option<Text<1, 64>>,
}

/// Places an order. `get-orders` and `order-events` show its outcome.
#[utoipa::path(post, path = "/place-order", tag = "order", request_body = PlaceOrder, params(
    KeyHeader,
    ("Agora-Channel" = Option<String>, Header, description = "Where the order is placed: `site` or `app`; anything else, or nothing, counts as `api`."),
), security(("token" = [])), responses(
    (status = 202, body = rest::order::Order, description = "The order as placed."),
    (status = 404, description = "There is no such product."),
    (status = 409, description = "An order with this id already exists."),
    (status = 503, description = "The shop is busy (`/problems/orders-busy`), or a part of it is down; Retry-After says when to retry."),
))]
// ANCHOR: place
pub(super) async fn place_order(
    State(calls): State<Arc<Calls>>,
    context: Context,
    // Before token and body: what is refused must cost little.
    _chance: Chance,
    caller: Caller,
    headers: HeaderMap,
    request: Keyed<PlaceOrder>,
) -> Result<(StatusCode, At, Json<rest::order::Order>), Problem> {
    let idempotency = request.creates(caller.id(), "place-order");
    let order = context.created_id(idempotency.as_ref());
    let asked = Asked { order, by: &caller, is_repeatable: idempotency.is_some() };
    let user = request.value.user_name.as_ref().map_or(caller.user(), |user| &**user).to_owned();
    let terms = calls.terms(asked, request.value).await?;
    let id = terms.order;
    let entry = calls.enter(id, terms.customer, idempotency.is_some()).await?;
    let deadline = context.now() + calls.deadline;
    let placed = Placed { terms, deadline, channel: channel(&headers) };
    let command = Command::Place(placed.clone());
    let metadata = context.metadata(caller.actor(), idempotency);
    let done = calls.orders.execute(stream(id), CommandRequest { command, metadata }).await?;
    // A repeated request does not count twice: the order that it placed before may have ended.
    if let (Some(entry), Done::Recorded { .. }) = (entry, done) {
        entry.recorded();
    }
    let placed = calls.as_placed(user, placed, done).await?;
    Ok((StatusCode::ACCEPTED, calls.at(done), Json(view::order(placed))))
}
// ANCHOR_END: place

/// Where the order is placed. It is not part of the request's content: a repeated one is the same order, whatever it says of this.
fn channel(headers: &HeaderMap) -> Channel {
    let named = headers.get(names::CHANNEL);
    Channel::of_request(named.and_then(|channel| channel.to_str().ok()))
}

/// An order that is asked for.
struct Asked<'a> {
    order: Uuid,
    by: &'a Caller,
    /// Whether its request may be sent again.
    is_repeatable: bool,
}

impl Calls {
    /// The product, customer and price of an order.
    async fn terms(&self, asked: Asked<'_>, request: PlaceOrder) -> Result<Terms, Problem> {
        let Asked { order, by: caller, is_repeatable } = asked;
        let PlaceOrder { product_id, quantity, price, user_name } = request;
        let customer = match user_name {
            None => caller.id(),
            Some(user) => match self.customer(caller, &user).await {
                Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
                    return Err(Problem::field("UserName", "no such customer"));
                }
                found => found?,
            },
        };
        let quantity = quantity.map_or(1, Whole::get);
        let quantity = u32::try_from(quantity).expect("it is within 1 to 1000");
        let product = self.orderable(product_id, is_repeatable.then_some(order)).await?;
        let price = price.map_or(product.price, |Decimal(price)| price);
        if price.times(quantity) > Money::LIMIT {
            let detail = format!("makes a total of over {}", Money::LIMIT);
            return Err(Problem::field("Quantity", detail));
        }
        let Product { name: product_name, currency, .. } = product;
        let product = product_id;
        Ok(Terms { order, customer, product, product_name, quantity, price, currency })
    }

    /// A product that can be ordered; or one that could when the order `repeated` was placed, should this be the same request.
    async fn orderable(&self, product: Uuid, repeated: Option<Uuid>) -> Result<Product, Problem> {
        if let Some(product) = self.model.product(product).await? {
            return Ok(product);
        }
        let before = match repeated {
            Some(order) => self.model.order(order).await?,
            None => None,
        };
        let product = before.map(|order| Product {
            name: order.product_name,
            price: order.price,
            currency: order.currency,
        });
        product.ok_or_else(|| Problem::not_found("There is no such product."))
    }

    /// The order as its first event has it, so that a repeated request is answered as the first one was. That event is known from the
    /// append unless it was recorded by an earlier one: the model need not show it yet.
    async fn as_placed(&self, user: String, new: Placed, done: Done) -> Result<Order, Problem> {
        match done {
            Done::Recorded { last, time: Some(time), .. } => Ok(placed(user, new, last, time)),
            _ => self.recorded(user, new.terms.order).await,
        }
    }

    /// The order from its own stream.
    async fn recorded(&self, user: String, id: Uuid) -> Result<Order, Problem> {
        let first = Read::Stream { stream: stream(id), from: Version(0) };
        let page = self.store().read_soon(first).await?;
        let strange = || Problem::internal("an order's stream does not begin with its placing");
        let first = page.events.first().ok_or_else(strange)?;
        match event_of(first)? {
            Some(OrderEvent::Placed(terms)) => {
                Ok(placed(user, terms.clone(), first.position, first.time))
            }
            _ => Err(strange()),
        }
    }
}

fn placed(user: String, placed: Placed, at: Position, time: Timestamp) -> Order {
    let Placed { terms, channel, .. } = placed;
    let Terms { order: id, customer, product, product_name, quantity, price, currency } = terms;
    let state = OrderState::placed(time);
    Order {
        id,
        customer,
        user,
        product,
        product_name,
        quantity,
        price,
        currency,
        channel,
        placed: at,
        placed_at: time,
        state,
    }
}
