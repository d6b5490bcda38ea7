//! One search of everything: products, customers, orders, and requests by what a line of the log says of them.

use askama::Template;
use axum::extract::{Query, State};
use contracts::{
    order::number,
    rest::{
        customer::User,
        events::RecordedEvent,
        order::Order,
        product::{Product, ProductList},
    },
};
use futures_util::future::try_join;
use serde::Deserialize;
use site::{
    Amount, Badge, Count, Failure, Frame, Listing, Moment, Money, Page, Shop, given, no_such_page,
    segment,
};
use uuid::Uuid;

use crate::{manager::ManagerVisit, why};

/// Of each kind; there are lists of all.
const SHOWN: &str = "6";
/// Characters that the gateway takes.
const LETTERS_MAX: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "search.html")]
pub(crate) struct Found {
    frame: Frame,
    q: String,
    products: Vec<Product>,
    total: u64,
    corrected: Option<String>,
    /// No product has all words of the search.
    some_words: bool,
    customers: Vec<User>,
    orders: Vec<Order>,
    /// What a request recorded first, by its correlation or trace.
    request: Option<RecordedEvent>,
    /// Whose or what they are orders of, and the address of all of those.
    orders_of: Option<(String, String)>,
    currency: String,
}

pub(crate) async fn search(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Page<Found>, Failure> {
    let q: String =
        asked.q.trim().chars().filter(|one| !one.is_control()).take(LETTERS_MAX).collect();
    let mut found = Found {
        frame: manager
            .frame(if q.is_empty() { "Search".to_owned() } else { format!("“{q}”") })
            .searching(&q),
        products: Vec::new(),
        total: 0,
        corrected: None,
        some_words: false,
        customers: Vec::new(),
        orders: Vec::new(),
        request: None,
        orders_of: None,
        currency: shop.currency(&manager).await,
        q,
    };
    if found.q.is_empty() {
        return Ok(Page(found));
    }
    let query =
        [("Search", &*found.q), ("SomeWords", "true"), ("Limit", SHOWN), ("Facets", "true")];
    let products = manager.get("/product/get-all-products", &query);
    let query = [("Search", &*found.q), ("Limit", SHOWN)];
    let customers = manager.get("/customer/get-all-users", &query);
    let (products, customers): (ProductList, Listing<User>) =
        try_join(products, customers).await.map_err(no_such_page)?;
    found.total = products.total.unwrap_or_default();
    found.some_words = products.some_words == Some(true);
    (found.products, found.corrected) = (products.items, products.corrected);
    found.customers = customers.items;
    found.request = why::of_request(&manager, &found.q, "1").await?.map(|found| found.event);
    found.look_for_orders(&manager).await?;
    Ok(Page(found))
}

impl Found {
    /// The orders of that id or number; else the newest ones of the customer or the product that is most likely meant.
    async fn look_for_orders(&mut self, manager: &ManagerVisit) -> Result<(), Failure> {
        let id = Uuid::parse_str(&self.q).map(|id| id.to_string()).ok();
        let is_whole = id.is_some();
        if let Some(id) = id.or_else(|| number::digits(&self.q)) {
            let query = [("Type", "Single"), ("Id", &*id), ("Limit", SHOWN)];
            match manager.get::<Listing<Order>>("/order/get-orders", &query).await {
                Ok(found) => self.orders = found.items,
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return Err(failure),
            }
            if is_whole || !self.orders.is_empty() {
                return Ok(());
            }
        }
        let typed = self.q.to_lowercase();
        let exact = self.customers.iter().find(|user| user.user_name == typed);
        let customer = exact.or(self.customers.first().filter(|_| self.total == 0));
        let (user, product) = match (customer, self.products.first()) {
            (Some(user), _) => (user.user_name.clone(), String::new()),
            (None, Some(product)) => (String::new(), product.product_id.to_string()),
            (None, None) => return Ok(()),
        };
        let kind = if user.is_empty() { "All" } else { "Customer" };
        let query =
            given([("Type", kind), ("Id", &user), ("ProductId", &product), ("Limit", SHOWN)]);
        let found: Listing<Order> = manager.get("/order/get-orders", &query).await?;
        self.orders = found.items;
        let of = self.products.first().filter(|_| user.is_empty());
        self.orders_of = Some(match of {
            Some(product) => {
                (product.name.clone(), format!("/orders?product={}", product.product_id))
            }
            None => (user.clone(), format!("/orders?customer={}", segment(&user))),
        });
        Ok(())
    }

    fn is_empty(&self) -> bool {
        let has_things = !self.products.is_empty() || !self.customers.is_empty();
        !has_things && self.orders.is_empty() && self.request.is_none()
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn kind<'a>(&self, event: &'a RecordedEvent) -> &'a str {
        &event.r#type
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn amount(&self, money: &Money) -> Amount<'_> {
        Amount(*money, &self.currency)
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn badge(&self, order: &Order) -> Badge {
        Badge::of_order(order.status)
    }
}
