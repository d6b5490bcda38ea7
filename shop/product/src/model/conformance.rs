//! The conformance suite that every engine behind [`Model`] passes; each check panics where the engine fails.

mod lists;

use std::sync::Arc;

use contracts::money::Money;
use contracts::picture::{Hash, Kind, Picture};
use contracts::product::{Added, Changed};
use kernel::Position;
use runtime::model::conformance;
use uuid::Uuid;

use super::{CategoryQuery, Change, Created, Model, Product, ProductQuery, StockMoved, What};

const TEA: Uuid = Uuid::from_u128(0xca01);
const SOAP: Uuid = Uuid::from_u128(0xca02);

/// Runs the whole suite; `make` gives a new, empty model each time.
pub async fn suite(make: impl AsyncFn() -> Arc<dyn Model>) {
    a_new_model_is_empty(&*make().await).await;
    the_checkpoint_moves_with_the_changes(&*make().await).await;
    stock_adds_up(&*make().await).await;
    managers_changes_show(&*make().await).await;
    a_picture_comes_changes_and_goes(&*make().await).await;
    a_deleted_product_is_not_read_and_may_come_back(&*make().await).await;
    what_is_added_again_is_unfit(&*make().await).await;
    lists::suite(&make).await;
    categories_count_their_products(&*make().await).await;
    what_is_low_is_what_was_set_last(&*make().await).await;
    what_was_created_by_a_request_is_known_again(&*make().await).await;
    a_rebuilt_model_is_identical(&*make().await, &*make().await).await;
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn added(number: u128, name: &str, price: i64, units: i64) -> What {
    What::ProductAdded(Box::new(Added {
        product: id(number),
        code: Some(format!("C-{number}")),
        name: name.to_owned(),
        description: "Plain".to_owned(),
        supplier: "Nobody".to_owned(),
        category: TEA,
        price: Money::from_minor(price),
        currency: "EUR".to_owned(),
        units,
    }))
}

fn category(category: Uuid, name: &str) -> What {
    What::CategoryAdded { category, name: name.to_owned() }
}

fn changed(number: u128, changed: Changed) -> What {
    What::ProductChanged(id(number), Box::new(changed))
}

fn stock(number: u128, moved: StockMoved) -> What {
    What::Stock(id(number), moved)
}

/// Changes at the positions from `first` on.
fn at(first: u64, all: impl IntoIterator<Item = What>) -> Vec<Change> {
    let positions = (first..).map(Position);
    positions.zip(all).map(|(position, what)| Change { position, what, created: None }).collect()
}

async fn apply(model: &dyn Model, first: u64, all: impl IntoIterator<Item = What>) {
    let changes = at(first, all);
    let at = model.checkpoint().await.expect("a checkpoint");
    let to = changes.last().map_or(Position::START, |change| change.position);
    model.apply(at, &changes, to).await.expect("the changes are taken");
}

async fn found(model: &dyn Model, number: u128) -> Option<Product> {
    model.product(id(number)).await.expect("a query works")
}

async fn names(model: &dyn Model, wanted: ProductQuery) -> Vec<String> {
    let wanted = ProductQuery { count: 100, ..wanted };
    let found = model.products(wanted).await.expect("a list");
    found.products.into_iter().map(|product| product.name).collect()
}

async fn balanced(model: &dyn Model) {
    for balance in model.balances().await.expect("balances") {
        assert_eq!(balance.left, balance.right, "{}", balance.name);
    }
}

async fn a_new_model_is_empty(model: &dyn Model) {
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(found(model, 1).await, None);
    assert!(names(model, ProductQuery::default()).await.is_empty());
    assert_eq!(model.category(TEA).await.expect("a query works"), None);
    assert!(!model.has_category(TEA).await.expect("a query works"));
    assert_eq!(model.created(id(1)).await.expect("a query works"), None);
    balanced(model).await;
}

async fn the_checkpoint_moves_with_the_changes(model: &dyn Model) {
    let before = model.generation();
    apply(model, 4, [added(1, "Assam", 100, 5)]).await;
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position(4));
    let after = model.generation();
    assert_ne!(before, after, "kept answers are not to be used again");
    model.apply(Position(4), &[], Position(9)).await.expect("nothing is taken too");
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position(9));
    assert_eq!(model.generation(), after, "nothing has changed");
}

async fn stock_adds_up(model: &dyn Model) {
    apply(model, 1, [added(1, "Assam", 100, 10), stock(1, StockMoved::reserved(4))]).await;
    let product = found(model, 1).await.expect("it is offered");
    assert_eq!((product.on_hand, product.available), (10, 6));
    apply(
        model,
        3,
        [
            stock(1, StockMoved::reserved(3)),
            stock(1, StockMoved::released(3)),
            stock(1, StockMoved::sold(4)),
            stock(2, StockMoved::reserved(1)),
            changed(1, Changed { units_change: 5, ..Changed::default() }),
        ],
    )
    .await;
    let product = found(model, 1).await.expect("it is offered");
    assert_eq!((product.on_hand, product.available), (11, 11));
    assert_eq!(product.changed, Position(7));
    assert_eq!(found(model, 2).await, None, "it was never added");
    let balances = model.balances().await.expect("balances");
    let received = balances.iter().find(|balance| balance.name == "received = on hand + sold");
    assert_eq!(received.map(|balance| (balance.left, balance.right)), Some((15, 15)));
    balanced(model).await;
}

async fn managers_changes_show(model: &dyn Model) {
    apply(model, 1, [category(TEA, "Tea"), category(SOAP, "Soap"), added(1, "Assam", 100, 1)])
        .await;
    let change = Changed {
        name: Some("Ceylon".to_owned()),
        price: Some(Money::from_minor(250)),
        category: Some(SOAP),
        ..Changed::default()
    };
    apply(model, 4, [changed(1, change)]).await;
    let product = found(model, 1).await.expect("it is offered");
    assert_eq!((product.name.as_str(), product.description.as_str()), ("Ceylon", "Plain"));
    assert_eq!((product.price, product.revision), (Money::from_minor(250), 2));
    assert_eq!((product.category, product.category_name.as_deref()), (SOAP, Some("Soap")));
    assert_eq!((product.added, product.changed), (Position(3), Position(4)));
}

async fn a_picture_comes_changes_and_goes(model: &dyn Model) {
    let picture = |width| Picture { hash: Hash([7; 32]), kind: Kind::Webp, width, height: 24 };
    let give = |picture| changed(1, Changed { picture, ..Changed::default() });
    let named = || changed(1, Changed { name: Some("Rize".to_owned()), ..Changed::default() });
    let all = [added(1, "Assam", 100, 5), give(Some(Some(picture(40)))), named()];
    apply(model, 1, all).await;
    let product = found(model, 1).await.expect("it is offered");
    assert_eq!((product.picture, product.revision), (Some(picture(40)), 3));
    apply(model, 4, [give(Some(Some(picture(80))))]).await;
    assert_eq!(found(model, 1).await.and_then(|product| product.picture), Some(picture(80)));
    apply(model, 5, [give(Some(None)), give(None)]).await;
    assert_eq!(found(model, 1).await.and_then(|product| product.picture), None);
    let back = [
        give(Some(Some(picture(40)))),
        What::ProductDeleted(id(1), StockMoved::default()),
        added(1, "Assam", 100, 0),
    ];
    apply(model, 7, back).await;
    assert_eq!(found(model, 1).await.and_then(|product| product.picture), None);
}

async fn a_deleted_product_is_not_read_and_may_come_back(model: &dyn Model) {
    apply(model, 1, [added(1, "Assam", 100, 10), stock(1, StockMoved::reserved(4))]).await;
    apply(model, 3, [What::ProductDeleted(id(1), StockMoved::received(-6))]).await;
    assert_eq!(found(model, 1).await, None);
    assert!(names(model, ProductQuery::default()).await.is_empty());
    apply(model, 4, [stock(1, StockMoved::sold(4))]).await;
    balanced(model).await;
    apply(model, 5, [added(1, "Assam again", 300, 7)]).await;
    let product = found(model, 1).await.expect("it is offered again");
    assert_eq!((product.revision, product.on_hand, product.available), (3, 7, 7));
    assert_eq!((product.name.as_str(), product.added), ("Assam again", Position(5)));
    balanced(model).await;
}

async fn what_is_added_again_is_unfit(model: &dyn Model) {
    let again = [added(1, "Tea", 300, 10), added(1, "Tea", 100, 10), added(2, "Soap", 1, 1)];
    conformance::unfit(model, &at(1, again)).await;
}

async fn categories_count_their_products(model: &dyn Model) {
    let deleted = What::ProductDeleted(id(2), StockMoved::received(-1));
    let renamed = What::CategoryRenamed { category: SOAP, name: "a Soap".to_owned() };
    apply(
        model,
        1,
        [
            category(TEA, "Tea"),
            category(SOAP, "Soap"),
            added(1, "Assam", 1, 1),
            added(2, "Rize", 1, 1),
        ],
    )
    .await;
    apply(model, 5, [deleted, renamed]).await;
    let list = async |wanted: CategoryQuery| {
        let found = model.categories(wanted).await.expect("a list");
        found.into_iter().map(|one| (one.name, one.products)).collect::<Vec<_>>()
    };
    let all = CategoryQuery { count: 9, ..CategoryQuery::default() };
    assert_eq!(list(all.clone()).await, [("a Soap".to_owned(), 0), ("Tea".to_owned(), 1)]);
    let search = Some("TE".to_owned());
    let tea = CategoryQuery { search, ..all.clone() };
    assert_eq!(list(tea.clone()).await, [("Tea".to_owned(), 1)]);
    let counted = async |wanted| model.count_categories(wanted).await.expect("a number");
    assert_eq!((counted(all.clone()).await, counted(tea).await), (2, 1));
    assert_eq!(
        counted(CategoryQuery { count: 1, ..all.clone() }).await,
        1,
        "no further than asked"
    );
    let soap = model.category(SOAP).await.expect("a query works").expect("it is there");
    assert!(model.has_category(SOAP).await.expect("a query works"));
    let after = Some(soap.cursor());
    assert_eq!(list(CategoryQuery { after, ..all }).await, [("Tea".to_owned(), 1)]);
    apply(model, 7, [What::CategoryDeleted(TEA)]).await;
    assert_eq!(model.category(TEA).await.expect("a query works"), None);
    assert!(!model.has_category(TEA).await.expect("a query works"));
    let orphan = found(model, 1).await.expect("it is offered still");
    assert_eq!((orphan.category, orphan.category_name), (TEA, None));
}

async fn what_is_low_is_what_was_set_last(model: &dyn Model) {
    let low = async || model.low_stock().await.expect("a query works");
    assert_eq!(low().await, None);
    apply(model, 1, [What::LowStockSet(7), What::LowStockSet(12)]).await;
    assert_eq!(low().await, Some(12));
}

async fn what_was_created_by_a_request_is_known_again(model: &dyn Model) {
    let created = Created { key: id(70), request: id(71), subject: id(1) };
    let mut changes = at(3, [added(1, "Assam", 1, 1)]);
    for change in &mut changes {
        change.created = Some(created);
    }
    model.apply(Position::START, &changes, Position(3)).await.expect("the change is taken");
    let known = model.created(id(70)).await.expect("a query works");
    assert_eq!(known, Some((created, Position(3))));
    assert_eq!(model.created(id(71)).await.expect("a query works"), None);
}

async fn a_rebuilt_model_is_identical(one: &dyn Model, other: &dyn Model) {
    let history = || {
        [
            category(TEA, "Tea"),
            added(1, "Assam", 100, 10),
            stock(1, StockMoved::reserved(2)),
            changed(1, Changed { units_change: -3, ..Changed::default() }),
            stock(1, StockMoved::sold(2)),
            What::ProductDeleted(id(1), StockMoved::received(-5)),
            added(1, "Assam", 100, 4),
        ]
    };
    apply(one, 1, history()).await;
    one.reset().await.expect("it empties");
    assert_eq!(one.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(found(one, 1).await, None);
    apply(one, 1, history()).await;
    for (position, what) in (1..).zip(history()) {
        apply(other, position, [what]).await;
    }
    let lines = one.dump().await.expect("a dump");
    assert!(lines.len() > 3, "{lines:?}");
    assert_eq!(lines, other.dump().await.expect("a dump"));
}
