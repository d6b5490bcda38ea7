//! `agora bench` against the stub, running and as a process that it starts.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;

use crate::{
    run::{Ran, agora, folder, output, program},
    stub::{Fault, PASSWORD, Stub},
};

const SMALL: [&str; 9] = [
    "bench",
    "--json",
    "--orders=60",
    "--products=5",
    "--customers=3",
    "--concurrency=8",
    "--single=4",
    "--hot=0.8",
    "--seed=7",
];

#[tokio::test]
async fn the_result_has_every_figure_that_a_machine_looks_for() {
    let stub = Stub::start().await;
    let args = SMALL.into_iter().chain(["--ops-url", &stub.url]);
    let result = agora(&stub, args).await.expect_code(0).json();
    assert_figures(&result);
    assert_eq!(stub.shop().orders.len(), 64);
}

fn assert_figures(result: &Value) {
    assert!(result["orders_per_s"].as_f64() > Some(0.0), "{result}");
    for distribution in ["accepted_ms", "final_ms", "single_accepted_ms", "single_ms"] {
        let at = |quantile: &str| result[distribution][quantile].as_f64().expect("a number");
        assert!(0.0 < at("p50") && at("p50") <= at("p90") && at("p90") <= at("p99"), "{result}");
        assert!(at("p99") <= at("max") * 1.001, "{result}");
    }
    assert_eq!(result["server"]["cpu_s"], 0.0, "the stub's processor stands still");
    assert_eq!(result["server"]["resident_bytes"], 6.5e7);
    assert_eq!(result["outcomes"][0]["status"], "Finalized");
    assert_eq!(
        (&result["outcomes"][0]["orders"], &result["orders"]),
        (&Value::from(60), &Value::from(60))
    );
    assert_eq!((&result["refused"], &result["unfinished"]), (&Value::from(0), &Value::from(0)));
}

#[tokio::test]
async fn the_hot_product_gets_its_share_and_the_same_seed_the_same_orders() {
    let mut sequences = Vec::new();
    for _ in 0..2 {
        let stub = Stub::start().await;
        let args = [
            "bench",
            "--json",
            "--orders=200",
            "--products=20",
            "--customers=3",
            "--concurrency=1",
            "--hot=0.8",
        ];
        agora(&stub, args).await.expect_code(0);
        let shop = stub.shop();
        let hot = &shop.products["bench-1"]["ProductId"];
        let share = shop.orders.iter().filter(|order| order["ProductId"] == *hot).count();
        assert!((140..=180).contains(&share), "{share} of 200");
        let wanted = |order: &Value| (order["ProductName"].clone(), order["UserName"].clone());
        sequences.push(shop.orders.iter().map(wanted).collect::<Vec<_>>());
    }
    assert_eq!(sequences[0], sequences[1]);
}

#[tokio::test]
async fn an_open_loop_counts_what_a_busy_shop_refuses_and_repeats_nothing() {
    let stub = Stub::start().await;
    stub.shop().faults.extend([("/place-order", Fault::Busy); 3]);
    stub.shop().faults.extend([("/place-order", Fault::AnswerLost); 2]);
    let args = ["bench", "--json", "--orders=50", "--products=5", "--customers=3", "--series"];
    let args = args.into_iter().chain(["--open-loop=1000", "--zipf=1", "--ops-url", &stub.url]);
    let result = agora(&stub, args).await.expect_code(0).json();
    let placed = |(method, path, _): &&(String, String, String)| {
        method == "POST" && path == "/order/place-order"
    };
    assert_eq!(stub.shop().requests.iter().filter(placed).count(), 50, "each is sent once");
    let count = |name: &str| result[name].as_u64().expect("a count");
    assert_eq!((count("busy"), count("unanswered"), count("unsent")), (3, 2, 0), "{result}");
    assert_eq!((count("orders"), count("unfinished")), (45, 0), "{result}");
    let series = result["series"].as_array().expect("it was asked for");
    let sum = |name: &str| series.iter().filter_map(|second| second[name].as_u64()).sum::<u64>();
    assert_eq!((sum("offered"), sum("accepted")), (50, 45), "{result}");
    assert_eq!((sum("busy"), sum("ended")), (3, 45), "{result}");
}

#[tokio::test]
async fn with_a_skew_the_first_product_and_customer_are_the_most_popular() {
    let stub = Stub::start().await;
    let args = ["bench", "--json", "--orders=300", "--products=20", "--customers=20", "--zipf=1"];
    agora(&stub, args).await.expect_code(0);
    let shop = stub.shop();
    let orders = |field: &str, name: &str| {
        shop.orders.iter().filter(|order| order[field].as_str() == Some(name)).count()
    };
    // Of the sum 1 + 1/2 + … + 1/20 the first has 0.28, the last 0.014.
    for (field, kind) in [("ProductName", "Bench product "), ("UserName", "bench-")] {
        let [first, last] = [1, 20].map(|number| orders(field, &format!("{kind}{number}")));
        assert!((55..=115).contains(&first) && last < 20, "{field}: {first}, {last}");
    }
}

/// A program that says it is ready at the stub, and stops when asked to.
fn stand_in(dir: &Path, stub: &Stub) -> std::path::PathBuf {
    let url = &stub.url;
    let dir_shown = dir.display();
    script(
        dir,
        &format!(
            "echo \"$@\" > {dir_shown}/args\n\
         trap 'touch {dir_shown}/stopped; exit 0' TERM\n\
         echo starting\n\
         echo '{{\"gateway\":\"{url}\",\"ops\":\"{url}\",\"data\":\"d\"}}'\n\
         while :; do sleep 0.01; done\n"
        ),
    )
}

fn script(dir: &Path, body: &str) -> std::path::PathBuf {
    let path = dir.join("shop");
    fs::write(&path, format!("#!/bin/sh\n{body}")).expect("writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("ours");
    path
}

async fn bench_with(program_path: &Path, data: &Path) -> Ran {
    let mut command = program();
    command.args(SMALL).arg("--program").arg(program_path).arg("--data").arg(data);
    output(command.env("PATH", "/usr/bin:/bin")).await
}

#[tokio::test]
async fn without_an_address_a_fresh_shop_is_started_and_stopped_and_its_data_removed() {
    let stub = Stub::start().await;
    let (dir, data) = (folder(&[]), folder(&[]));
    stub.shop().any_password = true;
    let ran = bench_with(&stand_in(dir.path(), &stub), data.path()).await.expect_code(0);
    assert_figures(&ran.json());
    let args = fs::read_to_string(dir.path().join("args")).expect("it was started");
    assert!(
        args.starts_with("up --json --listen 127.0.0.1:0 --ops-listen 127.0.0.1:0 --data "),
        "{args}"
    );
    assert!(dir.path().join("stopped").exists(), "it was asked to stop, and waited for");
    assert_eq!(
        fs::read_dir(data.path()).expect("it is there").count(),
        0,
        "nothing is left behind"
    );
    assert_ne!(stub.shop().logged_in_with, PASSWORD, "a password of its own");
}

#[tokio::test]
async fn a_fresh_shop_that_does_not_start_is_quoted() {
    let (dir, data) = (folder(&[]), folder(&[]));
    let shop = script(dir.path(), "echo 'the port is taken' >&2\nexit 1\n");
    let ran = bench_with(&shop, data.path()).await.expect_code(1);
    assert!(
        ran.stderr.ends_with("did not become ready; its output:\nthe port is taken\n"),
        "{ran:?}"
    );
}
