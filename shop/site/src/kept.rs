//! A form that was sent while logged out: the log-in page carries what was typed, which is then shown again, to be sent.
//!
//! The state is in the pages themselves: any instance of the site can continue, and none stores anything.

use askama::Template;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;

use crate::{Form, Frame, Page, Visit, form::has_secret, local_path, see_other};

/// The field of a log-in that contains what was typed, and the one with the address that it was sent to.
const FIELDS: &str = "_kept";
const ADDRESS: &str = "_kept_at";
/// The longest that is kept, encoded: once more encoded it still fits into a form.
const BYTES_MAX: usize = 16 * 1024;

/// A form on its way through a log-in.
struct Kept {
    /// Path and query that it was sent to.
    address: String,
    fields: Vec<(String, String)>,
}

/// A log-in that keeps what was typed.
#[derive(Template)]
#[template(path = "kept-login.html")]
struct LoginPage {
    frame: Frame,
    form: Form,
    csrf: String,
}

/// What was typed, to be sent again.
#[derive(Template)]
#[template(path = "kept.html")]
struct KeptPage {
    frame: Frame,
    kept: Kept,
    /// What people typed there, by label.
    shown: Vec<(String, String)>,
    csrf: String,
    back: String,
}

/// A log-in that keeps the form just sent, to go `back` to its page; none where there is nothing to keep, or secrets.
pub(crate) fn login_page(visit: &Visit, back: &str) -> Option<Response> {
    let fields: Vec<_> =
        visit.typed().fields.into_iter().filter(|(name, _)| !name.starts_with('_')).collect();
    if fields.is_empty() || has_secret(&fields) {
        return None;
    }
    let kept = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    if kept.len() > BYTES_MAX {
        return None;
    }
    let address = visit.address().to_owned();
    let form = Form::filled([("next", back.to_owned()), (FIELDS, kept), (ADDRESS, address)]);
    let csrf = visit.csrf();
    let page = Page(LoginPage { frame: visit.frame("Please log in"), form, csrf });
    Some((StatusCode::UNAUTHORIZED, page).into_response())
}

/// Where a visitor continues after logging in with `form`: at the form sent before, if there was one, else at the page that `next` names.
pub fn logged_in(visit: &Visit, form: &Form) -> Response {
    let back = local_path(form.value("next")).unwrap_or("/");
    let Some(kept) = Kept::of(form) else { return see_other(back) };
    let shown = kept.fields.iter().filter(|(name, value)| is_typed(name) && !value.is_empty());
    let shown = shown.map(|(name, value)| (label(name), value.clone())).collect();
    let (frame, csrf) = (visit.frame("What you typed is kept"), visit.csrf());
    Page(KeptPage { frame, kept, shown, csrf, back: back.to_owned() }).into_response()
}

impl Kept {
    fn of(login: &Form) -> Option<Self> {
        let (fields, address) = (login.given(FIELDS)?, local_path(login.value(ADDRESS))?);
        let fields = form_urlencoded::parse(fields.as_bytes()).into_owned().collect();
        Some(Self { address: address.to_owned(), fields })
    }
}

/// Ids, versions and keys stand in forms too; people see the rest.
fn is_typed(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && !name.ends_with("Id")
        && !matches!(name, "Key" | "Version")
}

/// `FullName` as people read it: `Full name`.
fn label(name: &str) -> String {
    let mut label = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !label.is_empty() {
            label.push(' ');
            label.push(letter.to_ascii_lowercase());
        } else {
            label.push(letter);
        }
    }
    label
}
