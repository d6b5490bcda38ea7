//! The frame around a system's `main`: the runtime, the log on the terminal, and an end that says what went wrong.

use std::{io::IsTerminal as _, process::ExitCode, time::Duration};

use tracing_subscriber::EnvFilter;

/// How long work that blocks may go on after the end.
const LINGER: Duration = Duration::from_secs(1);

/// Runs a system to its end, with what it logs on standard error (`RUST_LOG` says how much) and its error in one line.
pub fn run(system: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let log = log.with_ansi(std::io::stderr().is_terminal());
    // A subscriber that the program has set already stays.
    drop(log.try_init());
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
