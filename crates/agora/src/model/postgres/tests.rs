//! Tables on a server that is far away.

use std::time::Duration;

use kernel::Position;
use runtime::ReadModel as _;
use servers::{Postgres, Proxy};

use super::Tables;
use crate::{Changes, Schema};

/// What every packet takes, in each direction.
const DELAY: Duration = Duration::from_millis(5);
/// One by one they would take longer than a call may.
const STATEMENTS: u32 = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_changes_takes_few_round_trips_to_a_server_far_away() {
    let server = Postgres::start().expect("PostgreSQL");
    let far = Proxy::to(server.port()).expect("a proxy");
    let url = server.url().replace(&server.port().to_string(), &far.port().to_string());
    let schema = Schema::new(1, "CREATE TABLE sum (number BIGINT PRIMARY KEY, of BIGINT NOT NULL)");
    let tables = Tables::open("sums", &url, schema).await.expect("the server answers");
    let (mut changes, mut last) = (Changes::default(), 0);
    for number in 0..STATEMENTS {
        changes.execute("INSERT INTO sum VALUES (?1, 1)", [number]);
        // In order: each follows from the one before.
        let add =
            "UPDATE sum SET of = of + (SELECT of FROM sum WHERE number = ?2) WHERE number = ?1";
        changes.execute(add, [number, last]);
        last = number;
    }
    far.delay(DELAY);
    let before = far.round_trips();
    tables.apply(Position(0), &[changes], Position(1000)).await.expect("in time");
    let taken = far.round_trips() - before;
    assert!(taken < 100, "{taken} round trips for {STATEMENTS} events");
    let wanted = "SELECT count(*) AS n, sum(of)::bigint AS s FROM sum";
    let rows = tables.query(wanted, Vec::new()).await.expect("rows");
    // The nth comes to n + 2.
    let sum = i64::from(STATEMENTS) * i64::from(STATEMENTS + 3) / 2;
    assert_eq!((&rows[0]["n"], &rows[0]["s"]), (&STATEMENTS.into(), &sum.into()));
}
