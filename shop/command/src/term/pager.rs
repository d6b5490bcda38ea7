//! The user's pager (`$PAGER`, else `less`), on a terminal only.

use std::{
    env, fmt,
    io::{self, IsTerminal as _, Write as _},
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use kernel::sync;
use tokio::signal::unix::{SignalKind, signal};

static PAGER: Mutex<Pager> = Mutex::new(Pager::Unwanted);

enum Pager {
    Unwanted,
    /// Begun with the first line: a message that there is nothing needs none.
    Wanted,
    Running(Child),
}

/// From now on the result goes through a pager, if it goes to a terminal and the user has a pager.
pub(crate) fn start() {
    if io::stdout().is_terminal() && io::stdin().is_terminal() {
        *sync::lock(&PAGER) = Pager::Wanted;
    }
}

/// Writes to the pager, if there is one. Needs a runtime.
pub(super) fn write(text: fmt::Arguments<'_>) -> Option<io::Result<()>> {
    let mut pager = sync::lock(&PAGER);
    if let Pager::Wanted = *pager {
        *pager = begin().map_or(Pager::Unwanted, Pager::Running);
    }
    match &mut *pager {
        Pager::Running(child) => Some(child.stdin.as_mut()?.write_fmt(text)),
        Pager::Unwanted | Pager::Wanted => None,
    }
}

fn begin() -> Option<Child> {
    let mut command = command(env::var("PAGER").ok().as_deref())?;
    if env::var_os("LESS").is_none() {
        // Ends where everything fits on one screen, shows colours, leaves the text there.
        command.env("LESS", "FRX");
    }
    let pager = command.stdin(Stdio::piped()).spawn().ok()?;
    // Ctrl-C is for the pager while it runs: ended by it we would leave two programs reading the terminal.
    let _caught = signal(SignalKind::interrupt());
    Some(pager)
}

/// Waits until the user has read enough.
pub(crate) fn end() {
    let pager = std::mem::replace(&mut *sync::lock(&PAGER), Pager::Unwanted);
    if let Pager::Running(mut pager) = pager {
        drop(pager.stdin.take());
        // However it ended, the result was shown.
        let _ended = pager.wait();
    }
}

/// What runs the pager; none where the user wants none.
fn command(wanted: Option<&str>) -> Option<Command> {
    match wanted.map(str::trim) {
        None => Some(Command::new("less")),
        Some("" | "cat") => None,
        Some(words) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", words]);
            Some(shell)
        }
    }
}
