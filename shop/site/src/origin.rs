//! Where this site is, as its visitors see it, and whether a changing request comes from a page of it, by the headers that the browser sets.

use axum::extract::Request;
use hyper::{
    HeaderMap, Method, Uri,
    header::{HOST, HeaderName, ORIGIN},
};
use web::Forwarded;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where a request that changes something comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A page of this site, according to the browser; the form's token is checked in addition.
    Ours,
    /// Another site.
    Foreign,
    /// A page at `origin`, while the request names another host: another site, or ours behind a proxy that rewrites `Host`.
    Renamed { origin: String, host: String },
}

/// Where `request` comes from. `host` is the host that the browser requested, according to a trusted proxy.
///
/// Another port of this machine is the same site, but not the same origin: it is refused too. What sends neither header
/// is not a browser of this decade, and must know the token.
pub(crate) fn of(request: &Request, host: Option<&str>) -> Origin {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Origin::Ours;
    }
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = header(SEC_FETCH_SITE) {
        let ours = matches!(site, "same-origin" | "none");
        return if ours { Origin::Ours } else { Origin::Foreign };
    }
    let Some(text) = header(ORIGIN) else { return Origin::Ours };
    let origin: Option<Uri> = text.parse().ok();
    let Some(origin) = origin.filter(|origin| origin.authority().is_some()) else {
        return Origin::Foreign;
    };
    let asked: Vec<&str> = host.into_iter().chain(header(HOST)).collect();
    if asked.iter().any(|host| is_at(&origin, host)) {
        return Origin::Ours;
    }
    match asked.first() {
        Some(host) => Origin::Renamed { origin: text.to_owned(), host: (*host).to_owned() },
        None => Origin::Foreign,
    }
}

/// Where a browser asked for this site, such as `https://shop.example`; none if it names no host.
pub(crate) fn asked_for(
    headers: &HeaderMap,
    forwarded: &Forwarded,
    secure: bool,
) -> Option<String> {
    let host = forwarded.host.as_deref();
    let host = host.or_else(|| headers.get(HOST)?.to_str().ok())?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    let scheme = if secure { "https" } else { "http" };
    (!host.is_empty() && host.bytes().all(is_plain)).then(|| format!("{scheme}://{host}"))
}

/// Whether `host` is the origin's, with or without the port that its scheme implies.
fn is_at(origin: &Uri, host: &str) -> bool {
    let implied = if origin.scheme_str() == Some("https") { ":443" } else { ":80" };
    let bare = |host: &str| host.strip_suffix(implied).unwrap_or(host).to_ascii_lowercase();
    origin.authority().is_some_and(|authority| bare(authority.as_str()) == bare(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn origin(headers: &[(&str, &str)], host: Option<&str>) -> Origin {
        let request = Request::post("/orders");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        of(&request.body(Body::empty()).expect("a request"), host)
    }

    fn posted(headers: &[(&str, &str)]) -> bool {
        origin(headers, None) == Origin::Ours
    }

    #[test]
    fn a_proxy_may_say_which_host_was_asked() {
        let sent = [("host", "127.0.0.1:5001"), ("origin", "https://shop.example")];
        assert_eq!(origin(&sent, Some("shop.example")), Origin::Ours);
        assert_eq!(origin(&sent, Some("Shop.example:443")), Origin::Ours);
        let renamed = Origin::Renamed {
            origin: "https://shop.example".to_owned(),
            host: "127.0.0.1:5001".to_owned(),
        };
        assert_eq!(origin(&sent, None), renamed);
        assert_ne!(origin(&sent, Some("shop.example:80")), Origin::Ours);
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
