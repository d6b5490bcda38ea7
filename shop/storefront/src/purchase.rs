//! What an order would come to: its sum, the credit before and after it, and what prevents it.

use askama::{Template, filters::HtmlSafe};
use contracts::rest::{customer::Credit, product::Product};
use site::{Amount, Count, Money, Visit};

/// The most pieces of one order.
const PIECES_MAX: i64 = 1000;

/// An order that is not placed yet.
#[derive(Clone, Template)]
#[template(path = "purchase.html")]
pub(crate) struct Purchase {
    pub(crate) product: Product,
    pub(crate) quantity: u32,
    /// What the customer can spend; None for visitors, and while it is not known.
    credit: Option<Money>,
}

/// Why an order would not be accepted.
#[derive(Clone, Debug)]
pub(crate) struct Obstacle {
    pub(crate) words: String,
    /// How many pieces would be; 0 if none.
    pub(crate) fits: u32,
}

impl Purchase {
    pub(crate) async fn new(visit: &Visit, product: Product, quantity: u32) -> Self {
        Self { product, quantity, credit: credit(visit).await }
    }

    pub(crate) fn price(&self) -> Amount<'_> {
        self.amount(self.product.price.0)
    }

    /// The most that one order may have of it.
    pub(crate) fn most(&self) -> i64 {
        self.product.available.clamp(1, PIECES_MAX)
    }

    pub(crate) fn total(&self) -> Amount<'_> {
        self.amount(self.sum())
    }

    /// The credit in minor units, as scripts read it; empty while it is not known.
    pub(crate) fn credit_minor(&self) -> String {
        self.credit.map(|credit| credit.minor().to_string()).unwrap_or_default()
    }

    pub(crate) fn price_minor(&self) -> i64 {
        self.product.price.0.minor()
    }

    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        let name = &self.product.name;
        let in_stock = self.product.available.clamp(0, PIECES_MAX);
        let price = self.price_minor();
        let paid = self.credit.filter(|_| price > 0).map(|credit| credit.minor() / price);
        let fits = u32::try_from(paid.unwrap_or(in_stock).clamp(0, in_stock)).unwrap_or(0);
        if i64::from(self.quantity) > self.product.available {
            let words = match self.product.available {
                ..=0 => format!("{name} is sold out."),
                1 => "Only one is left.".to_owned(),
                left => format!("Only {} are left.", Count(left)),
            };
            return Some(Obstacle { words, fits });
        }
        let credit = self.credit.filter(|credit| *credit < self.sum())?;
        let credit = self.amount(credit);
        let words = match fits {
            0 => format!("Your credit of {credit} is not enough for this."),
            1 => format!("Your credit of {credit} is enough for one."),
            fits => format!("Your credit of {credit} is enough for {}.", Count(fits)),
        };
        Some(Obstacle { words, fits })
    }

    fn sum(&self) -> Money {
        Money::from_minor(self.price_minor().saturating_mul(i64::from(self.quantity)))
    }

    fn before(&self) -> Option<Amount<'_>> {
        self.credit.map(|credit| self.amount(credit))
    }

    fn after(&self) -> Option<Amount<'_>> {
        let after = self.credit?.minor() - self.sum().minor();
        (after >= 0).then(|| self.amount(Money::from_minor(after)))
    }

    fn amount(&self, money: Money) -> Amount<'_> {
        Amount(money, &self.product.currency)
    }
}

/// What the visitor can spend. A page of a product is of use without it.
async fn credit(visit: &Visit) -> Option<Money> {
    let user = visit.user()?;
    let answer = visit.get("/customer/get-credit", &[("UserName", &*user.name)]).await;
    let credit: Credit = answer.ok()?;
    Some(credit.available.0)
}

impl HtmlSafe for Purchase {}
