//! The terminal's alternate screen: redrawn repeatedly, and restored on exit.

use std::io;

use crate::term;

const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
/// To the beginning: what is drawn replaces what is there, without flicker.
const HOME: &str = "\u{1b}[H";
const REST_OF_LINE: &str = "\u{1b}[K";
const REST_OF_SCREEN: &str = "\u{1b}[J";

pub(super) struct Screen(());

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        term::draw(ENTER)?;
        Ok(Self(()))
    }

    /// Draws as many of the lines as there is room for.
    #[expect(clippy::unused_self, reason = "there is nothing to draw on without a screen")]
    pub(super) fn show(&self, lines: &[String]) -> io::Result<()> {
        let room = term::height().unwrap_or(usize::MAX);
        let mut drawn = String::from(HOME);
        let mut shown = lines.iter().take(room).peekable();
        while let Some(line) = shown.next() {
            drawn.push_str(line);
            drawn.push_str(REST_OF_LINE);
            if shown.peek().is_some() {
                drawn.push_str("\r\n");
            }
        }
        drawn.push_str(REST_OF_SCREEN);
        term::draw(&drawn)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _gone = term::draw(LEAVE);
    }
}
