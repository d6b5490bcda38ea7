//! Lists of products: order, pages, search, and what they are narrowed to.

use std::sync::Arc;

use contracts::{money::Money, product::Changed};

use super::{SOAP, TEA, added, apply, category, changed, id, names, stock};
use crate::model::{Cursor, Model, Product, ProductQuery, Sort, StockMoved, What};

/// The checks of this part.
pub(super) async fn suite(make: &impl AsyncFn() -> Arc<dyn Model>) {
    products_come_in_every_order_by_pages(&*make().await).await;
    products_are_found_by_any_of_their_texts(&*make().await).await;
    what_is_found_follows_every_change(&*make().await).await;
    lists_are_narrowed_and_counted(&*make().await).await;
}

/// All products by pages of two.
async fn by_pages(model: &dyn Model, sort: Sort, search: Option<&str>) -> Vec<u128> {
    let (mut all, mut after): (Vec<Product>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let search = search.map(str::to_owned);
        let wanted = ProductQuery { search, sort, after, count: 2, ..ProductQuery::default() };
        let page = model.products(wanted).await.expect("a page");
        all.extend(page.products);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    all.iter().map(|product| product.id.as_u128()).collect()
}

async fn products_come_in_every_order_by_pages(model: &dyn Model) {
    apply(
        model,
        1,
        [
            added(5, "banana", 300, 1),
            added(4, "Apple", 100, 7),
            added(3, "Cherry", 200, 7),
            added(2, "apple", 100, 2),
            added(1, &"Ä".repeat(200), 100, 9),
            stock(4, StockMoved::reserved(6)),
            stock(3, StockMoved::reserved(3)),
            stock(3, StockMoved::sold(3)),
            stock(1, StockMoved::reserved(1)),
            stock(1, StockMoved::sold(1)),
        ],
    )
    .await;
    for (sort, expected) in [
        (Sort::Name, [2, 4, 5, 3, 1]),
        (Sort::Price, [1, 2, 4, 3, 5]),
        (Sort::PriceDown, [5, 3, 4, 2, 1]),
        (Sort::Newest, [1, 2, 3, 4, 5]),
        (Sort::Available, [1, 3, 2, 5, 4]),
        (Sort::Scarce, [4, 5, 2, 3, 1]),
        (Sort::Sold, [3, 1, 5, 4, 2]),
    ] {
        for search in [None, Some("plain")] {
            assert_eq!(by_pages(model, sort, search).await, expected, "{sort:?}, {search:?}");
        }
    }
    assert_eq!(by_pages(model, Sort::Relevance, Some("plain")).await, [2, 4, 5, 3, 1]);
    let made_up = Some(Cursor::Newest(u64::MAX, id(0)));
    let wanted =
        ProductQuery { sort: Sort::Newest, after: made_up, count: 1, ..ProductQuery::default() };
    assert_eq!(model.products(wanted).await.expect("a page").products.len(), 1);
}

async fn products_are_found_by_any_of_their_texts(model: &dyn Model) {
    let texts = |description: &str, supplier: &str| Changed {
        description: Some(description.to_owned()),
        supplier: Some(supplier.to_owned()),
        ..Changed::default()
    };
    apply(
        model,
        1,
        [
            added(1, "Grüner Tee", 100, 1),
            added(2, "Seife", 100, 1),
            changed(1, texts("Aus 100% ÄHREN", "Müller")),
            changed(2, texts("Hart_", "Σίσυφος")),
            changed(2, Changed { category: Some(SOAP), ..Changed::default() }),
        ],
    )
    .await;
    for text in ["c-1", "GRÜN", "ähren", "100%", "MÜLLER", "aus tee", "runer", "grunr", "müler"]
    {
        assert_eq!(search(model, text).await, ["Grüner Tee"], "{text}");
    }
    for text in ["SEIFE", "hart_", "ΣΊΣΥ", "ίσυφοΣ", "hart seife"] {
        assert_eq!(search(model, text).await, ["Seife"], "{text}");
    }
    for text in ["gru\u{308}n", "gruner", "A\u{308}HREN", "mu\u{ad}ller", "ＴＥＥ"] {
        assert_eq!(
            search(model, text).await,
            ["Grüner Tee"],
            "{text}: whatever its form and accents"
        );
    }
    for text in ["plain", "nobody", "tee seife", "7", "?!", " "] {
        assert!(search(model, text).await.is_empty(), "{text}");
    }
    let of_soap = ProductQuery { category: Some(SOAP), ..ProductQuery::default() };
    assert_eq!(names(model, of_soap).await, ["Seife"]);
}

async fn search(model: &dyn Model, text: &str) -> Vec<String> {
    let search = Some(text.to_owned());
    names(model, ProductQuery { search, sort: Sort::Relevance, ..ProductQuery::default() }).await
}

async fn what_is_found_follows_every_change(model: &dyn Model) {
    apply(model, 1, [category(TEA, "Leaves"), added(1, "Assam", 100, 1), added(2, "Rize", 9, 1)])
        .await;
    assert_eq!(search(model, "assam leaves").await, ["Assam"]);
    let renamed = Changed { name: Some("Ceylon".to_owned()), ..Changed::default() };
    let moved = Changed { category: Some(SOAP), ..Changed::default() };
    apply(model, 4, [changed(1, renamed), changed(2, moved)]).await;
    assert!(search(model, "assam").await.is_empty());
    assert_eq!(search(model, "leaves").await, ["Ceylon"]);
    apply(model, 6, [What::CategoryRenamed { category: TEA, name: "Herbs".to_owned() }]).await;
    assert!(search(model, "leaves").await.is_empty());
    assert_eq!(search(model, "ceylon herbs").await, ["Ceylon"]);
    apply(model, 7, [What::CategoryDeleted(TEA)]).await;
    assert!(search(model, "herbs").await.is_empty());
    apply(model, 8, [What::ProductDeleted(id(1), StockMoved::received(-1))]).await;
    assert!(search(model, "ceylon").await.is_empty());
    apply(model, 9, [added(1, "Ceylon again", 100, 1)]).await;
    assert_eq!(search(model, "ceylon").await, ["Ceylon again"]);
    model.reset().await.expect("it empties");
    assert!(search(model, "ceylon").await.is_empty());
}

async fn lists_are_narrowed_and_counted(model: &dyn Model) {
    apply(
        model,
        1,
        [
            category(TEA, "Tea"),
            added(1, "Assam", 150, 1),
            added(2, "Rize", 250, 1),
            added(3, "Ceylon", 350, 0),
            added(4, "Mint", 2_500, 2),
            changed(4, Changed { category: Some(SOAP), ..Changed::default() }),
            stock(1, StockMoved::reserved(1)),
        ],
    )
    .await;
    let find = async |wanted: ProductQuery| {
        let wanted = ProductQuery { facets: true, count: 9, ..wanted };
        let found = model.products(wanted).await.expect("a list");
        let facets = found.facets.expect("they were asked for");
        let ranges = facets.prices.iter();
        let prices: Vec<_> = ranges.map(|range| (range.from.minor(), range.products)).collect();
        let categories: Vec<_> = facets.categories.iter().map(|one| one.products).collect();
        (found.total, categories, prices, facets.in_stock)
    };
    let money = |minor| Some(Money::from_minor(minor));
    let prices = || vec![(100, 1), (200, 2), (2_000, 1)];
    assert_eq!(find(ProductQuery::default()).await, (Some(4), vec![3, 1], prices(), 2));
    let cheap = ProductQuery { least: money(200), most: money(350), ..ProductQuery::default() };
    assert_eq!(find(cheap).await, (Some(2), vec![2], prices(), 1));
    let there = ProductQuery { in_stock: true, category: Some(TEA), ..ProductQuery::default() };
    assert_eq!(find(there).await, (Some(1), vec![1, 1], vec![(200, 1)], 1));
    let plain =
        model.products(ProductQuery { count: 9, ..ProductQuery::default() }).await.expect("a list");
    assert_eq!((plain.total, plain.facets), (None, None), "nothing is counted unasked");
}
