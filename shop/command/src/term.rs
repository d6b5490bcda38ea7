//! The only module that writes to the terminal: results to standard output, everything else to standard error.

use std::{
    cell::Cell,
    env, fmt,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// Where there is no terminal to ask for its width.
const USUAL_WIDTH: usize = 100;

/// Writes a line of the result.
pub(crate) fn line(text: impl fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Writes a result for machines.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string(value)?)
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

/// How many columns a line may have.
pub(crate) fn width() -> usize {
    let given = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    given.unwrap_or_else(|| match console_width() {
        Some(columns) if io::stdout().is_terminal() => columns,
        _ => USUAL_WIDTH,
    })
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

/// How far something has come: a bar in a terminal, a line at every tenth elsewhere.
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: Option<Plain>,
}

struct Plain {
    what: String,
    total: u64,
    done: Cell<u64>,
}

impl Progress {
    pub(crate) fn new(what: &str, total: usize) -> Self {
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        if io::stderr().is_terminal() {
            let style = "{msg:>12} [{wide_bar}] {human_pos}/{human_len} {per_sec} {eta}";
            let style = ProgressStyle::with_template(style).expect("a template of known keys");
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(Some(total), target);
            bar.set_style(style.progress_chars("━╸ "));
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            return Self { bar, plain: None };
        }
        let plain = Plain { what: what.to_owned(), total, done: Cell::new(0) };
        Self { bar: ProgressBar::hidden(), plain: Some(plain) }
    }

    /// One more is done.
    pub(crate) fn advance(&self) {
        match &self.plain {
            Some(plain) => plain.advance(),
            None => self.bar.inc(1),
        }
    }

    pub(crate) fn finish(self) {
        self.bar.finish();
    }
}

impl Plain {
    fn advance(&self) {
        let done = self.done.get() + 1;
        self.done.set(done);
        let tenths = |done: u64| done * 10 / self.total.max(1);
        if tenths(done) > tenths(done - 1) {
            note(format_args!("{}: {done} of {}", self.what, self.total));
        }
    }
}

fn console_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
