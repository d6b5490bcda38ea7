//! Searching texts.
//!
//! ```text
//!                               few ─▶ all of them, sorted
//!  grams ─▶ the index ─▶ which ─┤
//!                               many ─▶ along the order wanted, looking into the texts of those only ─▶ a page
//!                                                             └─▶ many texts without it: the page so far, and where to go on
//! ```
//! What matches the index nearly always holds the text. Of few all are known at once; of many, a page is full after a few steps
//! along the order, or after many steps past products that do not match, each of which costs next to nothing.

use rusqlite::{CachedStatement, Connection, Result, Row};
use uuid::Uuid;

use super::{
    grams,
    query::{Page, Select, key, uuid},
};
use crate::model::{Cursor, Products, Sort};

/// How much is done for one page.
#[derive(Clone, Copy)]
struct Bounds {
    /// Matches that are sorted to find the first.
    sorted: usize,
    /// Products whose texts are looked into before it is known which match: where most do, that is not needed.
    blind: usize,
    /// Texts looked into for nothing.
    missed: usize,
    /// Products walked past.
    walked: usize,
}

const BOUNDS: Bounds = Bounds { sorted: 1_500, blind: 400, missed: 1_000, walked: 100_000 };

/// The products in whose texts `search` stands, in the order wanted. A snapshot is open.
pub(super) fn matching(connection: &Connection, wanted: &Products, search: &str) -> Result<Page> {
    within(BOUNDS, connection, (wanted, search))
}

fn within(
    bounds: Bounds,
    connection: &Connection,
    (wanted, search): (&Products, &str),
) -> Result<Page> {
    let grams = grams::query(search);
    let mut texts = Texts::new(connection, search)?;
    let few = numbers(connection, &grams, bounds.sorted + 1)?;
    if few.len() <= bounds.sorted {
        return sorted(connection, wanted, (&few, &mut texts));
    }
    let Some(category) = wanted.category else {
        return walked(bounds, connection, (wanted, &grams, None), texts);
    };
    let mut which = Bits::of(&numbers(connection, &grams, usize::MAX)?);
    let of_category = of_category(connection, category)?;
    let few: Vec<i64> = of_category.into_iter().filter(|number| which.has(*number)).collect();
    if few.len() <= bounds.sorted {
        return sorted(connection, wanted, (&few, &mut texts));
    }
    which = Bits::of(&few);
    walked(bounds, connection, (wanted, &grams, Some(which)), texts)
}

/// Products that the index finds, by number; `at_most` so many.
fn numbers(connection: &Connection, grams: &str, at_most: usize) -> Result<Vec<i64>> {
    let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
    let sql = "SELECT rowid FROM product_gram WHERE product_gram MATCH ?1 LIMIT ?2";
    let mut query = connection.prepare_cached(sql)?;
    query.query_map((grams, at_most), |row| row.get(0))?.collect()
}

fn of_category(connection: &Connection, category: Uuid) -> Result<Vec<i64>> {
    let sql = "SELECT number FROM product WHERE category = ?1 AND listed = 1";
    let mut query = connection.prepare_cached(sql)?;
    query.query_map([category.as_bytes()], |row| row.get(0))?.collect()
}

/// All of `numbers` in whose texts it stands, sorted; a page of them.
fn sorted(
    connection: &Connection,
    wanted: &Products,
    (numbers, texts): (&[i64], &mut Texts<'_, '_>),
) -> Result<Page> {
    let key = wanted.after.as_ref().map(key);
    let stock = match wanted.sort {
        Sort::Available | Sort::Scarce => "CROSS JOIN stock s ON s.product = p.id",
        Sort::Name | Sort::Price | Sort::PriceDown | Sort::Newest => "",
    };
    let mut select = Select::new(&format!(
        "SELECT p.id, p.number FROM json_each(:numbers) n CROSS JOIN product p ON p.number = n.value {stock}
         WHERE p.listed = 1"
    ));
    let numbers = serde_json::to_string(numbers).unwrap_or_default();
    select.values.push((":numbers", &numbers));
    select.narrow(wanted, key.as_ref());
    let mut query = connection.prepare_cached(&select.sql)?;
    let (mut rows, mut ids) = (query.query(&*select.values)?, Vec::new());
    while ids.len() < wanted.count
        && let Some(row) = rows.next()?
    {
        if texts.hold(row.get(1)?)? {
            ids.push(uuid(row, 0)?);
        }
    }
    Ok(Page { ids, stopped: None })
}

/// A page of those that match, met along the order wanted. The index that leads has all that is needed to walk past a product.
fn walked(
    bounds: Bounds,
    connection: &Connection,
    (wanted, grams, mut which): (&Products, &str, Option<Bits>),
    mut texts: Texts<'_, '_>,
) -> Result<Page> {
    let key = wanted.after.as_ref().map(key);
    let mut select = Select::new(match wanted.sort {
        Sort::Available | Sort::Scarce => {
            "SELECT s.product, s.number, s.available FROM stock s WHERE true"
        }
        Sort::Name => "SELECT p.id, p.number, p.name_key FROM product p WHERE p.listed = 1",
        Sort::Price | Sort::PriceDown => {
            "SELECT p.id, p.number, p.price FROM product p WHERE p.listed = 1"
        }
        Sort::Newest => "SELECT p.id, p.number, p.added FROM product p WHERE p.listed = 1",
    });
    select.along(wanted, key.as_ref());
    let mut query = connection.prepare_cached(&select.sql)?;
    let mut rows = query.query(&*select.values)?;
    let (mut ids, mut walked, mut missed) = (Vec::new(), 0, 0);
    while ids.len() < wanted.count
        && let Some(row) = rows.next()?
    {
        if walked == bounds.blind && which.is_none() {
            which = Some(Bits::of(&numbers(connection, grams, usize::MAX)?));
        }
        walked += 1;
        let number = row.get(1)?;
        let looked_into = which.as_ref().is_none_or(|which| which.has(number));
        if looked_into && texts.hold(number)? {
            ids.push(uuid(row, 0)?);
        } else if looked_into {
            missed += 1;
        }
        if missed == bounds.missed || walked == bounds.walked {
            let stopped =
                (ids.len() < wanted.count).then(|| place(wanted.sort, row)).transpose()?;
            return Ok(Page { ids, stopped });
        }
    }
    Ok(Page { ids, stopped: None })
}

/// Where a product walked past is in the order.
fn place(sort: Sort, row: &Row<'_>) -> Result<Cursor> {
    let id = uuid(row, 0)?;
    Ok(match sort {
        Sort::Name => Cursor::Name(row.get(2)?, id),
        Sort::Price => Cursor::Price(row.get(2)?, id),
        Sort::PriceDown => Cursor::PriceDown(row.get(2)?, id),
        Sort::Newest => Cursor::Newest(row.get(2)?, id),
        Sort::Available => Cursor::Available(row.get(2)?, id),
        Sort::Scarce => Cursor::Scarce(row.get(2)?, id),
    })
}

/// A set of products by number: they are counted up from one.
struct Bits(Vec<u64>);

impl Bits {
    fn of(numbers: &[i64]) -> Self {
        let mut words = Vec::new();
        for number in numbers {
            let Ok(number) = usize::try_from(*number) else { continue };
            if words.len() <= number / 64 {
                words.resize(number / 64 + 1, 0);
            }
            if let Some(word) = words.get_mut(number / 64) {
                *word |= 1 << (number % 64);
            }
        }
        Self(words)
    }

    fn has(&self, number: i64) -> bool {
        let Ok(number) = usize::try_from(number) else { return false };
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}

/// The texts of products, and what is looked for in them.
struct Texts<'connection, 'search> {
    query: CachedStatement<'connection>,
    search: &'search str,
}

impl<'connection, 'search> Texts<'connection, 'search> {
    fn new(connection: &'connection Connection, search: &'search str) -> Result<Self> {
        let query =
            connection.prepare_cached("SELECT search FROM product_text WHERE number = ?1")?;
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
    fn whole(
        bounds: Bounds,
        connection: &Connection,
        wanted: &Products,
        search: &str,
    ) -> Vec<Uuid> {
        let (mut wanted, mut all) = (wanted.clone(), Vec::new());
        loop {
            let Page { ids, stopped } =
                within(bounds, connection, (&wanted, search)).expect("a page");
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
}
