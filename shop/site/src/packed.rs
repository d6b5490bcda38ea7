//! Compression of what is sent to browsers: a page is a quarter as long.
//!
//! Pages hold a token that proves forms, beside text from their address. So that no other site can try texts against the token by the length
//! of the answer (the BREACH attack), what other sites lead to is not compressed.

use std::io::Write;

use axum::{
    body::{Body, HttpBody, to_bytes},
    response::Response,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::{
    HeaderMap,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, VARY},
};

/// What is shorter fits into a packet or two anyway.
const BYTES_MIN: u64 = 1024;
/// Longer ones are files, which go out as they are.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// For pages, which are compressed each time: three quarters of what can be gained, at a fraction of the time.
const QUICKLY: u32 = 3;

/// Whether the page that these headers ask for is compressed: not where another site leads to it.
pub(crate) fn is_page_taken(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    is_taken(headers) && !matches!(site, Some(b"cross-site" | b"same-site"))
}

/// Whether the sender of these headers can unpack `gzip` (RFC 9110, 12.5.3).
pub(crate) fn is_taken(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = quality.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("gzip") && quality.is_ok_and(|quality| quality > 0.0)
    })
}

/// `content` as small as it gets.
pub(crate) fn once(content: &[u8]) -> Bytes {
    gzip(content, Compression::best())
}

/// The same answer compressed, if it is text that is complete; what is still being written goes on as it is.
pub(crate) async fn page(response: Response) -> Response {
    let is_text = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/");
    let length = response.body().size_hint().exact().unwrap_or(0);
    let is_short = length < BYTES_MIN || length > BYTES_MAX as u64;
    let headers = response.headers();
    if is_short
        || headers.contains_key(CONTENT_ENCODING)
        || !headers.get(CONTENT_TYPE).is_some_and(is_text)
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(content) = to_bytes(body, BYTES_MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    mark(&mut parts.headers);
    Response::from_parts(parts, Body::from(gzip(&content, Compression::new(QUICKLY))))
}

/// Says that the content is compressed.
pub(crate) fn mark(headers: &mut HeaderMap) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    vary(headers);
    headers.remove(CONTENT_LENGTH);
}

/// Says that it may be.
pub(crate) fn vary(headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("accept-encoding"));
}

fn gzip(content: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 3), level);
    encoder.write_all(content).and_then(|()| encoder.finish()).expect("memory takes bytes").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_can_unpack_it_gets_it_compressed() {
        let taken = |value: &'static str| {
            let headers =
                HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            is_taken(&headers)
        };
        assert!(taken("gzip"));
        assert!(taken("deflate, GZIP;q=0.5, br"));
        assert!(!taken("gzip;q=0"));
        assert!(!taken("br, zstd"));
        assert!(!taken("gzip;q=much"));
        assert!(!is_taken(&HeaderMap::new()));
    }
}
