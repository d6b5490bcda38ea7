//! The page to read and try the API: Swagger UI, embedded in the program, so that it works offline. Beside it, the book.

pub(crate) mod book;

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use web::Problem;

/// The page loads its own scripts and calls only this gateway. It sets styles from its scripts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A file that `build.rs` has unpacked.
macro_rules! unpacked {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name)).as_slice()
    };
}

/// The page's files refer to each other, so that it must lie beside them.
pub(crate) async fn entrance() -> Redirect {
    Redirect::temporary("/docs/index.html")
}

pub(crate) async fn file(Path(file): Path<String>) -> Response {
    let Some((content_type, bytes)) = embedded(&file) else {
        return Problem::not_found("The page has no such file.").into_response();
    };
    let headers = [(CONTENT_TYPE, content_type), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, bytes).into_response()
}

fn embedded(file: &str) -> Option<(&'static str, &'static [u8])> {
    let (html, css) = ("text/html; charset=utf-8", "text/css; charset=utf-8");
    let (js, png) = ("text/javascript; charset=utf-8", "image/png");
    Some(match file {
        "index.html" => (html, unpacked!("index.html")),
        "index.css" => (css, unpacked!("index.css")),
        "swagger-ui.css" => (css, unpacked!("swagger-ui.css")),
        "swagger-ui-bundle.js" => (js, unpacked!("swagger-ui-bundle.js")),
        "swagger-ui-standalone-preset.js" => (js, unpacked!("swagger-ui-standalone-preset.js")),
        "swagger-initializer.js" => (js, include_str!("docs/swagger-initializer.js").as_bytes()),
        "favicon-16x16.png" => (png, unpacked!("favicon-16x16.png")),
        "favicon-32x32.png" => (png, unpacked!("favicon-32x32.png")),
        _ => return None,
    })
}
