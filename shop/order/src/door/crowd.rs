//! How many orders may be open, and whose: the rule of admission, pure.
//!
//! - **As many as are answered in a moment** (Little's law: wait = open / pace), and a few in any case. How many a few are shows: one more
//!   for each answer in time, half as many after one that was late.
//! - **A few after a miss**: once an order has missed its deadline, only one at a time until one is answered again.
//! - **Equal shares when it is crowded**: no customer has more than its share, and one with no open order is let in even if it is full,
//!   up to a quarter more. While at most half of the room is taken, customers are not counted.

use std::{collections::BTreeMap, time::Duration};

use uuid::Uuid;

use super::pace::Pace;

/// A few: at the start, at the least and at the most.
const FEW: usize = 16;
const FEW_MIN: usize = 8;
const FEW_MAX: usize = 64;
/// Open orders that any customer may have.
const SHARE_MIN: usize = 8;

/// The open orders by customer, and how fast they end.
#[derive(Debug)]
pub(super) struct Crowd {
    /// How long a new order may wait for its answer.
    moment: Duration,
    /// An answer is late after this time.
    late: Duration,
    pace: Pace,
    /// Open orders that are no queue.
    few: usize,
    customers: BTreeMap<Uuid, usize>,
    orders: usize,
    /// An order has missed its deadline, and none was answered since.
    has_missed: bool,
}

impl Crowd {
    pub(super) fn new(moment: Duration, late: Duration) -> Self {
        let (pace, customers) = (Pace::default(), BTreeMap::new());
        Self { moment, late, pace, few: FEW, customers, orders: 0, has_missed: false }
    }

    /// Whether one more order of `customer` can be answered in time, without taking the place of others.
    pub(super) fn admits(&self, customer: Uuid, now: Duration) -> bool {
        let room = self.room(now);
        let own = self.customers.get(&customer).copied().unwrap_or(0);
        if self.orders < room / 2 || self.orders == 0 {
            return true;
        }
        if own == 0 {
            return self.orders < most(room);
        }
        let share = room / self.customers.len().max(1);
        self.orders < room && own < share.max(SHARE_MIN)
    }

    /// Whether no order of anybody is admitted.
    pub(super) fn is_full(&self, now: Duration) -> bool {
        self.orders >= most(self.room(now)) && self.orders > 0
    }

    /// How long a new order would wait, as far as the pace is known.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let within = self.pace.within(self.moment, now).max(1);
        let orders = u32::try_from(self.orders).unwrap_or(u32::MAX);
        self.moment.saturating_mul(orders) / u32::try_from(within).unwrap_or(u32::MAX)
    }

    pub(super) fn came(&mut self, customer: Uuid) {
        self.orders += 1;
        *self.customers.entry(customer).or_default() += 1;
    }

    pub(super) fn left(&mut self, customer: Uuid) {
        self.orders = self.orders.saturating_sub(1);
        if let Some(own) = self.customers.get_mut(&customer) {
            *own -= 1;
            if *own == 0 {
                self.customers.remove(&customer);
            }
        }
    }

    /// An order has ended by its answers, after so long.
    pub(super) fn answered(&mut self, now: Duration, took: Duration) {
        let in_time = took <= self.late;
        self.few = if in_time { (self.few + 1).min(FEW_MAX) } else { (self.few / 2).max(FEW_MIN) };
        self.pace.answered(now);
        self.has_missed = false;
    }

    /// An order has ended without them.
    pub(super) fn missed(&mut self) {
        self.has_missed = true;
    }

    fn room(&self, now: Duration) -> usize {
        if self.has_missed { 1 } else { self.pace.within(self.moment, now).max(self.few) }
    }
}

/// The most open orders of all customers, including those let in because they had none.
fn most(room: usize) -> usize {
    room + room / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(250);
    const LATE: Duration = Duration::from_secs(1);
    const NOW: Duration = Duration::from_secs(10);

    fn customer(number: usize) -> Uuid {
        Uuid::from_u128(number as u128)
    }

    /// A shop that has answered some orders long ago, so that a few are as many as they can be.
    fn proven() -> Crowd {
        let mut crowd = Crowd::new(MOMENT, LATE);
        (0..FEW_MAX).for_each(|_| crowd.answered(NOW / 2, MOMENT));
        crowd
    }

    /// How many orders of a customer are let in before one is refused.
    fn fill(crowd: &mut Crowd, by: Uuid, now: Duration) -> usize {
        let mut count = 0;
        while crowd.admits(by, now) {
            crowd.came(by);
            count += 1;
        }
        count
    }

    #[test]
    fn a_few_are_let_in_at_any_pace_and_otherwise_what_is_answered_in_a_moment() {
        let mut crowd = proven();
        assert_eq!(fill(&mut crowd, customer(1), NOW), FEW_MAX);
        for ms in 0..1_000 {
            crowd.answered(NOW + Duration::from_millis(ms), MOMENT);
            crowd.answered(NOW + Duration::from_millis(ms), MOMENT);
        }
        let later = NOW + Duration::from_secs(1);
        assert_eq!(FEW_MAX + fill(&mut crowd, customer(1), later), 500);
        assert_eq!(crowd.wait(later), MOMENT);
    }

    #[test]
    fn a_few_are_fewer_where_answers_are_late_and_more_where_they_are_not() {
        let mut crowd = Crowd::new(MOMENT, LATE);
        assert_eq!(fill(&mut crowd, customer(1), NOW), FEW);
        crowd.answered(NOW / 2, LATE * 2);
        crowd.answered(NOW / 2, LATE * 3);
        (0..FEW).for_each(|_| crowd.left(customer(1)));
        assert_eq!(fill(&mut crowd, customer(1), NOW), FEW_MIN);
        crowd.answered(NOW / 2, LATE);
        assert_eq!(fill(&mut crowd, customer(1), NOW), 1);
    }

    #[test]
    fn after_a_missed_deadline_one_at_a_time_is_let_in_until_one_is_answered() {
        let mut crowd = proven();
        crowd.missed();
        assert_eq!(fill(&mut crowd, customer(1), NOW), 1);
        assert!(crowd.is_full(NOW) && !crowd.admits(customer(2), NOW));
        crowd.left(customer(1));
        crowd.answered(NOW / 2, MOMENT);
        assert_eq!(fill(&mut crowd, customer(1), NOW), FEW_MAX);
    }

    #[test]
    fn one_customer_alone_may_have_all_and_makes_room_for_one_who_has_none() {
        let mut crowd = proven();
        assert_eq!(fill(&mut crowd, customer(1), NOW), FEW_MAX);
        assert!(!crowd.is_full(NOW));
        assert!(crowd.admits(customer(2), NOW));
        crowd.came(customer(2));
        (0..FEW_MAX / 2 - 1).for_each(|_| crowd.left(customer(1)));
        assert!(!crowd.admits(customer(1), NOW), "more than half of it are for two");
        assert_eq!(1 + fill(&mut crowd, customer(2), NOW), FEW_MAX / 2 - 1);
    }

    #[test]
    fn many_new_customers_at_once_are_let_in_up_to_a_quarter_more() {
        let mut crowd = proven();
        for number in 0..most(FEW_MAX) {
            assert!(!crowd.is_full(NOW));
            assert!(crowd.admits(customer(number), NOW), "{number}");
            crowd.came(customer(number));
        }
        assert!(crowd.is_full(NOW) && !crowd.admits(customer(1_000), NOW));
    }

    #[test]
    fn while_half_of_the_room_is_free_customers_are_not_counted() {
        let mut crowd = proven();
        for number in 0..20 {
            crowd.came(customer(number));
        }
        let rest = FEW_MAX / 2 - 20;
        for _ in 0..rest {
            assert!(crowd.admits(customer(1), NOW));
            crowd.came(customer(1));
        }
        assert!(!crowd.admits(customer(1), NOW));
    }
}
