//! The monolith: one PostgreSQL transaction an order takes stock and credit and records order and invoice.
//!
//! No HTTP, no prices to look up, no foreign keys: what an order costs at least. The load is `pgbench`'s.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use servers::Postgres;
use tempfile::NamedTempFile;

use super::{CUSTOMERS, IN_FLIGHT, PRODUCTS, database::Database};
use crate::contest::Turn;

/// Of every product, as in `agora bench`.
const PRICE: u64 = 100;

pub(super) struct Monolith<'d> {
    database: &'d Database,
    pgbench: PathBuf,
    script: NamedTempFile,
    /// Of each client.
    transactions: u32,
}

impl<'d> Monolith<'d> {
    pub(super) fn new(database: &'d Database, orders: u32) -> anyhow::Result<Self> {
        let script = NamedTempFile::new()?;
        fs::write(script.path(), self::script())?;
        let transactions = orders.div_ceil(IN_FLIGHT);
        Ok(Self { database, pgbench: Postgres::program("pgbench")?, script, transactions })
    }

    pub(super) fn turn(&self) -> anyhow::Result<Turn> {
        let orders = self.transactions * IN_FLIGHT;
        self.database.execute(&schema(orders))?;
        let busy = self.database.busy()?;
        let mut command = Command::new(&self.pgbench);
        command.args(["--no-vacuum", "--protocol", "prepared", "--jobs", "2"]);
        command.args(["--client", &IN_FLIGHT.to_string()]);
        command.args(["--transactions", &self.transactions.to_string(), "--file"]);
        command.arg(self.script.path()).arg(self.database.server().url());
        let output = command.stdin(Stdio::null()).output().context("pgbench cannot be started")?;
        ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
        let busy = self.database.busy()?.saturating_sub(busy);
        let reached = parse(&String::from_utf8_lossy(&output.stdout), u64::from(orders))?;
        self.database.execute(&[checks(orders)])?;
        Ok(Turn { per_second: reached, busy_each: Some(busy / orders) })
    }
}

/// One statement each, since some of them cannot share a transaction. There is enough stock and credit for all orders.
fn schema(orders: u32) -> Vec<String> {
    let credit = u64::from(orders) * PRICE;
    [
        "DROP TABLE IF EXISTS product, customer, orders, invoice",
        "CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL, price bigint NOT NULL,
             available bigint NOT NULL CHECK (available >= 0))",
        "CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL,
             credit bigint NOT NULL CHECK (credit >= 0))",
        "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int NOT NULL,
             product int NOT NULL, quantity int NOT NULL, price bigint NOT NULL,
             placed timestamptz NOT NULL DEFAULT now(), status smallint NOT NULL)",
        "CREATE TABLE invoice (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
             order_id bigint NOT NULL UNIQUE, amount bigint NOT NULL,
             issued timestamptz NOT NULL DEFAULT now())",
        &format!(
            "INSERT INTO product SELECT id, 'Bench product ' || id, {PRICE}, {orders}
             FROM generate_series(1, {PRODUCTS}) id"
        ),
        &format!(
            "INSERT INTO customer SELECT id, 'Bench customer ' || id, {credit}
             FROM generate_series(1, {CUSTOMERS}) id"
        ),
        "VACUUM ANALYZE product",
        "VACUUM ANALYZE customer",
        "CHECKPOINT",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// An order in `pgbench`'s language. Rows are locked in the same order each time, so there are no deadlocks.
fn script() -> String {
    format!(
        "\\set product random(1, {PRODUCTS})
\\set customer random(1, {CUSTOMERS})
BEGIN;
UPDATE product SET available = available - 1 WHERE id = :product AND available >= 1;
UPDATE customer SET credit = credit - {PRICE} WHERE id = :customer AND credit >= {PRICE};
INSERT INTO orders (customer, product, quantity, price, status)
    VALUES (:customer, :product, 1, {PRICE}, 3) RETURNING id \\gset
INSERT INTO invoice (order_id, amount) VALUES (:id, {PRICE});
COMMIT;
"
    )
}

/// Fails unless every order took a unit and its price, and has its invoice.
fn checks(orders: u32) -> String {
    let left = |each: u64, of: u32| each * u64::from(orders) * (u64::from(of) - 1);
    let (stock, credit) = (left(1, PRODUCTS), left(PRICE, CUSTOMERS));
    format!(
        "DO $$ BEGIN
             ASSERT (SELECT count(*) FROM orders) = {orders};
             ASSERT (SELECT count(*) FROM invoice) = {orders};
             ASSERT (SELECT sum(available) FROM product) = {stock};
             ASSERT (SELECT sum(credit) FROM customer) = {credit};
         END $$"
    )
}

/// Transactions per second, if all were done.
fn parse(report: &str, orders: u64) -> anyhow::Result<f64> {
    let after = |name: &str| report.lines().find_map(|line| line.trim().strip_prefix(name));
    let word = |name: &str| {
        let word = after(name).and_then(|rest| rest.split_whitespace().next());
        word.with_context(|| format!("pgbench did not report {name:?}: {report}"))
    };
    let done = word("number of transactions actually processed:")?;
    let done: u64 = done.split('/').next().unwrap_or_default().parse()?;
    if done != orders {
        bail!("pgbench did {done} of {orders} transactions");
    }
    Ok(word("tps =")?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "pgbench (15.14 (Debian 15.14-0+deb12u1))
transaction type: /tmp/x
scaling factor: 1
query mode: prepared
number of clients: 64
number of threads: 2
maximum number of tries: 1
number of transactions per client: 312
number of transactions actually processed: 19968/19968
number of failed transactions: 0 (0.000%)
latency average = 17.6 ms
initial connection time = 80.1 ms
tps = 3588.123456 (without initial connection time)
";

    #[test]
    fn the_rate_is_found_in_a_report() {
        assert!((parse(REPORT, 19_968).unwrap() - 3_588.123_456).abs() < 1e-9);
    }

    #[test]
    fn a_run_that_did_less_is_no_figure() {
        let error = parse(REPORT, 20_000).unwrap_err();
        assert_eq!(error.to_string(), "pgbench did 19968 of 20000 transactions");
        assert!(parse("tps = 5", 1).is_err());
    }

    #[test]
    fn an_order_is_one_transaction_of_stock_credit_order_and_invoice() {
        let script = script();
        let place = |text: &str| script.find(text).unwrap();
        let steps = [
            "BEGIN;",
            "UPDATE product",
            "UPDATE customer",
            "INTO orders",
            "INTO invoice",
            "COMMIT;",
        ];
        assert!(steps.map(place).is_sorted());
        assert_eq!(script.matches("COMMIT;").count(), 1);
    }
}
