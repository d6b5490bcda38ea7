//! What search engines may look at.

use axum::{Router, routing::get};

use crate::Chrome;

pub(crate) fn routes(chrome: &'static Chrome) -> Router {
    Router::new().route("/robots.txt", get(async || chrome.robots))
}
