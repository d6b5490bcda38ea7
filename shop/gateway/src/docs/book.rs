//! The book: `docs/` as a site, embedded if the program was built with it.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use hyper::{
    HeaderMap,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        VARY,
    },
};
use web::Problem;

/// The site is made of files alone and has its own scripts, some of them within the pages. For readers without scripts its table of
/// contents is a frame; where a policy says who may frame a page, browsers ignore `X-Frame-Options`.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; \
                      base-uri 'none'; form-action 'none'";
/// Of the page in its place.
const PLAIN: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

const HTML: &str = "text/html; charset=utf-8";

/// The files of the book, in order of their names, each packed with gzip.
#[cfg(feature = "book")]
static FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/book.rs"));
#[cfg(not(feature = "book"))]
static FILES: &[(&str, &[u8])] = &[];

/// Whether this program was built with it.
#[must_use]
pub fn has_book() -> bool {
    !FILES.is_empty()
}

/// The pages refer to each other, so that the first must lie beside them.
pub(crate) async fn entrance() -> Redirect {
    Redirect::temporary("/docs/book/index.html")
}

pub(crate) async fn file(Path(file): Path<String>, headers: HeaderMap) -> Response {
    answer(&file, &headers)
}

fn answer(file: &str, asked: &HeaderMap) -> Response {
    if FILES.is_empty() {
        let headers = [(CONTENT_TYPE, HTML), (CONTENT_SECURITY_POLICY, PLAIN)];
        return (headers, include_str!("book/absent.html")).into_response();
    }
    let Some(packed) = embedded(file) else {
        return Problem::not_found("The book has no such page.").into_response();
    };
    let headers = [
        (CONTENT_TYPE, content_type(file)),
        (CONTENT_SECURITY_POLICY, POLICY),
        // The names of styles and scripts change with what they contain; pages are always those of the running program.
        (CACHE_CONTROL, if content_type(file) == HTML { "no-cache" } else { "max-age=3600" }),
        (VARY, "accept-encoding"),
    ];
    if takes_gzip(asked) {
        return (headers, [(CONTENT_ENCODING, "gzip")], packed).into_response();
    }
    (headers, unpacked(packed)).into_response()
}

fn embedded(file: &str) -> Option<&'static [u8]> {
    let at = FILES.binary_search_by_key(&file, |(name, _)| name).ok()?;
    FILES.get(at).map(|(_, packed)| *packed)
}

/// Every browser does. A client that refuses it with a weight of 0 gets it unpacked, like one that says nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = accepted.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight: String = weight.split_whitespace().collect();
        let refused =
            matches!(weight.strip_prefix("q="), Some("0" | "0." | "0.0" | "0.00" | "0.000"));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(feature = "book")]
fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut bytes);
    read.expect("the build script packed it");
    bytes
}

#[cfg(not(feature = "book"))]
fn unpacked(packed: &[u8]) -> Vec<u8> {
    packed.to_owned()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => HTML,
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "yaml" => "application/yaml; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for (said, takes) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip; q=0", false),
            ("gzip;q=0.000, br", false),
            ("identity", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(said));
            assert_eq!(takes_gzip(&headers), takes, "{said}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn files_are_found_by_name() {
        assert!(FILES.is_sorted_by_key(|(name, _)| *name));
        for (name, packed) in FILES {
            assert_eq!(embedded(name), Some(*packed), "{name}");
        }
        assert_eq!(embedded("no-such-page.html"), None);
    }
}
