//! Products and customers of a bench: generated from a seed, the same each time.

use anyhow::{bail, ensure};
use contracts::money::Money;
use kernel::Ids;
use sheets::{Numbered, ProductRow};
use uuid::Uuid;

use super::{Args, skew::Skew};
use crate::{
    client::Client,
    import::{self, Catalogue, CustomerRow},
    load::Planned,
    shop::{self, Product},
    term,
};

/// All prices: what matters is only that credit lasts.
const PRICE: Money = Money::from_minor(100);

pub(super) struct World {
    products: Vec<Uuid>,
    product: Skew,
    customer: Skew,
    hot: f64,
    randomness: Ids,
}

impl World {
    /// Brings products and customers into the shop, with as much stock and credit as the orders can need at most.
    pub(super) async fn set_up(client: &Client, args: &Args) -> anyhow::Result<Self> {
        let catalogue = catalogue(args)?;
        let set = args.stock.is_none();
        let options = import::Options { password: None, set_stock: set, set_credit: set };
        let report = import::load(client, &catalogue, &options).await?;
        if let Some(row) = report.bad_rows.first() {
            bail!("the shop refused what the bench needs: {}", row.problem);
        }
        let listed: Vec<Product> =
            shop::list(client, "/product/get-all-products?Search=bench-").await?;
        let mut products: Vec<_> = listed
            .into_iter()
            .filter_map(|product| Some((number(product.code.as_deref()?)?, product.id)))
            .filter(|(number, _)| *number <= args.products)
            .collect();
        products.sort_unstable();
        ensure!(
            products.len() == args.products,
            "the shop does not list what was just added to it"
        );
        term::note(format_args!(
            "set up: {} products, {} customers",
            args.products, args.customers
        ));
        let mut seed = [0; 32];
        seed.iter_mut().zip(args.seed.to_be_bytes()).for_each(|(byte, given)| *byte = given);
        Ok(Self {
            products: products.into_iter().map(|(_, id)| id).collect(),
            product: Skew::new(args.products, args.zipf),
            customer: Skew::new(args.customers, args.zipf),
            hot: args.hot,
            randomness: Ids::from_seed(seed),
        })
    }

    /// The next `count` orders.
    pub(super) fn orders(&self, count: u64) -> Vec<Planned> {
        (1..=count).map(|number| self.order(number)).collect()
    }

    fn order(&self, number: u64) -> Planned {
        let product = if self.chance() < self.hot { 0 } else { self.product.at(self.chance()) };
        let product_id = *self.products.get(product).expect("below the number of products");
        let user_name = user_name(self.customer.at(self.chance()) + 1);
        Planned { line: number, number, product_id, quantity: 1, user_name }
    }

    /// A number from 0 up to, but not including, 1.
    fn chance(&self) -> f64 {
        f64::from(u32::from_be_bytes(self.randomness.bytes())) / (f64::from(u32::MAX) + 1.0)
    }
}

fn catalogue(args: &Args) -> anyhow::Result<Catalogue> {
    let needed = i64::try_from(args.orders.saturating_add(args.single))?;
    let orders = args.stock.map_or(needed, i64::from);
    let credit = PRICE.minor().checked_mul(orders).map(Money::from_minor);
    let Some(credit) = credit.filter(|credit| *credit <= Money::LIMIT) else {
        bail!("a customer's credit cannot cover that many orders");
    };
    let products = (1..=args.products).map(|number| ProductRow {
        code: format!("bench-{number}"),
        name: format!("Bench product {number}"),
        description: "Sold only by benches".to_owned(),
        supplier: "Bench".to_owned(),
        category: "Bench".to_owned(),
        price: PRICE,
        units_in_stock: orders,
    });
    let customers = (1..=args.customers).map(|number| CustomerRow {
        user_name: user_name(number),
        full_name: format!("Bench customer {number}"),
        email: format!("{}@example.invalid", user_name(number)),
        credit,
    });
    Ok(Catalogue {
        products: numbered(products),
        customers: numbered(customers),
        ..Catalogue::default()
    })
}

fn numbered<T>(rows: impl Iterator<Item = T>) -> Vec<Numbered<T>> {
    (1..).zip(rows).map(|(line, row)| Numbered { line, row }).collect()
}

fn user_name(number: usize) -> String {
    format!("bench-{number}")
}

fn number(code: &str) -> Option<usize> {
    code.strip_prefix("bench-")?.parse().ok()
}
