//! The rules of an account.

use contracts::loyalty::{LoyaltyEvent, PointsEarned, PointsRedeemed, RewardGranted};
use kernel::Decider;
use loyalty::domain::{Account, Command, Rejection, State};
use uuid::Uuid;

const ORDER: Uuid = Uuid::from_u128(7);

/// What is decided after points were earned and redeemed.
fn decide(earned: u64, redeemed: u64, command: &Command) -> Result<Vec<LoyaltyEvent>, Rejection> {
    Account::decide(&State { earned, redeemed }, command)
}

fn earns(points: u64) -> LoyaltyEvent {
    PointsEarned { order: ORDER, points }.into()
}

fn grants(rewards: u64) -> LoyaltyEvent {
    RewardGranted { order: ORDER, rewards }.into()
}

#[test]
fn every_hundred_points_earned_grant_a_reward_in_one_event() {
    for (before, points, rewards) in
        [(0, 99, 0), (0, 100, 1), (99, 1, 1), (100, 99, 0), (150, 250, 3), (0, 1000, 10)]
    {
        let events = decide(before, 0, &Command::Earn { order: ORDER, points }).expect("taken");
        let mut expected = vec![earns(points)];
        expected.extend((rewards > 0).then(|| grants(rewards)));
        assert_eq!(events, expected, "{before} + {points}");
    }
}

#[test]
fn redeeming_takes_no_reward_back_and_no_more_than_there_is() {
    let redeem = |points| Command::Redeem { points };
    let done = decide(250, 100, &redeem(150)).expect("there is as much");
    assert_eq!(done, vec![PointsRedeemed { points: 150, left: 0 }.into()]);
    assert_eq!(decide(250, 100, &redeem(151)), Err(Rejection::NotEnough { points: 150 }));
    assert_eq!(decide(0, 0, &redeem(1)), Err(Rejection::NotEnough { points: 0 }));
    // What was redeemed was earned all the same: the next reward comes at the next hundred earned.
    let next = decide(250, 250, &Command::Earn { order: ORDER, points: 50 }).expect("taken");
    assert_eq!(next, vec![earns(50), grants(1)]);
}

#[test]
fn a_snapshot_is_the_state() {
    use runtime::Aggregate;
    let state = State { earned: 7, redeemed: 3 };
    let snapshot = Account::snapshot(&state).expect("accounts have snapshots");
    assert_eq!(Account::restore(snapshot), Some(state));
}
