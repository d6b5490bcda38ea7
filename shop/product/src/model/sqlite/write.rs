//! Changes in SQL: few statements, and one for all changes of a product's stock in a batch.

use std::collections::BTreeMap;

use contracts::{
    picture::Picture,
    product::{Added, Changed},
};
use kernel::{Position, text::searchable};
use rusqlite::{Error, Result, Transaction, params};
use uuid::Uuid;

use crate::model::{Change, Created, StockMoved, What, name_key};

/// What a batch does to the stock of products, and where it did so last.
type Moves = BTreeMap<Uuid, (StockMoved, Position)>;

pub(super) fn all(tx: &Transaction<'_>, changes: &[Change]) -> Result<()> {
    let mut moves = Moves::new();
    for change in changes {
        one(tx, change, &mut moves)?;
        if let Some(created) = &change.created {
            remember(tx, created, change.position)?;
        }
    }
    // Differences add up in any order, so they can come last and together.
    move_stock(tx, &moves)
}

fn one(tx: &Transaction<'_>, change: &Change, moves: &mut Moves) -> Result<()> {
    let position = change.position;
    let mut moved = |product: Uuid, units: StockMoved| {
        let entry = moves.entry(product).or_default();
        entry.0 += units;
        entry.1 = position;
    };
    match &change.what {
        What::ProductAdded(added) => {
            moved(added.product, StockMoved::received(added.units));
            add(tx, added, position)
        }
        What::ProductChanged(product, changed) => {
            moved(*product, StockMoved::received(changed.units_change));
            edit(tx, *product, changed)
        }
        What::ProductDeleted(product, units) => {
            moved(*product, *units);
            let sql = "UPDATE product SET listed = 0, revision = revision + 1 WHERE id = ?1";
            run(tx, sql, [product.as_bytes()])
        }
        What::Stock(product, units) => {
            moved(*product, *units);
            Ok(())
        }
        What::CategoryAdded { category, name } | What::CategoryRenamed { category, name } => {
            let sql = "INSERT OR REPLACE INTO category VALUES (?1, ?2, ?3, ?4)";
            run(tx, sql, params![category.as_bytes(), name, name_key(name), searchable(name)])
        }
        What::CategoryDeleted(category) => {
            run(tx, "DELETE FROM category WHERE id = ?1", [category.as_bytes()])
        }
        What::LowStockSet(units) => {
            run(tx, "INSERT OR REPLACE INTO low_stock VALUES (1, ?1)", [units])
        }
    }
}

fn run(tx: &Transaction<'_>, sql: &str, values: impl rusqlite::Params) -> Result<()> {
    tx.prepare_cached(sql)?.execute(values).map(drop)
}

/// A deleted product may come back: its revisions go on, and so does its stock. One that is listed cannot be added: it would have no revision.
fn add(tx: &Transaction<'_>, added: &Added, position: Position) -> Result<()> {
    let Added { product, code, name, description, supplier, category, price, currency, units: _ } =
        added;
    run(
        tx,
        "INSERT INTO product (id, code, name, description, supplier, category, price, currency, revision, added, listed, name_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, 1, ?10)
         ON CONFLICT (id) DO UPDATE SET
             code = excluded.code, name = excluded.name, description = excluded.description,
             supplier = excluded.supplier, category = excluded.category, price = excluded.price,
             currency = excluded.currency, picture = NULL, revision = CASE listed WHEN 0 THEN revision + 1 END, added = excluded.added,
             listed = 1,
             name_key = excluded.name_key",
        params![
            product.as_bytes(),
            code,
            name,
            description,
            supplier,
            category.as_bytes(),
            price.minor(),
            currency,
            position.0,
            name_key(name),
        ],
    )?;
    let sql =
        "INSERT INTO stock (product, changed) VALUES (?1, ?2) ON CONFLICT (product) DO NOTHING";
    run(tx, sql, params![product.as_bytes(), position.0])
}

fn edit(tx: &Transaction<'_>, product: Uuid, changed: &Changed) -> Result<()> {
    let Changed { name, description, supplier, category, price, picture, units_change: _ } =
        changed;
    let picture_after = picture.flatten().map(json).transpose()?;
    run(
        tx,
        "UPDATE product SET
             name = coalesce(?2, name), description = coalesce(?3, description), supplier = coalesce(?4, supplier),
             category = coalesce(?5, category), price = coalesce(?6, price), name_key = coalesce(?7, name_key),
             picture = CASE WHEN ?8 THEN ?9 ELSE picture END,
             revision = revision + 1
         WHERE id = ?1",
        params![
            product.as_bytes(),
            name,
            description,
            supplier,
            category.as_ref().map(Uuid::as_bytes),
            price.map(contracts::money::Money::minor),
            name.as_deref().map(name_key),
            picture.is_some(),
            picture_after,
        ],
    )
}

/// What is never searched needs no columns of its own.
fn json(picture: Picture) -> Result<String> {
    serde_json::to_string(&picture).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

fn move_stock(tx: &Transaction<'_>, moves: &Moves) -> Result<()> {
    let mut update = tx.prepare_cached(
        "UPDATE stock SET received = received + ?2, on_hand = on_hand + ?3, reserved = reserved + ?4,
             available = available + ?5, sold = sold + ?6, changed = ?7
         WHERE product = ?1",
    )?;
    for (product, (moved, at)) in moves {
        let StockMoved { received, on_hand, reserved, available, sold } = moved;
        update.execute(params![
            product.as_bytes(),
            received,
            on_hand,
            reserved,
            available,
            sold,
            at.0
        ])?;
    }
    Ok(())
}

fn remember(tx: &Transaction<'_>, created: &Created, position: Position) -> Result<()> {
    let Created { key, request, subject } = created;
    let sql = "INSERT OR REPLACE INTO creation VALUES (?1, ?2, ?3, ?4)";
    run(tx, sql, params![key.as_bytes(), request.as_bytes(), subject.as_bytes(), position.0])
}
