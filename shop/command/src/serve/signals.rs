//! The signals of a process that serves.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask for a stop, and those that would end the process if not handled.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// A file has reached its largest permitted size. The write fails, and that is dealt with.
    _file_size: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        let file_size = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            _file_size: signal(file_size)?,
        })
    }

    /// Waits for one that asks for a stop; its name.
    pub(super) async fn first(&mut self) -> &'static str {
        loop {
            tokio::select! {
                biased;
                _ = self.interrupt.recv() => return "Ctrl-C",
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.hangup.recv() => {
                    tracing::info!("SIGHUP received: the terminal is gone; the shop keeps running until SIGTERM");
                }
            }
        }
    }
}
