//! Passwords are recognized, kept sealed, and hashed in turns.

use super::*;

fn passwords() -> Passwords {
    let ids = Arc::new(Ids::from_seed([3; 32]));
    let secrets = Arc::new(Secrets::derive(&[7; 32]));
    Passwords::new(Cost::TINY, secrets, Tasks::inline(), ids)
}

fn typed(text: &str) -> Password {
    Password::parse(text.to_owned()).expect("a password")
}

#[tokio::test]
async fn the_password_of_a_customer_is_known_again_and_no_other() {
    let passwords = passwords();
    let (alice, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let turn = passwords.turn(Owner::Shop).await.expect("a turn");
    let set = NewPassword::parse("correct horse".to_owned()).expect("long enough");
    let sealed = passwords.hash(&turn, alice, &set).await;
    drop(turn);
    let cases = [
        (alice, Some(&*sealed), "correct horse", true),
        (alice, Some(&*sealed), "wrong horse", false),
        (bob, Some(&*sealed), "correct horse", false),
        (alice, None, "correct horse", false),
    ];
    for (customer, sealed, password, holds) in cases {
        let turn = passwords.turn(Owner::Shop).await.expect("a turn");
        let verified = passwords.verify(&turn, customer, sealed, &typed(password)).await;
        assert_eq!(verified, holds, "{customer} {password}");
    }
}

#[tokio::test]
async fn checking_nobodys_password_takes_the_same_work() {
    let passwords = passwords();
    let turn = passwords.turn(Owner::Shop).await.expect("a turn");
    let alice = Uuid::from_u128(1);
    let set = NewPassword::parse("correct horse".to_owned()).expect("long enough");
    let sealed = passwords.hash(&turn, alice, &set).await;
    let somebodys = passwords.secrets.open(alice, &sealed).expect("opens");
    let cost = |hash: &str| {
        let hash = phc::PasswordHash::new(hash).expect("a hash");
        let lengths = (hash.salt.expect("salt").len(), hash.hash.expect("output").len());
        (hash.algorithm, hash.version, hash.params, lengths)
    };
    assert_eq!(cost(&passwords.nobodys), cost(&somebodys));
}

#[tokio::test]
async fn a_log_in_behind_too_many_is_turned_away() {
    let passwords = Arc::new(passwords());
    let address = |last: u8| Owner::Address(std::net::IpAddr::from([192, 0, 2, last]).into());
    let mut running = Vec::new();
    for last in (100..).take(at_once()) {
        running.push(passwords.turn(address(last)).await.expect("a turn"));
    }
    let here = address(1);
    let mut waiting: Vec<_> =
        (0..WAITING.of_an_address).map(|_| Box::pin(passwords.turn(here))).collect();
    for turn in &mut waiting {
        assert!(futures_util::poll!(turn).is_pending());
    }
    let refused = passwords.turn(here).await.err().expect("no room");
    assert_eq!(refused.status().as_u16(), 503);
    let mut other = Box::pin(passwords.turn(address(2)));
    assert!(futures_util::poll!(&mut other).is_pending(), "others have places of their own");
}

#[test]
fn passwords_are_of_a_length_and_without_control_characters() {
    for good in ["analytical", "correct-horse", &"üx".repeat(64)] {
        assert!(NewPassword::parse(good.to_owned()).is_ok(), "{good}");
    }
    for bad in ["1234567", &"x".repeat(129), "null\0null", "12345678", "PassWord1", "aaaaaaaaaa"] {
        assert!(NewPassword::parse(bad.to_owned()).is_err(), "{bad:?}");
    }
    let ids = Ids::from_seed([1; 32]);
    let generated = NewPassword::generate(&ids);
    assert_eq!(generated.expose().len(), 24);
    for password in (0..200).map(|_| NewPassword::generate(&ids)) {
        let password = password.expose();
        assert!(password.chars().all(|c| c.is_ascii_alphanumeric()), "{password}");
        assert!(!password.contains(['0', 'o', '1', 'l', 'i']), "{password}");
    }
    assert_ne!(generated.expose(), NewPassword::generate(&ids).expose());
}
