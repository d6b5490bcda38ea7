//! The bank's tests: its rules alone, its calls over HTTP, and whole worlds in which everything fails that can.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use agora::kernel::Recorded;
use serde_json::{Value, json};
use testkit::{Chances, FaultRates, World, given, released};

use crate::{Account, AccountEvent, Command, calls, change};

fn deposited(cents: i64) -> AccountEvent {
    AccountEvent::Deposited { cents }
}

#[test]
fn the_whole_bank_is_at_most_eighty_lines_of_code() {
    let lines = include_str!("main.rs").lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert!(code <= 80, "{code} lines: its README and the shop's promise 80");
}

// ANCHOR: given
#[test]
fn an_open_account_gives_away_what_it_holds_and_no_more() {
    let to: agora::Id = "eve".parse().expect("an id");
    let send = |cents| Command::Send { to: to.clone(), cents };
    given::<Account>([AccountEvent::Opened {}, deposited(100)])
        .when(send(101))
        .then_refused("The account holds too little.")
        .when(send(60))
        .then([AccountEvent::Sent { to: to.clone(), cents: 60 }])
        .when(send(41))
        .then_refused("The account holds too little.")
        .when(Command::Receive(1))
        .then([AccountEvent::Received { cents: 1 }])
        .when(send(41))
        .then([AccountEvent::Sent { to: to.clone(), cents: 41 }]);
}
// ANCHOR_END: given

#[test]
fn an_account_is_opened_once_and_first() {
    given::<Account>([])
        .when(Command::Deposit { cents: 5 })
        .then_refused("The account is not open.")
        .when(Command::Receive(5))
        .then([AccountEvent::Received { cents: 5 }])
        .when(Command::Open)
        .then([AccountEvent::Opened {}])
        .when(Command::Open)
        .then_refused("The account is open already.");
}

#[test]
fn whatever_was_released_is_still_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/released");
    released(folder).family::<AccountEvent>().check();
}

// ANCHOR: world
#[test]
fn a_transfer_over_http_arrives_and_reads_see_what_was_written() {
    World::run(1, "bank", calls, async |bank| {
        for name in ["ada", "bob"] {
            bank.post(&account(name), &json!("Open")).await.ok();
        }
        let deposited = bank.post(&account("ada"), &json!({ "Deposit": { "cents": 700 } })).await;
        assert!(deposited.position.is_some(), "{deposited:?}");
        assert_eq!(balance(bank, "ada").await, 700);
        bank.post(&account("ada"), &json!({ "Send": { "to": "bob", "cents": 200 } })).await.ok();
        bank.idle().await;
        assert_eq!((balance(bank, "ada").await, balance(bank, "bob").await), (500, 200));
    });
}
// ANCHOR_END: world

#[test]
fn bad_requests_name_the_field_and_record_nothing() {
    World::run(2, "bank", calls, async |bank| {
        bank.post(&account("ada"), &json!("Open")).await.ok();
        for (path, body, status, said) in [
            (account("ada"), json!({ "Send": { "to": "a b", "cents": 1 } }), 422, "Send.to"),
            (account("ada"), json!({ "Send": { "to": "bob" } }), 422, "Send.cents"),
            (account("ada"), json!({ "Deposit": { "cents": -1 } }), 422, "Deposit.cents"),
            (account("ada"), json!({ "Receive": 1_000_000 }), 422, "must be one of"),
            (account("ada"), json!("Close"), 422, "The body must be one of"),
            (account("a%20b"), json!("Open"), 422, "name"),
            (account("ada"), json!({ "Send": { "to": "bob", "cents": 1 } }), 409, "too little"),
            (account("ada"), json!("Open"), 409, "open already"),
        ] {
            let answer = bank.post(&path, &body).await;
            assert_eq!(answer.status, status, "{path} {body}: {}", answer.body);
            assert!(answer.body.to_string().contains(said), "{path} {body}: {}", answer.body);
        }
        assert_eq!(bank.get(&account("nobody")).await.status, 404);
        assert_eq!(bank.get("/health/ready").await.status, 200);
        assert_eq!(bank.events().await.len(), 1, "only the account was opened");
    });
}

#[test]
fn the_same_request_with_the_same_key_acts_once() {
    World::run(3, "bank", calls, async |bank| {
        bank.post(&account("ada"), &json!("Open")).await.ok();
        for _ in 0..3 {
            bank.post_once(&account("ada"), &json!({ "Deposit": { "cents": 5 } }), "salary")
                .await
                .ok();
        }
        let other =
            bank.post_once(&account("ada"), &json!({ "Deposit": { "cents": 6 } }), "salary").await;
        assert_eq!(other.status, 422, "{}", other.body);
        assert_eq!(balance(bank, "ada").await, 5);
    });
}

#[test]
fn whatever_fails_money_is_exact_and_every_transfer_arrives_once() {
    for seed in 0..8 {
        let told = World::run(seed, "bank", calls, schedule);
        assert!(told.sent >= 20, "seed {seed}: only {} transfers were recorded", told.sent);
    }
}

#[test]
fn the_same_seed_gives_the_same_log_to_the_byte() {
    let [one, two] = [(); 2].map(|()| World::run(42, "bank", calls, schedule).log);
    assert!(!one.is_empty() && one == two);
    assert_ne!(one, World::run(43, "bank", calls, schedule).log);
}

const ACCOUNTS: u64 = 10;
const PAID_IN: i64 = 10_000;
const TRANSFERS: u64 = 200;
const STORM: Duration = Duration::from_secs(20);

/// How a world ended.
struct Told {
    sent: usize,
    log: BTreeMap<std::path::PathBuf, Vec<u8>>,
}

/// Hundreds of transfers while messages are lost, the disk fails and the power goes; then the books are checked.
async fn schedule(bank: &Rc<World>) -> Told {
    for number in 0..ACCOUNTS {
        bank.post(&account(number), &json!("Open")).await.ok();
        bank.post(&account(number), &json!({ "Deposit": { "cents": PAID_IN } })).await.ok();
    }
    bank.rates(FaultRates::STORM);
    bank.disk(Chances { failed_write: 5, short_write: 5, failed_sync: 5, short_read: 5 });
    let mut doing = agora::tokio::task::JoinSet::new();
    for number in 0..TRANSFERS {
        let bank = Rc::clone(bank);
        doing.spawn_local(async move { transfer(&bank, number).await });
    }
    bank.crashes(5, STORM).await;
    while let Some(done) = doing.join_next().await {
        done.expect("a transfer does not panic");
    }
    bank.idle().await;
    check(bank, &bank.events().await).await
}

/// A transfer as a client makes it: until it is answered, with the same key.
async fn transfer(bank: &World, number: u64) {
    let moment = bank.dice().within(0..u64::try_from(STORM.as_micros()).unwrap_or(u64::MAX));
    agora::tokio::time::sleep(Duration::from_micros(moment)).await;
    let (from, to) = (bank.dice().within(0..ACCOUNTS), bank.dice().within(0..ACCOUNTS));
    let body = json!({ "Send": { "to": to.to_string(), "cents": bank.dice().within(1..3000) } });
    for _ in 0..20 {
        let answer = bank.post_once(&account(from), &body, &format!("transfer-{number}")).await;
        if answer.status != 503 {
            assert!([200, 409].contains(&answer.status.as_u16()), "{answer:?}");
            return;
        }
        agora::tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Every cent is somewhere, no account is overdrawn, each transfer arrived once where it was sent, and the read model says the same as
/// the log.
async fn check(bank: &World, events: &[std::sync::Arc<Recorded>]) -> Told {
    let (mut held, mut on_the_way) = (BTreeMap::<String, i64>::new(), BTreeMap::new());
    for recorded in events {
        let Some(event) = AccountEvent::of(recorded) else { continue };
        let name = recorded.stream.id().to_owned();
        let cents = held.entry(name.clone()).or_default();
        *cents += change(event);
        assert!(*cents >= 0, "{name} is overdrawn at {}", recorded.position);
        match event {
            AccountEvent::Sent { to, cents } => {
                on_the_way.insert(recorded.position, (to.to_string(), *cents));
            }
            AccountEvent::Received { cents } => {
                let cause = recorded.metadata.cause.as_ref().expect("money arrives for a reason");
                assert_eq!(
                    on_the_way.remove(&cause.position),
                    Some((name, *cents)),
                    "it arrives once"
                );
            }
            AccountEvent::Opened {} | AccountEvent::Deposited { .. } => {}
        }
    }
    assert!(on_the_way.is_empty(), "still on their way: {on_the_way:?}");
    let paid_in = i64::try_from(ACCOUNTS).expect("few") * PAID_IN;
    assert_eq!(held.values().sum::<i64>(), paid_in);
    for (name, cents) in &held {
        assert_eq!(balance(bank, name).await, *cents, "{name}");
    }
    let sent = events.iter().filter(|event| event.kind.as_str() == "account.sent").count();
    Told { sent, log: bank.log() }
}

fn account(name: impl std::fmt::Display) -> String {
    format!("/accounts/{name}")
}

async fn balance(bank: &World, name: &str) -> i64 {
    let answer = bank.get(&account(name)).await.ok();
    answer.get("cents").and_then(Value::as_i64).unwrap_or_else(|| panic!("{answer}"))
}
