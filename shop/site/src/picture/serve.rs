//! The addresses of pictures, which determine what is shown: browsers keep them for good.

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use contracts::picture::{Hash, Kind};
use hyper::{
    StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
    },
};

use super::drawn::Drawn;
use crate::{Failure, Site, client, headers::secured};

/// The address determines the picture.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// Of another edition, as a page from before an update has it.
const FOR_NOW: &str = "public, no-cache";
/// This is drawn only because the picture itself cannot be had.
const NOT_FOR_GOOD: &str = "no-store";

/// A picture that is opened by itself is shown, and does nothing else. A drawn one has its colours in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'; base-uri 'none'";

const KINDS: [Kind; 3] = [Kind::Png, Kind::Jpeg, Kind::Webp];

pub(crate) fn routes(site: &Site) -> Router {
    Router::new()
        .route("/pictures/{file}", get(drawn))
        .route("/pictures/{hash}/{file}", get(given))
        .with_state(site.clone())
}

async fn drawn(Path(file): Path<String>) -> Response {
    match Drawn::parse(&file) {
        Some((picture, true)) => answer(picture.svg(), "image/svg+xml", FOR_GOOD),
        Some((picture, false)) => answer(picture.svg(), "image/svg+xml", FOR_NOW),
        None => missing(),
    }
}

/// The picture with that hash, or for now the drawn one.
async fn given(
    State(site): State<Site>,
    Path((hash, file)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (Ok(hash), Some((drawn, _))) = (hash.parse::<Hash>(), Drawn::parse(&file)) else {
        return missing();
    };
    let etag = HeaderValue::try_from(format!("\"{hash}\"")).expect("hex is visible ASCII");
    let mut response = if request.headers().get(IF_NONE_MATCH) == Some(&etag) {
        let mut response = answer(Body::empty(), "image/svg+xml", FOR_GOOD);
        response.headers_mut().remove(CONTENT_TYPE);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        match fetched(&site, hash).await {
            Ok((kind, file)) => answer(file, kind, FOR_GOOD),
            Err(_unreachable) => return answer(drawn.svg(), "image/svg+xml", NOT_FOR_GOOD),
        }
    };
    response.headers_mut().insert(ETAG, etag);
    response
}

/// The picture as the gateway has it, with its media type, which is one of three.
async fn fetched(site: &Site, hash: Hash) -> Result<(&'static str, Bytes), Failure> {
    let mut request = Request::new(Body::empty());
    let address = format!("/product/get-picture/{hash}");
    *request.uri_mut() = address.parse().map_err(|_| Failure::NotFound)?;
    let response = site.0.client.send(request).await?;
    let kind = response.headers().get(CONTENT_TYPE);
    let kind =
        kind.and_then(|kind| KINDS.map(Kind::media_type).into_iter().find(|known| kind == *known));
    match kind {
        Some(kind) if response.status().is_success() => Ok((kind, client::whole(response).await?)),
        _ => Err(Failure::NotFound),
    }
}

fn answer(content: impl Into<Body>, kind: &'static str, cache: &'static str) -> Response {
    let mut response = secured(content);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn missing() -> Response {
    let mut response = secured("There is no such picture.");
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
