//! Every search, by whichever way it is answered, finds what looking at every product finds.

use contracts::money::Money;
use contracts::product::Added;
use kernel::{Position, text::searchable};

use super::*;
use crate::model::{
    Change, StockMoved, What,
    sqlite::{SCHEMA, query, write},
};

const SORTS: [Sort; 6] =
    [Sort::Name, Sort::Price, Sort::PriceDown, Sort::Newest, Sort::Available, Sort::Scarce];
const WORDS: [&str; 8] =
    ["Tee", "Café", "cafe\u{301}", "Straße", "茶壺", "50% off!", "a_b", "Zebra"];

fn word(number: u32) -> &'static str {
    WORDS.iter().cycle().nth(number as usize).expect("the words go on")
}

fn product(number: u32) -> Change {
    let added = Added {
        product: Uuid::from_u128(u128::from(number.wrapping_mul(2_654_435_761))),
        code: Some(format!("C-{number}")),
        name: format!("{} {}", word(number), number % 7),
        description: format!("{}\n{}", word(number / 3), word(number / 5)),
        supplier: word(number / 11).to_owned(),
        category: Uuid::from_u128(u128::from(number % 3)),
        price: Money::from_minor(i64::from(number % 13)),
        currency: "EUR".to_owned(),
        units: i64::from(number % 17),
    };
    let what = What::ProductAdded(Box::new(added));
    Change { position: Position(u64::from(number) + 1), what, created: None }
}

fn shop() -> Connection {
    let mut connection = Connection::open_in_memory().expect("memory");
    connection.execute_batch(SCHEMA.create).expect("the tables");
    let mut changes: Vec<Change> = (0..300).map(product).collect();
    // Some are no longer offered, and one of them is again.
    for number in [3, 40, 41] {
        let id = Uuid::from_u128(u128::from(u32::wrapping_mul(number, 2_654_435_761)));
        let what = What::ProductDeleted(id, StockMoved::default());
        let position = Position(u64::from(number) + 1000);
        changes.push(Change { position, what, created: None });
    }
    changes.push(product(41));
    let transaction = connection.transaction().expect("a transaction");
    write::apply(&transaction, &changes).expect("the changes are taken");
    transaction.commit().expect("it commits");
    connection
}

/// What a look into every text finds, by pages along the whole list.
fn slowly(connection: &Connection, wanted: &Products, search: &str) -> Vec<Uuid> {
    let all = Products { search: None, count: usize::MAX, ..wanted.clone() };
    let all = query::products(connection, &all).expect("a list").products;
    let search = searchable(search);
    let holds = |text: &str| searchable(text).contains(&search);
    let matching = all.into_iter().filter(|product| {
        let texts = [&product.name, &product.description, &product.supplier];
        texts.into_iter().chain(&product.code).any(|text| holds(text))
    });
    matching.map(|product| product.id).take(wanted.count).collect()
}

/// A page, however often the search stops on the way.
fn whole(bounds: Bounds, connection: &Connection, wanted: &Products, search: &str) -> Vec<Uuid> {
    let (mut wanted, mut all) = (wanted.clone(), Vec::new());
    loop {
        let Page { ids, stopped } = within(bounds, connection, &wanted, search).expect("a page");
        wanted.count -= ids.len();
        all.extend(ids);
        match stopped {
            Some(stopped) => wanted.after = Some(stopped),
            None => return all,
        }
    }
}

#[test]
fn every_way_finds_what_a_look_into_every_text_finds() {
    let connection = shop();
    // Sorted, walked along blindly, walked along by the index, and stopping early for either reason.
    let bounds = [
        (1000, 1000, 1000, 1000),
        (0, 1000, 1000, 1000),
        (0, 0, 1000, 1000),
        (0, 3, 1, 1000),
        (0, 3, 1000, 2),
        (0, 0, 2, 5),
    ]
    .map(|(sorted, blind, missed, walked)| Bounds { sorted, blind, missed, walked });
    let searches = [
        "e",
        "é",
        "CAFÉ",
        "cafe\u{301} 3",
        "ss",
        "ß",
        "壺",
        "%",
        "0% O",
        "_",
        "c-29",
        "zebra 6",
        "tee\ncafé",
        "\"",
        "no",
    ];
    for search in searches {
        let wanted_text = searchable(search);
        for sort in SORTS {
            for category in [None, Some(Uuid::from_u128(1))] {
                let mut wanted = Products { category, sort, count: 7, ..Products::default() };
                for _page in 0..3 {
                    let expected = slowly(&connection, &wanted, search);
                    for bounds in bounds {
                        let found = whole(bounds, &connection, &wanted, &wanted_text);
                        assert_eq!(found, expected, "{search:?} {wanted:?}");
                    }
                    let Some(last) = expected.last() else { break };
                    let last = query::product(&connection, *last).expect("a query works");
                    wanted.after = last.map(|product| sort.cursor(&product));
                }
            }
        }
    }
}

#[test]
fn what_was_changed_is_found_by_its_new_texts_only() {
    let mut connection = shop();
    let id = Uuid::from_u128(0);
    let changed = contracts::product::Changed {
        name: Some("Xylophon".to_owned()),
        description: Some(String::new()),
        ..Default::default()
    };
    let what = What::ProductChanged(id, Box::new(changed));
    let change = Change { position: Position(900), what, created: None };
    let transaction = connection.transaction().expect("a transaction");
    write::apply(&transaction, &[change]).expect("the change is taken");
    transaction.commit().expect("it commits");
    let wanted = Products { count: 300, ..Products::default() };
    let found = |search| matching(&connection, &wanted, search).expect("a list").ids;
    assert_eq!(found("xylo"), [id]);
    assert!(!found("tee 0").contains(&id));
    let grams: i64 = connection
        .query_row(
            "SELECT count(*) FROM product_gram WHERE product_gram MATCH '\"xy\"'",
            [],
            |row| row.get(0),
        )
        .expect("a count");
    assert_eq!(grams, 1);
}
