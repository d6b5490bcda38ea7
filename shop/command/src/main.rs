//! The command: runs the whole shop, or any part of it, and contains the operator's tools.

mod backup;
mod bench;
mod cli;
mod client;
mod completions;
mod config;
mod copy;
mod data_folder;
mod drill;
mod engines;
mod events;
mod figures;
mod health;
mod id;
mod import;
mod inbox;
mod keys;
mod live_model;
mod load;
mod logging;
mod login;
mod models;
mod order;
mod order_log;
mod outcome;
mod parts;
#[cfg(feature = "rabbitmq")]
mod patience;
mod process;
mod random;
mod rebuild;
mod replay;
mod rows;
mod run;
mod serve;
mod shop;
mod show_config;
mod status;
mod stopped;
mod store;
mod term;
mod top;
mod up;
mod upgrade;
mod values;
mod why;

use std::process::ExitCode;

/// Many small allocations in many tasks: measured to be faster and smaller than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    process::begins();
    cli::run()
}
