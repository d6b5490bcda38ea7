//! Error pages: each failure in plain words, with what to do next.

use askama::Template;
use hyper::Method;

use crate::{Failure, Frame, Page, Visit, form::has_secret, typed::Typed};

/// The encodings of forms, as an attribute names them.
const PAIRS: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data";

/// The page of a failure.
#[derive(Template)]
#[template(path = "failure.html")]
pub(crate) struct FailurePage {
    frame: Frame,
    words: &'static str,
    detail: String,
    /// The page tries again by itself.
    retries: bool,
    /// What was typed, to be sent again; empty where that would not be right.
    typed: Vec<(String, String)>,
    /// How it is sent again.
    encoding: &'static str,
    /// Whether something was typed that is not shown again.
    secret: bool,
    csrf: String,
    back: Option<String>,
    request_id: String,
}

/// The page for `failure` of a request of `method`.
pub(crate) fn page(visit: &Visit, method: &Method, failure: &Failure) -> Page<FailurePage> {
    let unreachable = failure.passes_after_seconds().is_some();
    let again = *method == Method::POST && (unreachable || matches!(failure, Failure::Forged));
    let typed = if again { visit.typed() } else { Typed::default() };
    let encoding = if typed.in_parts { PARTS } else { PAIRS };
    // A file is not kept: without it, its form says that one must be chosen.
    let fields = if typed.files.is_empty() { typed.fields } else { Vec::new() };
    let secret = has_secret(&fields);
    let typed: Vec<_> = fields.into_iter().filter(|(name, _)| name != "_csrf").collect();
    let csrf = if typed.is_empty() { String::new() } else { visit.csrf() };
    let (title, words) = words(failure);
    Page(FailurePage {
        frame: visit.frame(title),
        words,
        detail: detail(failure),
        retries: unreachable && *method == Method::GET,
        typed: if secret { Vec::new() } else { typed },
        encoding,
        secret,
        csrf,
        back: visit.came_from().map(str::to_owned),
        request_id: visit.request_id().to_str().unwrap_or_default().to_owned(),
    })
}

fn words(failure: &Failure) -> (&'static str, &'static str) {
    match failure {
        Failure::Unreachable { .. } => (
            "The shop cannot be reached right now",
            "A part of it is not answering. Nothing is lost: what was confirmed stays confirmed.",
        ),
        Failure::Busy { .. } => (
            "The shop is busy right now",
            "It has more requests than it can handle right now, so it did nothing. Please try again in a moment.",
        ),
        Failure::NotLoggedIn => ("Please log in", "This page is for people who are logged in."),
        Failure::OutOfTime => (
            "A part of the shop has the wrong time",
            "It takes your log-in for one of another day, so it did nothing. You stay logged in; the other pages still work.",
        ),
        Failure::Forbidden => (
            "This page is not for you",
            "It belongs to someone else, or needs rights that you do not have.",
        ),
        Failure::NotFound => {
            ("There is no such page", "The address may be mistyped, or what was here is gone.")
        }
        Failure::Forged => (
            "This form has expired",
            "It was open for too long, or did not come from this site. Nothing was done.",
        ),
        Failure::Renamed { .. } => (
            "This form does not come from this site",
            "It was opened at a different address than the one it was sent to. Nothing was done.",
        ),
        Failure::Prefixed { .. } => (
            "This site cannot be under a path",
            "Its links begin at the root of the host, so they would not work.",
        ),
        Failure::TooSlow => (
            "The form took too long to arrive",
            "It must be complete within ten seconds. Nothing was done; please send it again.",
        ),
        Failure::TooLong => (
            "What you sent is too long",
            "A form of this site has at most 64 KiB, or 1 MiB with a file. Nothing was done; please go back and shorten the text, or split the file.",
        ),
        Failure::NotAForm => (
            "This is not a form",
            "This site takes forms only (application/x-www-form-urlencoded, or multipart/form-data with a file); programs use the REST API of the gateway. Nothing was done.",
        ),
        Failure::Malformed => (
            "This request makes no sense here",
            "No page of this site makes such a request. Nothing was done.",
        ),
        Failure::Refused(refusal) => refused(refusal.status),
        Failure::Broken => (
            "Something went wrong here",
            "It is our fault, not yours. The number below leads us to what happened.",
        ),
    }
}

fn refused(status: u16) -> (&'static str, &'static str) {
    match status {
        404 => ("Not found", "It may have been removed, or the address is mistyped."),
        429 => ("Too many attempts", "Please wait a little before you try again."),
        _ => ("That did not work", "The shop refused it. Nothing was done."),
    }
}

fn detail(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) if !matches!(refusal.status, 404 | 429) => refusal.detail.clone(),
        Failure::Renamed { origin, host } => format!(
            "Sent from {origin}, but to the host {host}. If {origin} is this site, the proxy in front of it rewrites the host: \
             let it keep the header Host (nginx: proxy_set_header Host $http_host) or send X-Forwarded-Host, and name its \
             address in the setting trusted-proxies."
        ),
        Failure::Prefixed { prefix } => format!(
            "The proxy in front of it says that it is at /{prefix}. Give it a host name or a port of its own there."
        ),
        _ => String::new(),
    }
}
