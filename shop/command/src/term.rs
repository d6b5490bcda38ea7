//! The only module that writes to the terminal: results to standard output or the user's pager, everything else to standard error.

mod colour;
mod pager;
mod progress;

use std::{
    env, fmt,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use serde::Serialize;

pub(crate) use self::{
    colour::{Colour, colours_errors, paint},
    pager::{end as end_paging, start as start_paging},
    progress::Progress,
};

/// Where there is no terminal to ask for its width.
const USUAL_WIDTH: usize = 100;

/// Writes a line of the result.
pub(crate) fn line(text: impl fmt::Display) -> io::Result<()> {
    pager::write(format_args!("{text}\n"))
        .unwrap_or_else(|| writeln!(io::stdout().lock(), "{text}"))
}

/// Writes a result for machines.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string(value)?)
}

/// Writes a part of a picture that is drawn again and again, as it is.
pub(crate) fn draw(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes a progress note to stderr, beside the result.
pub(crate) fn note(text: impl fmt::Display) {
    // A failure to write to stderr cannot be reported anywhere.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How long something took: `1.4 ms`, `12.3 s`, `2 min 5 s`.
pub(crate) fn took(time: Duration) -> String {
    match time.as_millis() {
        0..1_000 => format!("{:.1} ms", time.as_secs_f64() * 1000.0),
        1_000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

/// Whether the result goes to a terminal, directly or through a pager.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// How many columns a line may have.
pub(crate) fn width() -> usize {
    let given = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    given.unwrap_or_else(|| match console_size() {
        Some((columns, _)) if is_terminal() => columns,
        _ => USUAL_WIDTH,
    })
}

/// How many lines the terminal shows.
pub(crate) fn height() -> Option<usize> {
    console_size().map(|(_, rows)| rows)
}

/// Whether the terminal's locale supports more than ASCII.
pub(crate) fn shows_unicode() -> bool {
    let language = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    // Without any, the output is a file or a pipe, and files are UTF-8.
    language.is_none_or(|language| {
        let language = language.to_ascii_lowercase();
        language.contains("utf-8") || language.contains("utf8")
    })
}

fn console_size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}
