//! What search engines may look at, and where they find a list of it.

use axum::{Router, routing::get};

use crate::Visit;

pub(crate) fn routes() -> Router {
    Router::new().route("/robots.txt", get(robots))
}

async fn robots(visit: Visit) -> String {
    let chrome = visit.site().0.chrome;
    match (chrome.sitemap, visit.origin()) {
        (Some(sitemap), Some(origin)) => format!("{}Sitemap: {origin}{sitemap}\n", chrome.robots),
        _ => chrome.robots.to_owned(),
    }
}
