//! What kind of body a request announces.

use hyper::{HeaderMap, header::CONTENT_TYPE};

/// Whether it is JSON, and says so once.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let essence = values.next().and_then(|value| value.to_str().ok());
    let essence = essence.and_then(|value| value.split(';').next()).unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/json") && values.next().is_none()
}
