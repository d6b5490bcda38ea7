//! A flash sale: many shoppers want the few units of one product at the same moment.

use contracts::{
    order::lifecycle::Status,
    rest::{playground::Sale, product::Product},
};
use futures_util::future::join_all;
use identity::Role;
use serde_json::json;
use uuid::Uuid;

use super::watch::Watch;
use crate::{
    chance::Chance,
    desk::Refused,
    shop::{Shop, id, listed},
    traffic::choose,
};

/// A sale that was held, with the orders that were accepted.
#[derive(Clone, Debug)]
pub(super) struct Sold {
    product: Product,
    units: u32,
    shoppers: u32,
    orders: Vec<Uuid>,
}

/// Holds a sale, if anything is sold here: sees to it that there are so many units of something and that all can pay, then lets the shoppers in.
pub(super) async fn hold(
    shop: &Shop,
    shoppers: u32,
    units: u32,
    seed: u64,
) -> Result<Option<Sold>, Refused> {
    let chance = Chance::numbered(seed, u64::MAX);
    let shelf = listed(&shop.desk.get("/product/get-all-products?Limit=200", None).await?);
    let Some(product) = choose(&shelf, &chance).cloned() else { return Ok(None) };
    let change = i64::from(units) - product.available;
    if change != 0 {
        let body = json!({ "ProductId": product.product_id, "UnitsChange": change });
        shop.desk.post("/product/update-product", Some(&shop.manager), &body).await?;
    }
    let people = shop.goods.customers.iter().map(|customer| &*customer.user);
    let crowd: Vec<&str> = people.cycle().take(usize::try_from(shoppers).unwrap_or(0)).collect();
    for user in crowd.iter().take(shop.goods.customers.len()) {
        let visits = crowd.iter().filter(|other| *other == user).count();
        let needed = product.price.0.times(u32::try_from(visits).unwrap_or(u32::MAX));
        let body = json!({ "UserName": user, "Change": needed.to_string() });
        shop.desk.post("/customer/set-credit", Some(&shop.manager), &body).await?;
    }
    let order = json!({ "ProductId": product.product_id, "Quantity": 1, "Price": product.price.0.to_string() });
    let rush = crowd.iter().map(|user| {
        let order = &order;
        async move {
            let customer = shop.desk.person(user, Role::Customer);
            let placed = shop.desk.post("/order/place-order", Some(&customer), order).await.ok()?;
            id(&placed, "OrderId")
        }
    });
    let orders = join_all(rush).await.into_iter().flatten().collect();
    Ok(Some(Sold { product, units, shoppers, orders }))
}

impl Sold {
    /// What has become of it by now, as the log says.
    pub(super) fn told(&self, watch: &Watch) -> Sale {
        let statuses: Vec<Option<Status>> =
            self.orders.iter().map(|order| watch.status(*order)).collect();
        let count = |of| statuses.iter().filter(|status| **status == Some(of)).count() as u64;
        let (sold, denied) = (count(Status::Finalized), count(Status::Canceled));
        let accepted = self.orders.len() as u64;
        Sale {
            product_id: self.product.product_id,
            product: self.product.name.clone(),
            units: self.units,
            shoppers: self.shoppers,
            sold,
            denied,
            open: accepted - sold - denied,
            turned_away: u64::from(self.shoppers) - accepted,
        }
    }
}
