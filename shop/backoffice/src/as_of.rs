//! A product, customer or order as it was after an event, as lines to compare with the event before.

use contracts::rest::{
    customer::User,
    order::Order,
    product::{Product, ProductPicture},
};
use serde::de::DeserializeOwned;
use site::{Amount, Count, Failure, Listing, given, segment};

use crate::{manager::ManagerVisit, orders};

/// Fields and what was in them.
pub(crate) type Lines = Vec<(&'static str, String)>;

/// Fields, what is in them, and what was in them before where that was something else.
pub(crate) type Compared = Vec<(&'static str, String, Option<String>)>;

/// What has a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Product(String),
    /// By user name.
    Customer(String),
    Order(String),
}

impl Subject {
    /// How it was after the event at `position`; none where it did not exist then.
    pub(crate) async fn at(
        &self,
        manager: &ManagerVisit,
        position: u64,
        currency: &str,
    ) -> Result<Option<Lines>, Failure> {
        let as_of = ("AsOf", &*position.to_string());
        match self {
            Self::Product(id) => {
                let query = [("ProductId", &**id), as_of];
                let product = read::<Product>(manager, "/product/get-product-details", &query);
                Ok(product.await?.map(|product| of_product(&product)))
            }
            Self::Customer(name) => {
                let path = format!("/customer/get-user/{}", segment(name));
                let user = read::<User>(manager, &path, &given([as_of])).await?;
                Ok(user.map(|user| of_customer(&user, currency)))
            }
            Self::Order(id) => {
                let query = [("Type", "Single"), ("Id", id), as_of];
                let orders = read::<Listing<Order>>(manager, "/order/get-orders", &query).await?;
                let order = orders.and_then(|orders| orders.items.into_iter().next());
                Ok(order.map(|order| of_order(&order)))
            }
        }
    }
}

/// What is there, compared with what was there before.
pub(crate) fn compared(now: Lines, before: Option<&Lines>) -> Compared {
    let was = |field: &str, is: &str| {
        let (_, was) = before?.iter().find(|(name, _)| *name == field)?;
        (was != is).then(|| was.clone())
    };
    now.into_iter()
        .map(|(field, is)| {
            let was = was(field, &is);
            (field, is, was)
        })
        .collect()
}

async fn read<T: DeserializeOwned>(
    manager: &ManagerVisit,
    path: &str,
    query: &[(&str, &str)],
) -> Result<Option<T>, Failure> {
    match manager.get(path, &query).await {
        Err(failure) if failure.is_not_found() => Ok(None),
        answered => answered.map(Some),
    }
}

fn of_product(product: &Product) -> Lines {
    vec![
        ("Code", product.code.clone().unwrap_or_default()),
        ("Name", product.name.clone()),
        ("Description", product.description.clone()),
        ("Supplier", product.supplier.clone()),
        ("Category", product.category_name.clone()),
        ("Price", Amount(product.price.0, &product.currency).to_string()),
        ("Units in stock", Count(product.units_in_stock).to_string()),
        ("Available", Count(product.available).to_string()),
        ("Picture", product.picture.as_ref().map(picture).unwrap_or_default()),
        ("Version", Count(product.version).to_string()),
    ]
}

/// Two pictures of one size are distinguished by their names.
fn picture(picture: &ProductPicture) -> String {
    let ProductPicture { hash, r#type, width, height, .. } = picture;
    let hash: String = hash.to_string().chars().take(8).collect();
    format!("{type}, {width} × {height}, {hash}")
}

fn of_customer(user: &User, currency: &str) -> Lines {
    vec![
        ("Full name", user.full_name.clone()),
        ("E-mail", user.email.clone()),
        ("Role", format!("{:?}", user.role)),
        ("Credit", Amount(user.credit.0, currency).to_string()),
        ("Reserved", Amount(user.reserved.0, currency).to_string()),
        ("Available", Amount(user.available.0, currency).to_string()),
        ("Version", Count(user.version).to_string()),
    ]
}

fn of_order(order: &Order) -> Lines {
    vec![
        ("Customer", order.user_name.clone()),
        ("Product", order.product_name.clone()),
        ("Quantity", Count(order.quantity).to_string()),
        ("Channel", orders::channel(order.channel).to_owned()),
        ("Total", Amount(order.total.0, &order.currency).to_string()),
        ("Status", format!("{:?}", order.status)),
        ("Stock", format!("{:?}", order.stock_status)),
        ("Credit", format!("{:?}", order.credit_status)),
        ("Reasons", orders::reasons(order)),
        ("Invoice", order.invoice_number.map(|number| number.to_string()).unwrap_or_default()),
    ]
}
