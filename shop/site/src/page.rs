//! Responses: a rendered page, and a redirect after a change.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use hyper::{
    StatusCode,
    header::{HeaderValue, LOCATION},
};

use crate::Failure;

/// A page made from a template.
#[derive(Clone, Debug)]
pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                Failure::Broken.into_response()
            }
        }
    }
}

/// After a POST: the browser gets the page at `path`, a path of this site, so that reloading repeats nothing.
pub fn see_other(path: &str) -> Response {
    let path = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response()
}
