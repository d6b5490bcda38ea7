//! The frame around a system's `main`: the runtime, the log on the terminal, and an end that says what went wrong.

use std::{io::IsTerminal as _, process::ExitCode, time::Duration};

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    registry,
    util::SubscriberInitExt as _,
};

/// How long blocking work may continue after the end.
const LINGER: Duration = Duration::from_secs(1);

/// Runs a system to its end, with what it logs on standard error (`RUST_LOG` says how much: a level, and exceptions
/// by crate such as `info,web=debug`) and its error in one line.
pub fn run(system: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|wanted| wanted.parse().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = log.with_ansi(std::io::stderr().is_terminal());
    // A subscriber that the program has set already stays.
    drop(registry().with(filter).with(log).try_init());
    runtime::descriptors::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let outcome = runtime.block_on(system);
        runtime.shutdown_timeout(LINGER);
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A whole `main`: opens the system of that name, puts its routes together, and answers at `address` until it is asked to stop. See
/// [`System::open`](crate::System::open) and [`System::serve`](crate::System::serve).
#[cfg(feature = "http")]
pub fn serve<R: Into<utoipa_axum::router::OpenApiRouter>>(
    name: &'static str,
    assemble: impl AsyncFnOnce(&crate::System) -> anyhow::Result<R>,
    address: &str,
) -> ExitCode {
    run(async {
        let system = crate::System::open(name).await?;
        let routes = assemble(&system).await?;
        system.serve(routes, address).await
    })
}
