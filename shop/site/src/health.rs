//! Health checks of a website. They do not depend on other processes: without the gateway a site still answers, with pages that say
//! so.

use axum::{Router, response::Response, routing::get};
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::headers::secured;

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/health/live", get(async || answer("{\"Live\":true}")))
        .route("/health/ready", get(async || answer("{\"Ready\":true}")))
}

fn answer(body: &'static str) -> Response {
    let mut response = secured(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
