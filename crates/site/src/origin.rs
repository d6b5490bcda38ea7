//! Whether what changes something comes from a page of this site, by the browser's own word.

use axum::extract::Request;
use hyper::{
    Method, Uri,
    header::{HOST, HeaderName, ORIGIN},
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether `request` may change something as far as its origin goes; the form's token is checked besides.
///
/// Another port of this machine is the same site, but not the same origin: it is refused too. What sends neither header
/// is no browser of this decade, and must know the token.
pub(crate) fn is_ours(request: &Request) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return true;
    }
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = header(SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = header(ORIGIN) else { return true };
    let origin: Option<Uri> = origin.parse().ok();
    let origin = origin.as_ref().and_then(Uri::authority).map(hyper::http::uri::Authority::as_str);
    origin.is_some() && origin == header(HOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn posted(headers: &[(&str, &str)]) -> bool {
        let request = Request::post("/orders");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        is_ours(&request.body(Body::empty()).expect("a request"))
    }

    #[test]
    fn only_our_own_pages_may_post() {
        assert!(posted(&[("sec-fetch-site", "same-origin")]));
        assert!(!posted(&[("sec-fetch-site", "same-site")]));
        assert!(!posted(&[("sec-fetch-site", "cross-site")]));
        assert!(posted(&[("host", "shop:5001"), ("origin", "http://shop:5001")]));
        assert!(!posted(&[("host", "shop:5001"), ("origin", "http://shop:5002")]));
        assert!(!posted(&[("host", "shop:5001"), ("origin", "null")]));
        assert!(!posted(&[("origin", "http://shop:5001")]));
        assert!(posted(&[]));
    }
}
