//! Light or dark: as the visitor's system is set, unless the visitor chooses otherwise here. A cookie of its own keeps the choice, so that
//! logging out does not undo it.

use std::fmt;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hyper::header::{HeaderValue, SET_COOKIE};

use crate::{Failure, Visit, local_path, see_other};

/// Shared by all websites of a host.
pub(crate) const COOKIE: &str = "agora-theme";
/// A year.
const KEPT_SECONDS: u32 = 31_536_000;

/// The colours of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the visitor's system is set.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// What a cookie or a form says; anything unknown is as the system is set.
    pub(crate) fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.word() == word).unwrap_or_default()
    }

    /// Its name in forms and cookies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The colour schemes that a page has, as its head names them.
    #[must_use]
    pub const fn schemes(self) -> &'static str {
        match self {
            Self::System => "light dark",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        })
    }
}

pub(crate) fn routes() -> Router {
    Router::new().route("/theme", post(choose).merge(get(async || Failure::NotFound)))
}

/// Keeps the choice, and returns to the page where it was made.
async fn choose(visit: Visit) -> Response {
    let fields = visit.typed().fields;
    let field = |wanted: &str| {
        let found = fields.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| value)
    };
    let back = local_path(field("next")).unwrap_or("/");
    let mut response = see_other(back).into_response();
    let secure = if visit.is_secure() { "; Secure" } else { "" };
    let (word, seconds) = match Theme::of(field("theme")) {
        Theme::System => ("", 0),
        theme => (theme.word(), KEPT_SECONDS),
    };
    let cookie =
        format!("{COOKIE}={word}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let cookie = HeaderValue::try_from(cookie).expect("words and numbers are visible ASCII");
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}
