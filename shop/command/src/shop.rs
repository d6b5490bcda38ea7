//! The REST API's types as the tools need them: only the fields they use, so that the API may grow.

use contracts::{money::Decimal, order::lifecycle::Stage};
use runtime::trace::trace_id;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sheets::Current;
use uuid::Uuid;

use crate::client::{Client, Error};

/// The most that one page of a list holds.
const PAGE: usize = 500;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Category {
    #[serde(rename = "CategoryId")]
    pub(crate) id: Uuid,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Product {
    #[serde(rename = "ProductId")]
    pub(crate) id: Uuid,
    #[serde(default)]
    pub(crate) code: Option<String>,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) supplier: String,
    #[serde(default)]
    pub(crate) category_id: Option<Uuid>,
    pub(crate) price: Decimal,
    pub(crate) units_in_stock: i64,
    pub(crate) version: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Customer {
    pub(crate) user_name: String,
    pub(crate) credit: Decimal,
}

impl Product {
    /// What an import compares with its row.
    pub(crate) fn current(&self) -> Current<'_> {
        Current {
            product_id: self.id,
            version: self.version,
            name: &self.name,
            description: &self.description,
            supplier: &self.supplier,
            category_id: self.category_id,
            price: self.price.0,
            units_in_stock: self.units_in_stock,
        }
    }
}

/// An order as lists and changes show it; enough to know whether it has ended.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Order {
    #[serde(rename = "OrderId")]
    pub(crate) id: Uuid,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) stock_status: String,
    #[serde(default)]
    pub(crate) credit_status: String,
    #[serde(default)]
    pub(crate) reasons: Vec<String>,
    #[serde(default)]
    pub(crate) invoice_number: Option<u64>,
}

/// An event of `order-events`: a step, which does not matter here, and the order after it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Change {
    pub(crate) order: Order,
}

impl Order {
    /// Whether nothing more can happen to it. Of a word that a later version may use, nothing is known.
    pub(crate) fn has_ended(&self) -> bool {
        let stage = || {
            Some(Stage {
                status: word(&self.status)?,
                stock: word(&self.stock_status)?,
                credit: word(&self.credit_status)?,
                invoiced: self.invoice_number.is_some(),
            })
        };
        stage().is_some_and(Stage::has_ended)
    }
}

fn word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<T> {
    items: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

/// All items of a list, page by page. `path` may carry a query.
pub(crate) async fn list<T: DeserializeOwned>(
    client: &Client,
    path: &str,
) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page: Page<T> = client.get(&page_path(path, PAGE, after.as_deref())).await?;
        items.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(items),
        }
    }
}

/// One page of a list and the cursor of the next one.
pub(crate) async fn page<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    limit: usize,
    after: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Error> {
    let page: Page<T> = client.get(&page_path(path, limit.min(PAGE), after)).await?;
    Ok((page.items, page.next))
}

/// The order itself, where it is known.
pub(crate) async fn order<T: DeserializeOwned>(
    client: &Client,
    id: Uuid,
) -> Result<Option<T>, Error> {
    let path = format!("/order/get-orders?Type=Single&Id={id}");
    let (orders, _) = page(client, &path, 1, None).await?;
    Ok(orders.into_iter().next())
}

/// Looks at the id of every order of a kind: `All`, or `Customer` for the caller's own.
pub(crate) async fn each_order(
    client: &Client,
    kind: &str,
    mut look_at: impl FnMut(Uuid),
) -> Result<(), Error> {
    let path = format!("/order/get-orders?Type={kind}");
    let mut after = None;
    loop {
        let (orders, next) = page::<Order>(client, &path, PAGE, after.as_deref()).await?;
        for order in &orders {
            look_at(order.id);
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Every step of an order; none if the order is not known.
pub(crate) async fn history<T: DeserializeOwned>(
    client: &Client,
    order: Uuid,
) -> Result<Vec<T>, Error> {
    list(client, &format!("/order/get-order-history?OrderId={order}")).await
}

/// The id of the trace that an order belongs to. None without the right to read the event store, or while that is unavailable: the order itself
/// can be shown all the same.
pub(crate) async fn trace(client: &Client, order: Uuid) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Placed {
        traceparent: Option<String>,
    }
    let stream = query([("Stream", Some(contracts::order::stream(order).to_string()))]);
    let found = page(client, &format!("/events/read-stream?{stream}"), 1, None).await;
    let (placed, _): (Vec<Placed>, _) = found.ok()?;
    trace_id(placed.first()?.traceparent.as_deref()?).map(str::to_owned)
}

/// A query of those parameters that have a value.
pub(crate) fn query<'a>(parameters: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let given: Vec<_> =
        parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    serde_urlencoded::to_string(given).expect("pairs of texts make a query")
}

fn page_path(path: &str, limit: usize, after: Option<&str>) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    let query = query([("Limit", Some(limit.to_string())), ("After", after.map(str::to_owned))]);
    format!("{path}{separator}{query}")
}

/// An order to be placed by a manager for a customer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PlaceOrder<'a> {
    pub(crate) product_id: Uuid,
    pub(crate) quantity: u32,
    pub(crate) user_name: &'a str,
}
