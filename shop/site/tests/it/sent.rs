//! How pages are sent: compressed, in the theme that the visitor chose, and with a word for search engines.

use std::io::Read;

use axum::{http::Method, response::Response};
use flate2::read::GzDecoder;
use http_body_util::BodyExt;
use hyper::StatusCode;

use crate::{answer, text};

const GZIP: (&str, &str) = ("accept-encoding", "br, gzip");

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

async fn unpacked(response: Response) -> String {
    assert_eq!(header(&response, "content-encoding"), "gzip");
    assert_eq!(header(&response, "vary"), "accept-encoding");
    let body = response.into_body().collect().await.expect("a whole body").to_bytes();
    let mut content = String::new();
    GzDecoder::new(&*body).read_to_string(&mut content).expect("what was packed");
    content
}

#[tokio::test]
async fn pages_and_files_are_compressed_for_browsers_that_can_unpack_them() {
    for path in ["/assets/agora.css", "/assets/agora.js", "/nothing"] {
        let plain = answer(Method::GET, path, &[], "").await;
        assert_eq!(header(&plain, "content-encoding"), "", "{path}");
        let plain = text(plain).await;
        let packed = answer(Method::GET, path, &[GZIP], "").await;
        let unpacked = unpacked(packed).await;
        assert_eq!(unpacked.len(), plain.len(), "{path}");
    }
    let led = answer(Method::GET, "/nothing", &[GZIP, ("sec-fetch-site", "cross-site")], "").await;
    assert_eq!(header(&led, "content-encoding"), "", "another site measures its length");
    let short = answer(Method::GET, "/health/live", &[GZIP], "").await;
    assert_eq!(header(&short, "content-encoding"), "", "not worth it");
}

#[tokio::test]
async fn a_file_that_is_known_is_not_sent_again_compressed_or_not() {
    for headers in [&[GZIP][..], &[]] {
        let first = answer(Method::GET, "/assets/agora.css", headers, "").await;
        let known = [("if-none-match", header(&first, "etag"))];
        let again = answer(Method::GET, "/assets/agora.css", &[headers, &known].concat(), "").await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header(&again, "content-encoding"), "");
    }
}

#[tokio::test]
async fn a_theme_is_kept_in_the_browser_and_every_page_has_it() {
    let ours = ("sec-fetch-site", "same-origin");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (body, cookie, back) in [
        ("theme=dark&next=/form", "agora-theme=dark; Path=/; Max-Age=31536000;", "/form"),
        ("theme=light&next=//evil.example", "agora-theme=light; Path=/; Max-Age=31536000;", "/"),
        ("theme=system&next=/form?a=b", "agora-theme=; Path=/; Max-Age=0;", "/form?a=b"),
        ("theme=mauve", "agora-theme=; Path=/; Max-Age=0;", "/"),
    ] {
        let chosen = answer(Method::POST, "/theme", &[ours, form], body).await;
        assert_eq!(chosen.status(), StatusCode::SEE_OTHER, "{body}");
        assert_eq!(header(&chosen, "location"), back, "{body}");
        assert!(header(&chosen, "set-cookie").starts_with(cookie), "{body}: {chosen:?}");
    }
    let foreign = [("sec-fetch-site", "cross-site"), form];
    let refused = answer(Method::POST, "/theme", &foreign, "theme=dark").await;
    assert_eq!((refused.status(), header(&refused, "set-cookie")), (StatusCode::FORBIDDEN, ""));
    let form_page = [ours, form, ("referer", "http://shop.example/form?a=b")];
    let answered = text(answer(Method::POST, "/change", &form_page, "a=b").await).await;
    assert!(answered.contains("name=\"next\" value=\"/form?a=b\""), "{answered}");
    for (cookie, theme) in [
        ("agora-theme=dark", "dark"),
        ("a=b; agora-theme=light", "light"),
        ("agora-theme=\"><script>", "system"),
        ("", "system"),
    ] {
        let page = text(answer(Method::GET, "/nothing", &[("cookie", cookie)], "").await).await;
        assert!(page.contains(&format!("<html lang=\"en\" data-theme=\"{theme}\">")), "{page}");
    }
}

#[tokio::test]
async fn search_engines_are_told_what_to_leave_alone_and_what_a_page_is_about() {
    let robots = answer(Method::GET, "/robots.txt", &[], "").await;
    assert!(header(&robots, "content-type").starts_with("text/plain"), "{robots:?}");
    assert_eq!(text(robots).await, "User-agent: *\nDisallow: /\n", "no host, no address");
    for (headers, list) in [
        (&[("host", "shop.example:5001")][..], "http://shop.example:5001/list.xml"),
        (
            &[
                ("host", "10.0.0.7"),
                ("x-forwarded-host", "shop.example"),
                ("x-forwarded-proto", "https"),
            ],
            "https://shop.example/list.xml",
        ),
    ] {
        let robots = text(answer(Method::GET, "/robots.txt", headers, "").await).await;
        assert!(robots.ends_with(&format!("\nSitemap: {list}\n")), "{robots}");
    }
    let odd = text(answer(Method::GET, "/robots.txt", &[("host", "a<b>&c")], "").await).await;
    assert!(!odd.contains("Sitemap"), "{odd}");
    let page = text(answer(Method::GET, "/nothing", &[], "").await).await;
    assert!(page.contains("<meta name=\"description\" content=\"A website of tests.\">"), "{page}");
}
