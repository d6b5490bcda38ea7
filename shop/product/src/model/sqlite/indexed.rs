//! The index of products beside the tables: what has changed in them is read into it before the next search.
//!
//! ```text
//!  write ─▶ written ── commit ─▶ changed ─▶ read into the index by the next search
//!              └── rolled back: forgotten with the next write
//! ```

use std::{
    collections::BTreeSet,
    sync::{Mutex, RwLock},
};

use contracts::money::Money;
use kernel::{Position, sync};
use rusqlite::{Connection, Result, Row};
use uuid::Uuid;

use super::select::uuid;
use crate::model::{
    Change, ProductQuery, What,
    search::{Amounts, Document, Hits, Index},
};

const PRODUCTS: &str = "SELECT p.id, p.revision, p.category, p.price, p.added, s.available, s.sold,
         p.code, p.name, p.supplier, p.description
     FROM product p CROSS JOIN stock s ON s.product = p.id WHERE p.listed = 1";

/// The index, and what it does not have yet.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    index: RwLock<Index>,
    /// By the transaction that runs.
    written: Mutex<Touched>,
    /// By all transactions before.
    changed: Mutex<Touched>,
}

/// What has to be read again. At first, that is everything.
#[derive(Debug)]
struct Touched {
    all: bool,
    categories: bool,
    /// At most all that there are.
    products: BTreeSet<Uuid>,
}

impl Indexed {
    /// These changes are in a transaction.
    pub(super) fn written(&self, changes: &[Change]) {
        *sync::lock(&self.written) = Touched::by(changes);
    }

    /// The transaction is committed. Without changes the model was emptied.
    pub(super) fn committed(&self) {
        let written = std::mem::replace(&mut *sync::lock(&self.written), Touched::NOTHING);
        let mut changed = sync::lock(&self.changed);
        changed.all |= written.is_nothing();
        changed.categories |= written.categories;
        changed.products.extend(written.products);
    }

    /// The products that match, as of everything committed.
    pub(super) fn find(&self, connection: &Connection, wanted: &ProductQuery) -> Result<Hits> {
        if !sync::lock(&self.changed).is_nothing() {
            self.catch_up(connection)?;
        }
        Ok(sync::read(&self.index).find(wanted))
    }

    /// Reads everything committed now.
    pub(super) fn warm(&self, connection: &Connection) -> Result<()> {
        self.catch_up(connection)
    }

    /// Others that search wait: they shall see as much.
    fn catch_up(&self, connection: &Connection) -> Result<()> {
        let mut index = sync::write(&self.index);
        let mut touched = std::mem::replace(&mut *sync::lock(&self.changed), Touched::NOTHING);
        touched.all |= index.is_worn();
        let caught_up = touched.read_into(&mut index, connection);
        if caught_up.is_err() {
            sync::lock(&self.changed).all = true;
        }
        caught_up
    }
}

impl Touched {
    const NOTHING: Self = Self { all: false, categories: false, products: BTreeSet::new() };

    fn by(changes: &[Change]) -> Self {
        let mut touched = Self::NOTHING;
        for change in changes {
            match &change.what {
                What::ProductAdded(added) => {
                    touched.products.insert(added.product);
                }
                What::ProductChanged(product, _)
                | What::ProductDeleted(product, _)
                | What::Stock(product, _) => {
                    touched.products.insert(*product);
                }
                What::CategoryAdded { .. }
                | What::CategoryRenamed { .. }
                | What::CategoryDeleted(_) => touched.categories = true,
                What::LowStockSet(_) => {}
            }
        }
        touched
    }

    fn is_nothing(&self) -> bool {
        !self.all && !self.categories && self.products.is_empty()
    }

    fn read_into(&self, index: &mut Index, connection: &Connection) -> Result<()> {
        if self.all {
            *index = Index::default();
            let mut query = connection.prepare_cached(PRODUCTS)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                put(index, row)?;
            }
        } else {
            let mut query = connection.prepare_cached(&format!("{PRODUCTS} AND p.id = ?1"))?;
            for product in &self.products {
                match query.query([product.as_bytes()])?.next()? {
                    Some(row) => put(index, row)?,
                    None => index.remove(*product),
                }
            }
        }
        if self.all || self.categories {
            let mut query = connection.prepare_cached("SELECT id, name FROM category")?;
            let named = query.query_map([], |row| Ok((uuid(row, 0)?, row.get(1)?)))?;
            index.name_categories(named.collect::<Result<_>>()?);
        }
        Ok(())
    }
}

impl Default for Touched {
    fn default() -> Self {
        Self { all: true, ..Self::NOTHING }
    }
}

fn put(index: &mut Index, row: &Row<'_>) -> Result<()> {
    let text = |column| Ok::<&str, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    index.put(&Document {
        id: uuid(row, 0)?,
        revision: row.get(1)?,
        category: uuid(row, 2)?,
        amounts: Amounts {
            price: Money::from_minor(row.get(3)?),
            added: Position(row.get(4)?),
            available: row.get(5)?,
            sold: row.get(6)?,
        },
        code: row.get_ref(7)?.as_str_or_null()?,
        name: text(8)?,
        supplier: text(9)?,
        description: text(10)?,
    });
    Ok(())
}
