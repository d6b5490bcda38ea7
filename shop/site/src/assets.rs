//! The static files, embedded in the program: each identified by a hash of its content.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::{Path, RawQuery},
    http::HeaderMap,
    response::Response,
    routing::get,
};
use bytes::Bytes;
use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH},
};

use crate::{headers::secured, packed};

/// A path with a hash of the content may be cached forever.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
    packed: Bytes,
    hash: String,
}

/// The parts of the one style sheet, in the order in which later ones win.
const STYLE: &str = concat!(
    include_str!("../assets/css/base.css"),
    "@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) {",
    include_str!("../assets/css/dark.css"),
    "} }\n:root[data-theme=dark] {",
    include_str!("../assets/css/dark.css"),
    "}\n",
    include_str!("../assets/css/frame.css"),
    include_str!("../assets/css/parts.css"),
    include_str!("../assets/css/forms.css"),
    include_str!("../assets/css/shop.css"),
    include_str!("../assets/css/office.css"),
    include_str!("../assets/css/print.css"),
);

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        Asset::new("agora.css", "text/css; charset=utf-8", STYLE),
        Asset::new(
            "agora.js",
            "text/javascript; charset=utf-8",
            include_str!("../assets/agora.js"),
        ),
        Asset::new("agora.svg", "image/svg+xml", include_str!("../assets/agora.svg")),
    ]
});

impl Asset {
    fn new(name: &'static str, kind: &'static str, content: &'static str) -> Self {
        let hash = blake3::hash(content.as_bytes()).to_hex();
        let packed = packed::once(content.as_bytes());
        Self { name, kind, content, packed, hash: hash.chars().take(16).collect() }
    }
}

/// The address of the file `name`.
pub(crate) fn address(name: &str) -> String {
    match find(name) {
        Some(asset) => format!("/assets/{name}?v={}", asset.hash),
        None => format!("/assets/{name}"),
    }
}

pub(crate) fn routes() -> Router {
    Router::new().route("/assets/{name}", get(file)).route("/favicon.ico", get(icon))
}

async fn file(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    answer(&name, query.as_deref(), &headers)
}

async fn icon(headers: HeaderMap) -> Response {
    answer("agora.svg", None, &headers)
}

fn answer(name: &str, query: Option<&str>, headers: &HeaderMap) -> Response {
    let Some(asset) = find(name) else {
        let mut response = secured("There is no such file.");
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    // Weak: it stands for the content, compressed or not.
    let etag = format!("W/\"{}\"", asset.hash);
    let known = headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let exact = query.and_then(|query| query.strip_prefix("v=")) == Some(&asset.hash);
    let cache = if exact { FOR_GOOD } else { "public, no-cache" };
    let is_packed = packed::is_taken(headers);
    let mut response = secured(match (known, is_packed) {
        (true, _) => Bytes::new(),
        (false, true) => asset.packed.clone(),
        (false, false) => Bytes::from_static(asset.content.as_bytes()),
    });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if is_packed && !known {
        packed::mark(headers);
    } else {
        packed::vary(headers);
    }
    headers.insert(ETAG, HeaderValue::try_from(etag).expect("hex is visible ASCII"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}
