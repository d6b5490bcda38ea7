//! The project's own benches in one run: the engine's, then the whole shop's.

use super::{RELEASED, built};
use crate::run::{cargo, must, program, say};

pub(super) fn run(orders: u64) -> anyhow::Result<()> {
    must(cargo(&["build", "-p", "command", "--features", "full"]).args(RELEASED))?;
    say("── the storage engine");
    must(cargo(&["bench", "-p", "eventlog"]).args(RELEASED))?;
    let shop = |title: &str, args: &[&str]| {
        say(&format!("── {title}"));
        must(program(&built("agora"), &["bench"]).args(args))
    };
    let bench = |name: &str| {
        let command = ["bench", "--quiet", "-p", "command", "--features", "full", "--bench"];
        must(cargo(&command).arg(name).args(RELEASED))
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
    must(cargo(&["bench", "--quiet", "-p", "storefront"]).args(RELEASED))
}
