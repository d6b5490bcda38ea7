//! How far something has come: a bar in a terminal, nothing elsewhere.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar, which is gone when it is dropped: what follows begins on a line of its own.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(what: &str, total: usize) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        let style = "{msg:>12} [{wide_bar}] {human_pos}/{human_len} {rate} {eta}";
        let style = ProgressStyle::with_template(style).expect("a template of known keys");
        let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // A bar shows what it can.
            let _full = write!(out, "{:.0}/s", state.per_sec());
        };
        let target = ProgressDrawTarget::stderr_with_hz(10);
        let bar = ProgressBar::with_draw_target(Some(total), target);
        bar.set_style(style.with_key("rate", rate).progress_chars("━╸ "));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// The same as a line of words, such as `Day 12 of 365`, which is drawn at once.
    pub(crate) fn in_words(what: &str, total: u64) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{msg} {pos} of {len}");
        let target = ProgressDrawTarget::stderr_with_hz(10);
        let bar = ProgressBar::with_draw_target(Some(total), target);
        bar.set_style(style.expect("a template of known keys"));
        bar.set_message(what.to_owned());
        bar.tick();
        Self(bar)
    }

    /// How much of a total is done.
    pub(crate) fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    /// Whether anybody sees it.
    pub(crate) fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }

    /// One more is done.
    pub(crate) fn advance(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
