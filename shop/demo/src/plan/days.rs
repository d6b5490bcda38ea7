//! The ordinary days of a year: customers who come and buy, deliveries, credit, and products that are new.

use std::time::Duration;

use contracts::money::Money;

use super::{Act, DAYS, Planned, Wish};
use crate::{
    chance::Chance,
    goods::{Goods, Product},
};

const HOUR: u64 = 3_600;
/// Customers of the first day.
const FOUNDERS: usize = 8;
/// Days between two of the others.
const NEWCOMER_EVERY: u64 = 12;
/// Every one of so many products comes later in the year.
const LATER_EVERY: usize = 6;
/// How many orders come in a hundred hours of each kind of day: on the first, and on the last day of the year.
const PACE: [(u64, u64); 7] = [(3, 7), (3, 6), (3, 7), (4, 8), (5, 10), (6, 11), (3, 5)];
/// How likely an order is in each hour of the day.
const HOURS: [u64; 24] =
    [1, 0, 0, 0, 0, 1, 2, 4, 6, 7, 7, 8, 9, 7, 6, 6, 7, 9, 11, 12, 11, 8, 5, 2];
/// A month's grant, in percent of the credit that a customer began with: to the founders alone, who buy more each, and to all.
const GRANT_PERCENT: (usize, usize) = (160, 85);

/// Writes a plan, day by day.
pub(crate) struct Writer<'a> {
    pub(super) goods: &'a Goods,
    pub(super) chance: Chance,
    plan: Vec<Planned>,
    /// What can be bought.
    pub(super) listed: Vec<usize>,
    pub(super) registered: Vec<usize>,
    /// By product, as it is planned to be.
    pub(super) prices: Vec<Money>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(goods: &'a Goods, chance: Chance) -> Self {
        let prices = goods.products.iter().map(|product| product.price).collect();
        let (plan, listed, registered) = (Vec::new(), Vec::new(), Vec::new());
        Self { goods, chance, plan, listed, registered, prices }
    }

    /// One for a shop where everything is on sale, and everyone has an account.
    pub(super) fn listing(goods: &'a Goods, chance: Chance) -> Self {
        let mut writer = Self::new(goods, chance);
        writer.listed = (0..goods.products.len()).collect();
        writer.registered = (0..goods.customers.len()).collect();
        writer
    }

    /// The plan in order; what happens at one moment stays in the order in which it was written.
    pub(super) fn finish(mut self) -> Vec<Planned> {
        self.plan.sort_by_key(|planned| planned.at);
        self.plan
    }

    pub(super) fn at(&mut self, seconds: u64, act: Act) {
        self.plan.push(Planned { at: Duration::from_secs(seconds), act });
    }

    pub(super) fn is_planned(&self, act: &Act) -> bool {
        self.plan.iter().any(|planned| planned.act == *act)
    }

    /// All products and all customers at once.
    pub(super) fn list_all(&mut self) {
        (0..self.goods.products.len()).for_each(|product| self.at(0, Act::List(product)));
        (0..self.goods.customers.len()).for_each(|customer| self.at(0, Act::Register(customer)));
    }

    /// The first morning: the shelves are filled, and the first customers come.
    pub(super) fn open(&mut self) {
        let mut second = 7 * HOUR;
        for product in (0..self.goods.products.len()).filter(|product| !comes_later(*product)) {
            second += self.chance.within(20..70);
            self.list(second, product);
        }
        for customer in 0..FOUNDERS {
            second += self.chance.within(60..600);
            self.register(second, customer);
        }
    }

    pub(super) fn list(&mut self, second: u64, product: usize) {
        self.at(second, Act::List(product));
        self.listed.push(product);
    }

    fn register(&mut self, second: u64, customer: usize) {
        self.at(second, Act::Register(customer));
        self.registered.push(customer);
    }

    /// One day. Deliveries come on Mondays, Wednesdays and Fridays, credit once in four weeks. Who and what is new takes part from the
    /// next day on.
    pub(super) fn day(&mut self, day: u64, weekday: u64) {
        let morning = day * 24 * HOUR + 6 * HOUR;
        self.orders(day, weekday);
        if day == 0 {
            return;
        }
        if matches!(weekday, 0 | 2 | 4) {
            let delay = self.chance.within(0..HOUR);
            self.at(morning + delay, Act::Restock);
        }
        if day.is_multiple_of(28) {
            self.grants(morning + HOUR);
        }
        self.out_of_the_ordinary(day, weekday);
        self.newcomers(day, morning + 2 * HOUR);
    }

    fn newcomers(&mut self, day: u64, morning: u64) {
        let next = self.registered.len();
        if day.is_multiple_of(NEWCOMER_EVERY) && next < self.goods.customers.len() {
            let delay = self.chance.within(0..10 * HOUR);
            self.register(morning + delay, next);
        }
        let later: Vec<usize> =
            (0..self.goods.products.len()).filter(|product| comes_later(*product)).collect();
        // The last of them come in the last weeks.
        let every = DAYS / (later.len() as u64 + 1);
        if day.is_multiple_of(every)
            && let Some(product) =
                usize::try_from(day / every - 1).ok().and_then(|at| later.get(at))
        {
            self.list(morning, *product);
        }
    }

    fn grants(&mut self, second: u64) {
        let (few, all) = GRANT_PERCENT;
        let (are, missing) =
            (self.goods.customers.len(), self.goods.customers.len() - self.registered.len());
        let percent = all + (few - all) * missing / (are - FOUNDERS).max(1);
        let percent = i64::try_from(percent).unwrap_or(100);
        for (customer, after) in self.registered.clone().into_iter().zip(0..) {
            let Some(of) = self.goods.customers.get(customer) else { continue };
            let change = Money::from_minor(of.credit.minor() * percent / 100);
            self.at(second + after * 7, Act::Grant { customer, change });
        }
    }

    fn orders(&mut self, day: u64, weekday: u64) {
        let (first, last) =
            usize::try_from(weekday).ok().and_then(|at| PACE.get(at)).copied().unwrap_or((5, 10));
        let mean = first + (last - first) * day / DAYS;
        let count = self.chance.within(mean.saturating_sub(2)..mean + 3);
        let hours: Vec<(u64, u64)> = (0..).zip(HOURS).collect();
        for _ in 0..count {
            let hour = self.chance.weighted(&hours).unwrap_or(12);
            let second = day * 24 * HOUR + hour * HOUR + self.chance.within(0..HOUR);
            // On the first day the doors open at ten.
            if day > 0 || hour > 10 {
                let wish = self.wish();
                self.at(second, Act::Order(wish));
            }
        }
    }

    /// What someone buys: each has favourites, and cheap things go more often and in larger numbers.
    pub(super) fn wish(&self) -> Wish {
        // Who has more to spend comes more often.
        let credit = |customer: &usize| {
            self.goods.customers.get(*customer).map_or(0, |of| of.credit.minor())
        };
        let people: Vec<(usize, u64)> =
            self.registered.iter().map(|one| (*one, credit(one).unsigned_abs())).collect();
        let customer = self.chance.weighted(&people).unwrap_or_default();
        let products: Vec<(usize, u64)> =
            self.listed.iter().map(|product| (*product, self.liking(customer, *product))).collect();
        let product = self.chance.weighted(&products).unwrap_or_default();
        let most = match self.price(product).minor() {
            ..300 => 5,
            300..800 => 3,
            800..2_000 => 2,
            _ => 1,
        };
        Wish { customer, product, quantity: self.chance.within(1..most + 1), price: None }
    }

    /// How much a customer likes a product. Which ones sell well is no accident of one order.
    fn liking(&self, customer: usize, product: usize) -> u64 {
        let popular = 1 + (product as u64 * 37) % 11;
        let cheap = match self.price(product).minor() {
            ..500 => 4,
            500..2_000 => 2,
            _ => 1,
        };
        let favourite = if (product / 10 + customer).is_multiple_of(4) { 4 } else { 1 };
        popular * popular * cheap * favourite
    }

    pub(super) fn price(&self, product: usize) -> Money {
        self.prices.get(product).copied().unwrap_or_default()
    }

    pub(super) fn product(&self, product: usize) -> Option<&'a Product> {
        self.goods.products.get(product)
    }
}

fn comes_later(product: usize) -> bool {
    product % LATER_EVERY == LATER_EVERY - 1
}
