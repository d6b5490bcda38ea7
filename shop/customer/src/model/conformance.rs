//! The conformance suite that every engine behind [`Model`] passes; each check panics where the engine fails.

use std::sync::Arc;

use contracts::customer::Role;
use contracts::money::Money;
use kernel::Position;
use runtime::model::conformance;
use uuid::Uuid;

use super::{Change, Customer, CustomerQuery, Model, Moved, RegisteredRow, Sort, What};

/// Runs the whole suite; `make` gives a new, empty model each time.
pub async fn suite(make: impl AsyncFn() -> Arc<dyn Model>) {
    a_new_model_is_empty(&*make().await).await;
    changes_add_up(&*make().await).await;
    passwords_stand_apart(&*make().await).await;
    changes_of_strangers_change_nothing(&*make().await).await;
    the_first_of_a_name_or_id_keeps_it(&*make().await).await;
    lists_are_sorted_searched_and_paged(&*make().await).await;
    a_reset_model_takes_everything_again(&*make().await, &*make().await).await;
}

fn id(user: &str) -> Uuid {
    Uuid::from_bytes(std::array::from_fn(|at| user.as_bytes().get(at).copied().unwrap_or(0)))
}

fn registered(position: u64, user: &str, credit: i64) -> Change {
    let registered = RegisteredRow {
        user: user.to_owned(),
        full_name: format!("{user} Ünlü"),
        email: format!("{user}@example.com"),
        role: if user == "admin" { Role::Manager } else { Role::Customer },
        password: format!("sealed {user}"),
        credit: Money::from_minor(credit),
    };
    change(position, user, What::Registered(registered))
}

fn change(position: u64, user: &str, what: What) -> Change {
    Change { position: Position(position), customer: id(user), what }
}

fn moved(credit: i64, reserved: i64, available: i64, spent: i64) -> What {
    let [credit, reserved, available, spent] =
        [credit, reserved, available, spent].map(Money::from_minor);
    What::Moved(Moved { credit, reserved, available, spent })
}

async fn apply(model: &dyn Model, changes: &[Change]) {
    let at = model.checkpoint().await.expect("a checkpoint");
    let to = changes.last().map_or(Position::START, |change| change.position);
    model.apply(at, changes, to).await.expect("the changes are taken");
}

async fn customer(model: &dyn Model, user: &str) -> Customer {
    model.customer(id(user)).await.expect("a query works").expect("the customer is there")
}

async fn lines(model: &dyn Model) -> Vec<String> {
    model.dump().await.expect("a dump")
}

async fn a_new_model_is_empty(model: &dyn Model) {
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(model.customer(id("ada")).await.expect("a query works"), None);
    let list = CustomerQuery { count: 10, ..CustomerQuery::default() };
    assert!(model.customers(list).await.expect("a list").is_empty());
}

async fn changes_add_up(model: &dyn Model) {
    apply(model, &[registered(1, "ada", 10_000), registered(2, "bob", 0)]).await;
    apply(model, &[change(3, "ada", moved(0, 3000, -3000, 0))]).await;
    apply(
        model,
        &[
            change(4, "ada", What::Granted(Money::from_minor(5000))),
            change(5, "ada", moved(0, 2000, -2000, 0)),
            change(6, "ada", moved(-3000, -3000, 0, 3000)),
            change(8, "ada", What::Profile { full_name: None, email: Some("a@b".to_owned()) }),
        ],
    )
    .await;
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position(8));
    let ada = customer(model, "ada").await;
    let money = [ada.credit, ada.reserved, ada.available].map(Money::minor);
    assert_eq!((money, ada.revision), ([12_000, 2000, 10_000], 3));
    assert_eq!((&*ada.full_name, &*ada.email), ("ada Ünlü", "a@b"));
    for balance in model.balances().await.expect("balances") {
        assert_eq!(balance.left, balance.right, "{}", balance.name);
    }
    let left: Vec<i64> =
        model.balances().await.expect("balances").iter().map(|balance| balance.left).collect();
    assert_eq!(left, [15_000, 12_000, 0]);
}

async fn passwords_stand_apart(model: &dyn Model) {
    apply(model, &[registered(1, "ada", 0), registered(2, "admin", 0)]).await;
    apply(model, &[change(3, "ada", What::Password("sealed again".to_owned()))]).await;
    let credentials = async |user| model.credentials(id(user)).await.expect("a query works");
    let ada = credentials("ada").await.expect("ada is there");
    assert!(ada.password == "sealed again" && ada.role == Role::Customer);
    assert!(credentials("admin").await.is_some_and(|admin| admin.role == Role::Manager));
    assert!(credentials("eve").await.is_none());
    assert_eq!(customer(model, "ada").await.revision, 2);
}

async fn changes_of_strangers_change_nothing(model: &dyn Model) {
    let before = lines(model).await;
    model
        .apply(
            Position::START,
            &[
                change(1, "eve", moved(0, 1, -1, 0)),
                change(2, "eve", What::Password(String::new())),
                change(3, "eve", What::Profile { full_name: Some("Eve".to_owned()), email: None }),
            ],
            Position::START,
        )
        .await
        .expect("the changes are taken");
    assert_eq!(lines(model).await, before);
}

async fn the_first_of_a_name_or_id_keeps_it(model: &dyn Model) {
    let stranger = Uuid::from_u128(7);
    let Change { what, .. } = registered(2, "ada", 5);
    let same_name = Change { position: Position(2), customer: stranger, what };
    let Change { what, .. } = registered(2, "eve", 5);
    let same_id = Change { position: Position(2), customer: id("ada"), what };
    for second in [registered(2, "ada", 3), same_name, same_id] {
        conformance::unfit(model, &[registered(1, "ada", 10_000), second, registered(3, "bob", 1)])
            .await;
    }
    apply(model, &[registered(1, "ada", 10_000)]).await;
    let before = lines(model).await;
    // A change of an unknown customer changes nothing.
    let changes = [What::Granted(Money::from_minor(1)), moved(0, 1, -1, 0)];
    let changes = changes.map(|what| Change { position: Position(1), customer: stranger, what });
    model.apply(Position(1), &changes, Position(1)).await.expect("they are taken");
    assert_eq!(lines(model).await, before);
}

async fn lists_are_sorted_searched_and_paged(model: &dyn Model) {
    apply(
        model,
        &[
            registered(1, "cleo", 5),
            registered(2, "ada", 7),
            registered(3, "bob", 5),
            registered(4, "dan", 9),
        ],
    )
    .await;
    for (sort, expected) in [
        (Sort::UserName, ["ada", "bob", "cleo", "dan"]),
        (Sort::Credit, ["bob", "cleo", "ada", "dan"]),
        (Sort::CreditDown, ["dan", "ada", "bob", "cleo"]),
        (Sort::Newest, ["dan", "bob", "ada", "cleo"]),
    ] {
        for size in 1..=5 {
            assert_eq!(paged(model, sort, size).await, expected, "{sort:?} by {size}");
        }
    }
    for (search, expected) in
        [("BO", vec!["bob"]), ("üNLü", vec!["ada", "bob", "cleo", "dan"]), ("%", vec![])]
    {
        let list = CustomerQuery {
            search: Some(search.to_owned()),
            count: 10,
            ..CustomerQuery::default()
        };
        let found = model.customers(list).await.expect("a list");
        assert_eq!(users(&found), expected, "{search}");
        let list =
            CustomerQuery { search: Some(search.to_owned()), count: 3, ..CustomerQuery::default() };
        let counted = model.count_customers(list).await.expect("a number");
        assert_eq!(counted, expected.len().min(3) as u64, "{search}");
    }
    let all = CustomerQuery { count: 9, ..CustomerQuery::default() };
    assert_eq!(model.count_customers(all).await.expect("a number"), 4);
}

async fn paged(model: &dyn Model, sort: Sort, count: usize) -> Vec<String> {
    let mut all: Vec<Customer> = Vec::new();
    loop {
        let after = all.last().map(|last| sort.cursor(last));
        let list = CustomerQuery { sort, after, count, ..CustomerQuery::default() };
        let page = model.customers(list).await.expect("a list");
        assert!(page.len() <= count);
        if page.is_empty() {
            return users(&all);
        }
        all.extend(page);
    }
}

fn users(customers: &[Customer]) -> Vec<String> {
    customers.iter().map(|customer| customer.user.clone()).collect()
}

async fn a_reset_model_takes_everything_again(model: &dyn Model, other: &dyn Model) {
    let changes =
        [registered(1, "ada", 9), change(2, "ada", moved(0, 4, -4, 0)), registered(3, "bob", 1)];
    for single in &changes {
        apply(model, std::slice::from_ref(single)).await;
    }
    apply(other, &changes).await;
    assert_eq!(lines(model).await, lines(other).await, "however the changes came in");
    model.reset().await.expect("a reset");
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_ne!(lines(model).await, lines(other).await);
    apply(model, &changes).await;
    assert_eq!(lines(model).await, lines(other).await, "as if nothing had been");
}
