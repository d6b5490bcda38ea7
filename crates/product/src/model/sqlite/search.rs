//! Searching texts.
//!
//! ```text
//!                                      few ─▶ all of them, sorted
//!  grams ─▶ the index, up to a bound ─┤
//!                                      many ─▶ along the order wanted, looking into each text ─▶ a page
//!                                                             └─▶ not soon enough: all of them, sorted
//! ```
//! Of few matches all are known at once; of many, a page is full after a few steps along the order.

use rusqlite::{Connection, Result, Statement};
use uuid::Uuid;

use super::{
    grams,
    query::{Select, key, source, uuid},
};
use crate::model::{Products, Sort};

/// What is few, and what is soon.
#[derive(Clone, Copy)]
struct Bounds {
    /// Matches that are sorted to find the first.
    sorted_max: u32,
    /// Products walked along until it is the wrong way: those that match do not come early in this order.
    walked_max: usize,
}

/// Among the 70,000 products of a large shop about as many are walked along for a page as would have to be sorted.
const BOUNDS: Bounds = Bounds { sorted_max: 2_500, walked_max: 4_000 };

/// The products in whose texts `search` stands, in the order wanted. A snapshot is open.
pub(super) fn matching(
    connection: &Connection,
    wanted: &Products,
    search: &str,
) -> Result<Vec<Uuid>> {
    within(BOUNDS, connection, (wanted, search))
}

fn within(
    bounds: Bounds,
    connection: &Connection,
    (wanted, search): (&Products, &str),
) -> Result<Vec<Uuid>> {
    let grams = grams::query(search);
    let mut texts = Texts::new(connection, search)?;
    if is_rare(connection, &grams, bounds.sorted_max)? {
        return sorted(connection, wanted, (&grams, &mut texts));
    }
    match walked(bounds.walked_max, connection, (wanted, &mut texts))? {
        Some(found) => Ok(found),
        None => sorted(connection, wanted, (&grams, &mut texts)),
    }
}

fn is_rare(connection: &Connection, grams: &str, at_most: u32) -> Result<bool> {
    let sql =
        "SELECT count(*) FROM (SELECT 1 FROM product_gram WHERE product_gram MATCH ?1 LIMIT ?2)";
    let mut query = connection.prepare_cached(sql)?;
    let found: u32 = query.query_row((grams, at_most + 1), |row| row.get(0))?;
    Ok(found <= at_most)
}

/// All that match, sorted; a page of them.
fn sorted(
    connection: &Connection,
    wanted: &Products,
    (grams, texts): (&str, &mut Texts<'_, '_>),
) -> Result<Vec<Uuid>> {
    let key = wanted.after.as_ref().map(key);
    let stock = match wanted.sort {
        Sort::Available | Sort::Scarce => "CROSS JOIN stock s ON s.product = p.id",
        Sort::Name | Sort::Price | Sort::PriceDown | Sort::Newest => "",
    };
    let mut select = Select::new(&format!(
        "SELECT p.id, p.number FROM product_gram CROSS JOIN product p ON p.number = product_gram.rowid {stock}
         WHERE product_gram MATCH :grams AND p.listed = 1"
    ));
    select.values.push((":grams", &grams));
    select.narrow(wanted, key.as_ref());
    let mut query = connection.prepare_cached(&select.sql)?;
    let (mut rows, mut found) = (query.query(&*select.values)?, Vec::new());
    while found.len() < wanted.count
        && let Some(row) = rows.next()?
    {
        if texts.hold(row.get(1)?)? {
            found.push(uuid(row, 0)?);
        }
    }
    Ok(found)
}

/// A page of those that match, met along the order wanted; none if that takes too long.
fn walked(
    products_max: usize,
    connection: &Connection,
    (wanted, texts): (&Products, &mut Texts<'_, '_>),
) -> Result<Option<Vec<Uuid>>> {
    let key = wanted.after.as_ref().map(key);
    let source = source(wanted);
    let mut select =
        Select::new(&format!("SELECT p.id, p.number FROM {source} WHERE p.listed = 1"));
    select.narrow(wanted, key.as_ref());
    let mut query = connection.prepare_cached(&select.sql)?;
    let (mut rows, mut found) = (query.query(&*select.values)?, Vec::new());
    for _ in 0..products_max {
        let row = if found.len() < wanted.count { rows.next()? } else { None };
        let Some(row) = row else { return Ok(Some(found)) };
        if texts.hold(row.get(1)?)? {
            found.push(uuid(row, 0)?);
        }
    }
    Ok(None)
}

/// The texts of products, and what is looked for in them.
struct Texts<'connection, 'search> {
    query: Statement<'connection>,
    search: &'search str,
}

impl<'connection, 'search> Texts<'connection, 'search> {
    fn new(connection: &'connection Connection, search: &'search str) -> Result<Self> {
        let query = connection.prepare("SELECT search FROM product_text WHERE number = ?1")?;
        Ok(Self { query, search })
    }

    fn hold(&mut self, product: i64) -> Result<bool> {
        let mut rows = self.query.query([product])?;
        let Some(row) = rows.next()? else { return Ok(false) };
        Ok(row.get_ref(0)?.as_str()?.contains(self.search))
    }
}

#[cfg(test)]
mod tests {
    use contracts::product::Added;
    use kernel::{Money, Position, text::searchable};

    use super::*;
    use crate::model::{
        Change, What,
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
        let changes: Vec<Change> = (0..300).map(product).collect();
        let transaction = connection.transaction().expect("a transaction");
        write::apply(&transaction, &changes).expect("the changes are taken");
        transaction.commit().expect("it commits");
        connection
    }

    /// What a look into every text finds, by pages along the whole list.
    fn slowly(connection: &Connection, wanted: &Products, search: &str) -> Vec<Uuid> {
        let all = Products { search: None, count: usize::MAX, ..wanted.clone() };
        let all = query::products(connection, &all).expect("a list");
        let search = searchable(search);
        let holds = |text: &str| searchable(text).contains(&search);
        let matching = all.into_iter().filter(|product| {
            let texts = [&product.name, &product.description, &product.supplier];
            texts.into_iter().chain(&product.code).any(|text| holds(text))
        });
        matching.map(|product| product.id).take(wanted.count).collect()
    }

    #[test]
    fn every_way_finds_what_a_look_into_every_text_finds() {
        let connection = shop();
        // Sorted, walked along, and walked along for nothing.
        let bounds = [(1000, 1000), (0, 1000), (0, 5)]
            .map(|(sorted_max, walked_max)| Bounds { sorted_max, walked_max });
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
                            let found = within(bounds, &connection, (&wanted, &wanted_text));
                            assert_eq!(found.expect("a page"), expected, "{search:?} {wanted:?}");
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
        let found = |search| matching(&connection, &wanted, search).expect("a list");
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
}
