//! Looking orders up.

use std::sync::Arc;

use axum::extract::State;
use contracts::{
    order::number,
    rest::order::{Channel, Order, Status},
};
use identity::Caller;
use kernel::{Position, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use web::{After, COUNTED_MAX, Count, Cursor, Json, Limit, Listing, Problem, Query, Text};

use super::{Orders, view};
use crate::model::{self, List, Within};

/// Steps read at once for an order as it was: more than the shop's own services record for one.
const STEPS: usize = 500;

#[derive(Deserialize, ToSchema, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetOrders {
    /// `All` is for managers.
    #[param(inline)]
    #[schema(inline)]
    r#type: Type,
    /// With `Customer` a user name, by default the caller's. With `Single` an order's id, or four or more digits of its beginning or
    /// end, such as the order's number, its last eight: then all orders that fit, of those that the caller may see.
    #[param(inline)]
    #[schema(inline)]
    id: Option<Text<1, 64>>,
    #[param(inline)]
    #[schema(inline)]
    status: Option<Status>,
    product_id: Option<Uuid>,
    #[param(inline)]
    #[schema(inline)]
    channel: Option<Channel>,
    /// Only orders of which services have yet to record something; or, if false, only those that have ended.
    running: Option<bool>,
    /// Placed at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Placed before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    #[param(inline)]
    #[schema(inline)]
    #[serde(default)]
    limit: Limit,
    /// Newest first, unless another order is asked for. `Longest`: those that took the longest from placing to the last step.
    #[param(inline)]
    #[schema(inline)]
    #[serde(default)]
    sort: Sort,
    #[param(inline, value_type = Option<Cursor>)]
    #[schema(inline, value_type = Option<Cursor>)]
    after: Option<After<Position>>,
    /// With `All` and `Customer`: whether to count the orders of all pages too, as Total.
    #[serde(default)]
    #[param(required = false)]
    count: bool,
    /// With `Single`: as it was after the event at this position; for managers.
    #[param(inline)]
    #[schema(inline)]
    as_of: Option<Count>,
}

/// The digits of a part of an order's id.
fn digits(id: Option<&str>) -> Option<String> {
    id.and_then(number::digits)
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
enum Type {
    All,
    Customer,
    Single,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
enum Sort {
    #[default]
    Newest,
    Oldest,
    Longest,
}

impl From<Sort> for model::Sort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Newest => Self::Newest,
            Sort::Oldest => Self::Oldest,
            Sort::Longest => Self::Longest,
        }
    }
}

/// Orders, newest first.
#[utoipa::path(get, path = "/get-orders", tag = "order", params(GetOrders), security(("token" = [])), responses(
    (status = 200, body = Listing<Order>),
    (status = 404, description = "There is no such order or customer."),
))]
pub(super) async fn get_orders(
    State(orders): State<Arc<Orders>>,
    caller: Caller,
    Query(query): Query<GetOrders>,
) -> Result<Json<Listing<Order>>, Problem> {
    orders.find(&caller, query).await.map(Json)
}

/// Orders, newest first: the same as by GET, with the same fields as JSON.
#[utoipa::path(post, path = "/get-orders", tag = "order", request_body = GetOrders, security(("token" = [])), responses(
    (status = 200, body = Listing<Order>),
    (status = 404, description = "There is no such order or customer."),
))]
pub(super) async fn find_orders(
    State(orders): State<Arc<Orders>>,
    caller: Caller,
    Json(query): Json<GetOrders>,
) -> Result<Json<Listing<Order>>, Problem> {
    orders.find(&caller, query).await.map(Json)
}

impl Orders {
    async fn find(&self, caller: &Caller, query: GetOrders) -> Result<Listing<Order>, Problem> {
        if query.as_of.is_some() && query.r#type != Type::Single {
            return Err(Problem::field("AsOf", "goes with Type=Single only"));
        }
        let customer = match query.r#type {
            Type::Single if query.as_of.is_none() && digits(query.id.as_deref()).is_some() => {
                return self.fitting(caller, &query).await;
            }
            Type::Single => {
                let order = self.single(caller, &query).await?;
                return Ok(Listing::last(vec![view::order(order)]));
            }
            Type::Customer => {
                Some(self.customer(caller, query.id.as_deref().unwrap_or(caller.user())).await?)
            }
            Type::All => {
                caller.must_be_manager()?;
                None
            }
        };
        let list = List {
            customer,
            product: query.product_id,
            status: query.status,
            channel: query.channel,
            running: query.running,
            placed: Within { from: query.from, to: query.to },
            sort: query.sort.into(),
            after: query.after.map(|After(position)| position),
            count: query.limit.and_one(),
        };
        let all = query.count.then(|| List { after: None, count: COUNTED_MAX, ..list.clone() });
        let found = self.model.list(list).await?;
        let mut page = Listing::page(found, query.limit, |order| order.placed);
        if let Some(all) = all {
            page.total = Some(self.model.count(all).await?);
        }
        Ok(page.map(view::order))
    }

    /// The orders of which a part of the id is given. A customer does not learn of others' orders.
    async fn fitting(&self, caller: &Caller, query: &GetOrders) -> Result<Listing<Order>, Problem> {
        let digits = digits(query.id.as_deref()).unwrap_or_default();
        let customer = (!caller.is_manager()).then(|| caller.id());
        let found = self.model.fitting(digits, customer, query.limit.get()).await?;
        if found.is_empty() {
            return Err(Problem::not_found("There is no such order."));
        }
        Ok(Listing::last(found).map(view::order))
    }

    async fn single(&self, caller: &Caller, query: &GetOrders) -> Result<model::Order, Problem> {
        let Some(id) = query.id.as_deref() else {
            return Err(Problem::field("Id", "is needed with Type=Single"));
        };
        let unknown = || Problem::not_found("There is no such order.");
        let order = self.visible(caller, Uuid::parse_str(id).map_err(|_| unknown())?).await?;
        let Some(as_of) = query.as_of else { return Ok(order) };
        let as_of = Position(as_of.unsigned());
        caller.must_be_manager()?;
        self.must_be_recorded(as_of).await?;
        if order.placed > as_of {
            return Err(Problem::not_found("There was no such order then."));
        }
        self.as_of(order, as_of).await
    }

    /// The order as it was at a position behind its placing.
    async fn as_of(&self, order: model::Order, at: Position) -> Result<model::Order, Problem> {
        let mut order = order.into_placed();
        let mut after = Position::START;
        loop {
            let steps = self.model.history(order.id, after, STEPS).await?;
            for step in steps.iter().take_while(|step| step.position <= at) {
                order.take(step);
            }
            match steps.last().filter(|_| steps.len() == STEPS) {
                Some(last) if last.position < at => after = last.position,
                _ => return Ok(order),
            }
        }
    }
}
