//! Keeps the theme that a visitor chooses.

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hyper::header::{HeaderValue, SET_COOKIE};

use crate::{Failure, Theme, Visit, local_path, see_other, theme::COOKIE};

/// A year.
const KEPT_SECONDS: u32 = 31_536_000;

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
