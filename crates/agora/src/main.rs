//! The command: runs the whole shop, or any part of it, and holds the operator's tools.

mod bench;
mod cli;
mod client;
mod events;
mod import;
mod load;
mod order;
mod random;
mod replay;
mod rows;
mod shop;
mod term;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
