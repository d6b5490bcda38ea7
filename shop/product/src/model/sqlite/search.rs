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
    select::{Page, Select, key, uuid},
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
    within(BOUNDS, connection, wanted, search)
}

fn within(
    bounds: Bounds,
    connection: &Connection,
    wanted: &Products,
    search: &str,
) -> Result<Page> {
    let grams = grams::query(search);
    let mut texts = Texts::new(connection, search)?;
    let few = numbers(connection, &grams, bounds.sorted + 1)?;
    if few.len() <= bounds.sorted {
        return sorted(connection, wanted, &few, &mut texts);
    }
    let Some(category) = wanted.category else {
        return walked(connection, Walk { bounds, wanted, grams: &grams, which: None }, texts);
    };
    let which = Bits::of(&numbers(connection, &grams, usize::MAX)?);
    let of_category = of_category(connection, category)?;
    let few: Vec<i64> = of_category.into_iter().filter(|number| which.has(*number)).collect();
    if few.len() <= bounds.sorted {
        return sorted(connection, wanted, &few, &mut texts);
    }
    let which = Some(Bits::of(&few));
    walked(connection, Walk { bounds, wanted, grams: &grams, which }, texts)
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
    numbers: &[i64],
    texts: &mut Texts<'_, '_>,
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

/// A way along the order wanted, past products that do not match.
struct Walk<'a> {
    bounds: Bounds,
    wanted: &'a Products,
    grams: &'a str,
    /// Those that may match, once they are known.
    which: Option<Bits>,
}

/// A page of those that match, met along the order wanted. The index that leads has all that is needed to walk past a product.
fn walked(connection: &Connection, walk: Walk<'_>, mut texts: Texts<'_, '_>) -> Result<Page> {
    let Walk { bounds, wanted, grams, mut which } = walk;
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
mod tests;
