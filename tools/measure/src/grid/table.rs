//! A grid as a table in Markdown, which is also read as it is printed.

use crate::shop::Measured;

/// What was measured at one place of the grid.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) products: u32,
    pub(crate) in_flight: u32,
    /// Recorded when the orders began.
    pub(crate) events: u64,
    pub(crate) measured: Measured,
}

pub(super) const HEAD: &str = "\
| products | recorded events | in flight | orders/s | processor ms/order | memory MiB | p50 ms | p99 ms |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

pub(super) fn row(cell: &Cell) -> String {
    let Cell { products, in_flight, events, measured } = cell;
    let busy = measured.busy_each() * 1e3;
    let memory = measured.server.resident_bytes / f64::from(1 << 20);
    let (p50, p99) = measured.final_ms.map_or((0.0, 0.0), |latency| (latency.p50, latency.p99));
    format!(
        "| {products} | {events} | {in_flight} | {:.0} | {busy:.2} | {memory:.0} | {p50:.1} | {p99:.1} |",
        measured.orders_per_s
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::shop::{Latency, Server};

    pub(in crate::grid) fn cell(products: u32, in_flight: u32, orders_per_s: f64) -> Cell {
        let measured = Measured {
            orders: 1000,
            orders_per_s,
            final_ms: Some(Latency { p50: 20.0, p99: 45.5 }),
            server: Server { cpu_s: 0.5, resident_bytes: 104_857_600.0 },
            unfinished: 0,
            position: Some(108_000),
        };
        Cell { products, in_flight, events: 100_000, measured }
    }

    #[test]
    fn a_row_has_as_many_columns_as_the_head() {
        let row = row(&cell(1000, 64, 2500.4));
        assert_eq!(row, "| 1000 | 100000 | 64 | 2500 | 0.50 | 100 | 20.0 | 45.5 |");
        assert!(HEAD.lines().all(|line| line.matches('|').count() == row.matches('|').count()));
    }
}
