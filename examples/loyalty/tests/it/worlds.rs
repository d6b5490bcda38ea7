//! Loyalty as a guest of seeded worlds: its promise holds under every fault, and its model is one that can be rebuilt.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{
    loyalty::{CATEGORY, LoyaltyEvent},
    order::{Finalized, OrderEvent},
};
use kernel::{Decider, Recorded};
use loyalty::domain::{Account, State, earned, rewards};
use serde_json::{Value, json};
use uuid::Uuid;
use worlds::{Dice, Guest, Promise, Scenario, run};

const GUEST: Guest =
    Guest { module: &loyalty::MODULE, asks: redeem, promise: || Box::<Kept>::default() };

fn redeem(dice: &Dice) -> (&'static str, Value) {
    ("redeem", json!({ "Points": dice.within(1..6) }))
}

/// Points are the sum over finalized orders, each counted once; what is redeemed and what is left are what was earned; and there is a
/// reward for every hundred.
#[derive(Default)]
struct Kept {
    /// What finalized orders are worth, by customer.
    owed: BTreeMap<Uuid, u64>,
    accounts: BTreeMap<Uuid, Held>,
    orders: BTreeSet<Uuid>,
    redeemed: usize,
    broken: Vec<String>,
}

#[derive(Default)]
struct Held {
    state: State,
    rewards: u64,
}

impl Promise for Kept {
    fn take(&mut self, event: &Recorded) {
        if let Some(OrderEvent::Finalized(Finalized { terms })) = OrderEvent::of(event) {
            *self.owed.entry(terms.customer).or_default() += earned(terms).unwrap_or_default();
        }
        if event.stream.category() != CATEGORY {
            return;
        }
        let Some(happened) = LoyaltyEvent::of(event) else {
            return self.broken.push(format!("{}: does not parse", event.position));
        };
        let customer = Uuid::parse_str(event.stream.id()).unwrap_or_default();
        let held = self.accounts.entry(customer).or_default();
        Account::evolve(&mut held.state, happened);
        match happened {
            LoyaltyEvent::PointsEarned(earned) => {
                if !self.orders.insert(earned.order) {
                    self.broken.push(format!("{}: an order earns twice", event.position));
                }
            }
            LoyaltyEvent::RewardGranted(granted) => held.rewards += granted.rewards,
            LoyaltyEvent::PointsRedeemed(redeemed) => {
                self.redeemed += 1;
                if held.state.balance() != redeemed.left || held.state.redeemed > held.state.earned
                {
                    self.broken.push(format!("{}: {:?}", event.position, held.state));
                }
            }
        }
    }

    fn finish(mut self: Box<Self>) -> Vec<String> {
        for (customer, held) in &self.accounts {
            let owed = self.owed.remove(customer).unwrap_or_default();
            if held.state.earned != owed || held.rewards != rewards(owed) {
                let (earned, granted) = (held.state.earned, held.rewards);
                self.broken
                    .push(format!("{customer}: {earned} points, {granted} rewards of {owed}"));
            }
        }
        self.owed.retain(|_, owed| *owed > 0);
        if !self.owed.is_empty() {
            self.broken.push(format!("nothing was earned for {:?}", self.owed));
        }
        if self.redeemed == 0 {
            self.broken.push("the world has seen no redeeming".to_owned());
        }
        self.broken
    }
}

#[test]
fn points_are_the_sum_over_finalized_orders_in_bad_weather() {
    for seed in 1..=10 {
        let report = run(Scenario { seed, orders: 200, bug: None, guest: Some(GUEST) });
        assert!(report.violations.is_empty(), "seed {seed}: {:#?}", report.violations);
        assert!(report.finalized > 0, "seed {seed}: the world has seen little: {report:?}");
    }
}

#[test]
fn a_broken_promise_is_noticed() {
    let spoilt = Guest { promise: || Box::new(Doubled(Kept::default())), ..GUEST };
    let report = run(Scenario { seed: 1, orders: 100, bug: None, guest: Some(spoilt) });
    assert!(report.violations.iter().any(|violation| violation.contains("points,")));
}

/// Counts every order twice, so that the accounts cannot be right.
struct Doubled(Kept);

impl Promise for Doubled {
    fn take(&mut self, event: &Recorded) {
        if event.stream.category() == contracts::order::CATEGORY {
            self.0.take(event);
        }
        self.0.take(event);
    }

    fn finish(self: Box<Self>) -> Vec<String> {
        Box::new(self.0).finish()
    }
}
