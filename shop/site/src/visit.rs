//! One request of one visitor: their session, notices for them, and calls to the gateway on their behalf.

mod calls;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{extract::FromRequestParts, http::request::Parts};
use hyper::{
    HeaderMap, Method,
    header::{COOKIE, HeaderValue, REFERER, SET_COOKIE},
};
use kernel::{Timestamp, sync};
use tokio_util::sync::CancellationToken;
use web::{ClientAddress, Forwarded, X_REQUEST_ID, peer};

use crate::{
    Failure, Frame, Login, Site, Theme, User, Zone, forwarded, frame::Visitor, origin,
    session::Session, theme, typed::Typed,
};

/// The longest cookie that is looked at.
const COOKIE_BYTES_MAX: usize = 4096;

/// A visit. A cheap clone; an extractor in every page behind [`Site::guard`].
#[derive(Clone)]
pub struct Visit(Arc<Inner>);

struct Inner {
    site: Site,
    request_id: HeaderValue,
    forwarded: Forwarded,
    /// Whether the visitor came over TLS, so that cookies need never go otherwise.
    secure: bool,
    /// What is handed on with every call: the request's id, its trace, and for whom we ask.
    handed_on: HeaderMap,
    /// Where the site was asked for, such as `https://shop.example`.
    origin: Option<String>,
    /// Path and query as asked for.
    address: String,
    came_from: Option<String>,
    here: String,
    theme: Theme,
    /// The session that the cookie was of is over.
    expired: bool,
    state: Mutex<State>,
}

struct State {
    session: Session,
    /// Whether the cookie must be sent to the browser.
    changed: bool,
    /// What a form brought, for a page that offers to send it again.
    typed: Typed,
}

impl Visit {
    pub(crate) fn new(site: &Site, request: &axum::extract::Request) -> Self {
        let headers = request.headers();
        let config = &site.0.config;
        let now = config.clock.now();
        let forwarded = config.proxies.seen(peer(request), headers);
        let secure = config.secure_cookies || forwarded.https;
        let theme = cookie(headers, theme::COOKIE).map(Theme::of).unwrap_or_default();
        let cookie = cookie(headers, &cookie_name(site, secure));
        let session = cookie.and_then(|cookie| opened(site, cookie, now));
        let changed = session.is_none();
        let session = session.unwrap_or_else(|| Session::new(&config.ids, now));
        let state = State { session, changed: false, typed: Typed::default() };
        let request_id = request_id(site, headers);
        let address = request.uri().path_and_query().map_or("/", |address| address.as_str());
        // A cookie of ours that no longer opens is replaced, anonymous visitors get one with their first form.
        let had_cookie = cookie.is_some();
        let state = State { changed: changed && had_cookie, ..state };
        Self(Arc::new(Inner {
            site: site.clone(),
            handed_on: forwarded::handed_on(request, &request_id, &forwarded),
            origin: origin::asked_for(headers, &forwarded, secure),
            forwarded,
            secure,
            request_id,
            address: address.to_owned(),
            here: match *request.method() {
                Method::GET | Method::HEAD => address.to_owned(),
                _ => came_from(headers).unwrap_or_else(|| "/".to_owned()),
            },
            came_from: came_from(headers),
            theme,
            expired: changed && had_cookie,
            state: Mutex::new(state),
        }))
    }

    /// The logged-in user.
    #[must_use]
    pub fn user(&self) -> Option<User> {
        self.state().session.user()
    }

    /// The logged-in user; other visitors are sent to log in.
    pub fn require_user(&self) -> Result<User, Failure> {
        self.user().ok_or(Failure::NotLoggedIn)
    }

    /// The logged-in manager.
    pub fn require_manager(&self) -> Result<User, Failure> {
        let user = self.require_user()?;
        if user.manager { Ok(user) } else { Err(Failure::Forbidden) }
    }

    /// Begins a session for whom the gateway let in; whatever session there was ends.
    pub fn log_in(&self, login: Login) {
        let fresh = self.fresh_session();
        let mut state = self.state();
        let position = state.session.position;
        state.session = Session { login: Some(login), position, ..fresh };
        state.changed = true;
    }

    /// Ends the session here. Ending it at the gateway is a separate call.
    pub fn log_out(&self) {
        let fresh = self.fresh_session();
        let mut state = self.state();
        state.session = fresh;
        state.changed = true;
    }

    /// Says `text` once, on the next page that this visitor sees.
    pub fn say(&self, text: impl Into<String>) {
        let mut state = self.state();
        state.session.notice = Some(text.into());
        state.changed = true;
    }

    /// The frame of a page. Takes the pending notice.
    #[must_use]
    pub fn frame(&self, title: impl Into<String>) -> Frame {
        let csrf = self.form_token();
        let mut state = self.state();
        let notice = state.session.notice.take();
        state.changed |= notice.is_some();
        let visitor = state.session.user().map(|user| Visitor { name: user.name, csrf });
        drop(state);
        let path = self.0.address.split('?').next().unwrap_or("/");
        Frame {
            chrome: self.0.site.0.chrome,
            title: title.into(),
            description: None,
            theme: self.0.theme,
            path: path.to_owned(),
            address: self.0.address.clone(),
            here: self.0.here.clone(),
            visitor,
            notice,
            query: String::new(),
            refresh_seconds: None,
            guide: None,
        }
    }

    /// The token that a form of this visitor's must carry. Gives an anonymous visitor a session to bind it to.
    #[must_use]
    pub fn csrf(&self) -> String {
        let mut state = self.state();
        state.changed |= state.session.login.is_none();
        drop(state);
        self.form_token()
    }

    /// A key for one rendered form: sent twice, it acts once.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        let config = &self.0.site.0.config;
        config.ids.uuid(config.clock.now()).to_string()
    }

    /// A password to hand over to someone: 79 random bits.
    #[must_use]
    pub fn suggested_password(&self) -> String {
        self.0.site.0.config.ids.letters::<16>()
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.site.0.config.clock.now()
    }

    /// Whether the visitor's log-in is still valid by this website's clock.
    pub(crate) fn is_logged_in_by_now(&self) -> bool {
        let now = self.now();
        self.state().session.login.as_ref().is_some_and(|login| now < login.expires_at)
    }

    /// The zone in which pages write times.
    pub(crate) async fn zone(&self) -> Zone {
        let site = &self.0.site.0;
        site.calendar.zone(&*site.config.clock, &site.client).await
    }

    /// Ends when the site does; pages that go on end with it.
    #[must_use]
    pub fn shutdown(&self) -> CancellationToken {
        self.0.site.0.config.shutdown.clone()
    }

    /// Where the visitor asked for the site, such as `https://shop.example`; none if the request does not say so.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.0.origin.as_deref()
    }

    /// Path and query of the page asked for.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The page of this site that the visitor was on before, if the browser sends it.
    #[must_use]
    pub fn came_from(&self) -> Option<&str> {
        self.0.came_from.as_deref()
    }

    pub(crate) fn request_id(&self) -> &HeaderValue {
        &self.0.request_id
    }

    pub(crate) fn is_genuine(&self, token: &str) -> bool {
        let id = self.state().session.id.to_string();
        self.0.site.0.cookies.proves(&id, token)
    }

    /// Whether the visitor was logged in, or had a form, in a session that is over.
    pub(crate) fn has_expired(&self) -> bool {
        self.0.expired
    }

    pub(crate) fn keep_typed(&self, typed: Typed) {
        self.state().typed = typed;
    }

    pub(crate) fn typed(&self) -> Typed {
        self.state().typed.clone()
    }

    /// Adds the cookie to an answer if the session changed.
    pub(crate) fn finish(&self, headers: &mut HeaderMap) {
        let site = &self.0.site.0;
        let state = self.state();
        if !state.changed {
            return;
        }
        let plain = serde_json::to_vec(&state.session).expect("a session is plain data");
        let sealed = site.cookies.seal(&site.config.ids, &plain);
        let secure = if self.0.secure { "; Secure" } else { "" };
        let name = cookie_name(&self.0.site, self.0.secure);
        let cookie = format!("{name}={sealed}; Path=/; HttpOnly; SameSite=Lax{secure}");
        let cookie = HeaderValue::try_from(cookie).expect("base64 is visible ASCII");
        headers.append(SET_COOKIE, cookie);
    }

    /// What proxies say of the visitor.
    pub(crate) fn forwarded(&self) -> &Forwarded {
        &self.0.forwarded
    }

    /// The visitor's address as limits count it.
    pub(crate) fn client_address(&self) -> Option<ClientAddress> {
        self.0.forwarded.address()
    }

    /// Whether the visitor came over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.secure
    }

    pub(crate) fn site(&self) -> &Site {
        &self.0.site
    }

    /// Whether what is shown concerns one person.
    pub(crate) fn is_personal(&self) -> bool {
        self.state().session.login.is_some()
    }

    fn form_token(&self) -> String {
        let id = self.state().session.id.to_string();
        self.0.site.0.cookies.token(&id)
    }

    fn fresh_session(&self) -> Session {
        let config = &self.0.site.0.config;
        Session::new(&config.ids, config.clock.now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.0.state)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get().cloned().ok_or(Failure::Broken)
    }
}

/// With TLS the browser takes the cookie from this very host only (RFC 6265bis, 4.1.3.2).
fn cookie_name(site: &Site, secure: bool) -> String {
    format!("{}{}", if secure { "__Host-" } else { "" }, site.0.chrome.cookie)
}

fn opened(site: &Site, sealed: &str, now: Timestamp) -> Option<Session> {
    let plain = site.0.cookies.open(sealed)?;
    let session: Session = serde_json::from_slice(&plain).ok()?;
    session.login.as_ref().is_none_or(|login| login.expires_at > now).then_some(session)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(found, _)| found.trim() == name)?;
    (value.len() <= COOKIE_BYTES_MAX).then_some(value.trim())
}

fn request_id(site: &Site, headers: &HeaderMap) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    headers.get(X_REQUEST_ID).filter(sane).cloned().unwrap_or_else(|| {
        let id = site.0.config.ids.uuid(site.0.config.clock.now()).to_string();
        HeaderValue::try_from(id).expect("a UUID is visible ASCII")
    })
}

/// Path and query of the `Referer`. The browser sends it only within the site: another site's path would be just a page of ours.
fn came_from(headers: &HeaderMap) -> Option<String> {
    let referer: hyper::Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    let address = referer.path_and_query()?.as_str();
    crate::local_path(address).map(str::to_owned)
}
