//! The book, passed on from the gateway: a website that is reached from elsewhere than its gateway shows it all the same.

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Request},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use hyper::{
    StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_TYPE},
};

use crate::{client::Client, segment};

/// Where the gateway has it.
const THERE: &str = "/docs/book";

/// Its pages below `at`. They are those of the gateway, with the headers by which browsers keep them safe, and need no session.
pub(crate) fn routes(at: &'static str, client: Client) -> Router {
    // Its pages refer to each other, so that the first must lie beside them.
    let entrance = move || async move { Redirect::temporary(&format!("{at}/index.html")) };
    Router::new()
        .route(at, get(entrance))
        .route(&format!("{at}/{{*file}}"), get(file))
        .with_state(client)
}

async fn file(
    State(client): State<Client>,
    Path(file): Path<String>,
    asked: HeaderMap,
) -> Response {
    if file.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let parts: Vec<String> = file.split('/').map(segment).collect();
    let mut request = Request::get(format!("{THERE}/{}", parts.join("/")));
    if let Some(accepted) = asked.get(ACCEPT_ENCODING) {
        request = request.header(ACCEPT_ENCODING, accepted);
    }
    let Ok(request) = request.body(Body::empty()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    client.send(request).await.unwrap_or_else(|_silent| {
        let text = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
        let sorry = "The gateway does not answer, and the book is there. Try again in a moment.";
        (StatusCode::BAD_GATEWAY, text, sorry).into_response()
    })
}
