//! The project's own benches in one run: the engine's, then the whole shop's.

use crate::run::{cargo, must, say};

pub(super) fn run(orders: u64) -> anyhow::Result<()> {
    must(&mut cargo(&["build", "--release", "-p", "command", "--features", "full"]))?;
    say("── the storage engine");
    must(&mut cargo(&["bench", "-p", "eventlog"]))?;
    let shop = |title: &str, args: &[&str]| {
        say(&format!("── {title}"));
        let base =
            ["run", "--quiet", "--release", "-p", "command", "--features", "full", "--", "bench"];
        let all: Vec<&str> = base.iter().chain(args).copied().collect();
        must(&mut cargo(&all))
    };
    let bench = |name: &str| {
        let command = ["bench", "--quiet", "-p", "command", "--features", "full", "--bench"];
        must(cargo(&command).arg(name))
    };
    let orders = orders.to_string();
    shop("whole orders, 64 in flight, 1,000 products", &["--orders", &orders])?;
    shop(
        "the same with 80 % of the orders on one product",
        &["--orders", &orders, "--hot", "0.8"],
    )?;
    shop("one order alone", &["--orders", "0", "--single", "500"])?;
    say("── start, reads, memory");
    bench("shop")?;
    say("── the same services, distributed");
    bench("distributed")?;
    say("── pages of the websites, with 9,000 products");
    must(&mut cargo(&["bench", "--quiet", "-p", "storefront"]))
}
