//! The plan of a year: who does what, and when. It follows from a seed alone; the services decide what comes of it.

mod days;
mod events;

use std::time::Duration;

use contracts::money::Money;

use crate::{chance::Chance, goods::Goods};

pub(crate) use days::Writer;

/// The days of a year.
pub const DAYS: u64 = 365;
/// The same plan whenever it is made. Another seed is another year.
const SEED: [u8; 32] = *b"the sample shop of Agora, year 1";

/// What someone does. Products and customers are named by their place among the [`Goods`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// The manager adds a product, and its category where it is the first one.
    List(usize),
    Register(usize),
    Order(Wish),
    /// The manager sets another price.
    Reprice {
        product: usize,
        price: Money,
    },
    /// The manager looks what runs low, and has it delivered.
    Restock,
    /// The manager adds to a customer's credit.
    Grant {
        customer: usize,
        change: Money,
    },
    /// The customer moves or marries: the account gets another e-mail address.
    Move(usize),
    /// The manager takes a product out of the catalogue.
    Withdraw(usize),
    /// The same, while an order for it is on its way.
    WithdrawUnder(Wish),
    /// The product service is down for a minute; these orders come meanwhile.
    Outage(Vec<Wish>),
}

/// An order as its customer wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) customer: usize,
    pub(crate) product: usize,
    pub(crate) quantity: u64,
    /// The price that the customer saw; by default the one in force.
    pub(crate) price: Option<Money>,
}

/// An act and when it happens, counted from the first day's midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) at: Duration,
    pub(crate) act: Act,
}

/// The whole year, in order. The first day is that weekday, counted from Monday as 0.
pub(crate) fn year(goods: &Goods, weekday: u64) -> Vec<Planned> {
    let mut writer = Writer::new(goods, Chance::from_seed(SEED));
    writer.open();
    for day in 0..=DAYS {
        writer.day(day, (weekday + day) % 7);
    }
    writer.finish()
}

/// What fills a shop that is open already: everything the sample sells, everyone who buys there, and `orders` orders.
pub(crate) fn today(goods: &Goods, orders: usize) -> Vec<Act> {
    let mut writer = Writer::new(goods, Chance::from_seed(SEED));
    writer.list_all();
    let mut acts: Vec<Act> = writer.finish().into_iter().map(|planned| planned.act).collect();
    let buying = Writer::listing(goods, Chance::from_seed(SEED));
    acts.extend((0..orders).map(|_| Act::Order(buying.wish())));
    acts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn orders(year: &[Planned]) -> usize {
        year.iter().filter(|planned| matches!(planned.act, Act::Order(_))).count()
    }

    #[test]
    fn a_year_is_the_same_each_time_and_in_order() {
        let goods = Goods::read();
        let (first, second) = (year(&goods, 3), year(&goods, 3));
        assert_eq!(first, second);
        assert!(first.is_sorted_by_key(|planned| planned.at));
        assert_ne!(first, year(&goods, 4), "weekends fall on other days");
        assert!((1_800..3_000).contains(&orders(&first)), "{} orders", orders(&first));
    }

    /// A year differs with the weekday on which it begins, and is made on any of the seven.
    #[test]
    fn whenever_it_begins_a_year_has_everything_in_it() {
        let goods = Goods::read();
        for weekday in 0..7 {
            let year = year(&goods, weekday);
            let count = |what: fn(&Act) -> bool| year.iter().filter(|one| what(&one.act)).count();
            let moved = year.iter().filter_map(|one| match one.act {
                Act::Move(customer) => Some(customer),
                _ => None,
            });
            assert_eq!(moved.collect::<BTreeSet<_>>().len(), 3, "three people move: {weekday}");
            assert!((1_800..3_000).contains(&orders(&year)), "{} on {weekday}", orders(&year));
            assert!(count(|act| matches!(act, Act::Reprice { .. })) >= 50, "{weekday}");
            assert!(count(|act| matches!(act, Act::Restock)) >= 150, "{weekday}");
            assert!(count(|act| matches!(act, Act::Grant { .. })) >= 250, "{weekday}");
            assert_eq!(count(|act| matches!(act, Act::Withdraw(_))), 1, "{weekday}");
            assert_eq!(count(|act| matches!(act, Act::WithdrawUnder(_))), 3, "{weekday}");
            assert_eq!(count(|act| matches!(act, Act::Outage(_))), 1, "{weekday}");
        }
    }

    #[test]
    fn nothing_is_bought_before_it_is_listed_nor_by_anyone_before_they_register() {
        let goods = Goods::read();
        let (mut listed, mut registered) = (BTreeSet::new(), BTreeSet::new());
        for planned in year(&goods, 0) {
            match &planned.act {
                Act::List(product) => assert!(listed.insert(*product), "listed twice"),
                Act::Register(customer) => assert!(registered.insert(*customer)),
                Act::Order(Wish { customer, product, .. }) => {
                    assert!(listed.contains(product) && registered.contains(customer));
                }
                Act::Withdraw(product) | Act::WithdrawUnder(Wish { product, .. }) => {
                    assert!(listed.remove(product));
                }
                Act::Outage(wishes) => assert!(wishes.len() > 2),
                Act::Reprice { product, .. } => assert!(listed.contains(product)),
                Act::Grant { customer, .. } | Act::Move(customer) => {
                    assert!(registered.contains(customer));
                }
                Act::Restock => {}
            }
        }
        assert_eq!(registered.len(), goods.customers.len());
    }

    #[test]
    fn an_open_shop_gets_everything_and_then_the_orders() {
        let goods = Goods::read();
        let acts = today(&goods, 50);
        let (made, bought) = acts.split_at(goods.products.len() + goods.customers.len());
        assert!(made.iter().all(|act| matches!(act, Act::List(_) | Act::Register(_))));
        assert!(bought.iter().all(|act| matches!(act, Act::Order(_))) && bought.len() == 50);
    }
}
