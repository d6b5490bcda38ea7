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

use super::{Calls, no_order, view};
use crate::model::{self, OrderQuery, Within};

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
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    Query(query): Query<GetOrders>,
) -> Result<Json<Listing<Order>>, Problem> {
    calls.find(&caller, query).await.map(Json)
}

/// Orders, newest first: the same as by GET, with the same fields as JSON.
#[utoipa::path(post, path = "/get-orders", tag = "order", request_body = GetOrders, security(("token" = [])), responses(
    (status = 200, body = Listing<Order>),
    (status = 404, description = "There is no such order or customer."),
))]
pub(super) async fn find_orders(
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    Json(query): Json<GetOrders>,
) -> Result<Json<Listing<Order>>, Problem> {
    calls.find(&caller, query).await.map(Json)
}

impl Calls {
    async fn find(&self, caller: &Caller, query: GetOrders) -> Result<Listing<Order>, Problem> {
        if query.as_of.is_some() && query.r#type != Type::Single {
            return Err(Problem::field("AsOf", "goes with Type=Single only"));
        }
        let customer = match query.r#type {
            Type::Single if query.as_of.is_none() && digits(query.id.as_deref()).is_some() => {
                return self.orders_by_digits(caller, &query).await;
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
        let list = OrderQuery {
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
        let all =
            query.count.then(|| OrderQuery { after: None, count: COUNTED_MAX, ..list.clone() });
        let found = self.model.orders(list).await?;
        let mut page = Listing::page(found, query.limit, |order| order.placed);
        if let Some(all) = all {
            page.total = Some(self.model.count_orders(all).await?);
        }
        Ok(page.map(view::order))
    }

    /// The orders of which a part of the id is given. A customer does not learn of others' orders.
    async fn orders_by_digits(
        &self,
        caller: &Caller,
        query: &GetOrders,
    ) -> Result<Listing<Order>, Problem> {
        let digits = digits(query.id.as_deref()).unwrap_or_default();
        let customer = (!caller.is_manager()).then(|| caller.id());
        let found = self.model.orders_by_digits(digits, customer, query.limit.get()).await?;
        if found.is_empty() {
            return Err(no_order());
        }
        Ok(Listing::last(found).map(view::order))
    }

    async fn single(&self, caller: &Caller, query: &GetOrders) -> Result<model::Order, Problem> {
        let Some(id) = query.id.as_deref() else {
            return Err(Problem::field("Id", "is needed with Type=Single"));
        };
        let order = self.visible(caller, Uuid::parse_str(id).map_err(|_| no_order())?).await?;
        let Some(as_of) = query.as_of else { return Ok(order) };
        let as_of = Position(as_of.unsigned());
        caller.must_be_manager()?;
        self.must_be_recorded(as_of).await?;
        if order.placed > as_of {
            return Err(Problem::not_found("There was no such order then."));
        }
        self.order_as_of(order, as_of).await
    }
}
