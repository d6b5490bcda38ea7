//! The page to read and try the API: Swagger UI, embedded in the program, so that it works offline.

use std::sync::{Arc, LazyLock};

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa_swagger_ui::Config;
use web::Problem;

/// The page loads its own scripts and calls only this gateway. It sets styles from its scripts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    // The validator would be a third-party server.
    let config = Config::from("/openapi.json").validator_url("none").persist_authorization(true);
    Arc::new(config.try_it_out_enabled(true).display_request_duration(true))
});

/// The page's files refer to each other, so that it must lie beside them.
pub(crate) async fn entrance() -> Redirect {
    Redirect::temporary("/docs/index.html")
}

pub(crate) async fn file(Path(file): Path<String>) -> Response {
    match utoipa_swagger_ui::serve(&file, Arc::clone(&CONFIG)) {
        Ok(Some(file)) => {
            let headers = [
                (CONTENT_TYPE.as_str(), file.content_type.as_str()),
                (CONTENT_SECURITY_POLICY.as_str(), POLICY),
            ];
            (headers, file.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::not_found("The page has no such file.").into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}
