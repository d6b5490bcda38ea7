//! The headers by which browsers keep a page safe.

use axum::{body::Body, response::Response};
use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

/// Scripts, styles and pictures are our own files; nothing is in the page itself, and nothing comes from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; manifest-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// Headers under which a browser shows a page to who asked and does nothing else with it.
///
/// The referrer stays within the site: without any, browsers would call the origin of our own forms unknown.
pub(crate) const SECURITY: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Static files get the same headers, but no session.
pub(crate) fn secured(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
