//! Reusable parts of pages: badges, and markup that is known to be safe.

use std::fmt;

use askama::{Template, filters::HtmlSafe};
use contracts::rest::order::Status;

/// What a badge is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Busy,
    Good,
    Warn,
    Bad,
}

/// A short word in a colour. The word has all the information; the colour only helps.
#[derive(Clone, Debug)]
pub struct Badge {
    pub text: String,
    pub tone: Tone,
}

/// HTML that was made by a template.
#[derive(Clone, Debug, Default)]
pub struct Markup(String);

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Busy => "busy",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

impl Badge {
    #[must_use]
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// The word for the status of an order.
    #[must_use]
    pub fn of_order(status: Status) -> Self {
        match status {
            Status::Pending => Self::new("Pending", Tone::Busy),
            Status::Approved => Self::new("Approved", Tone::Busy),
            Status::Finalized => Self::new("Finalized", Tone::Good),
            Status::Canceled => Self::new("Canceled", Tone::Bad),
        }
    }
}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            askama::filters::escape(&self.text, askama::filters::Html).map_err(|_| fmt::Error)?;
        write!(f, "<span class=\"badge {}\">{text}</span>", self.tone.class())
    }
}

impl Markup {
    /// What `template` renders.
    #[must_use]
    pub fn of(template: &impl Template) -> Self {
        Self(template.render().expect("templates of plain data render"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Badge {}
impl HtmlSafe for Markup {}
