//! Requests that are refused because their token has expired: a program that keeps sending one is reported to operators.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use axum::response::Response;
use hyper::{
    HeaderMap, StatusCode, Uri,
    header::{HeaderValue, USER_AGENT, WWW_AUTHENTICATE},
};
use identity::{TOKEN_LIFETIME, TokenError};
use kernel::sync;
use web::Context;

use web::watch::{Condition, State};

/// Refusals of the last while are looked at.
const WHILE: Duration = Duration::from_secs(10);
/// Of one sender, so many within it are more than someone who comes back to a page that was left open.
const MANY: usize = 5;
/// Refusals kept at once.
const KEPT_MAX: usize = 256;
/// What is shown of the name that a program gives itself, in characters.
const AGENT_MAX: usize = 60;

/// The refusals of the last while, the newest last.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<VecDeque<Refusal>>);

struct Refusal {
    at: Duration,
    sender: String,
    path: String,
}

/// Who asks, and for what: known before the answer is.
pub(crate) struct Asked {
    agent: Option<HeaderValue>,
    uri: Uri,
}

impl Asked {
    /// Nothing is copied: every request comes past here.
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri) -> Self {
        Self { agent: headers.get(USER_AGENT).cloned(), uri: uri.clone() }
    }

    fn sender(&self, context: &Context) -> String {
        let named = self.agent.as_ref().and_then(|agent| agent.to_str().ok());
        let agent: String =
            named.unwrap_or("a program without a name").chars().take(AGENT_MAX).collect();
        format!("{agent} at {}", context.client())
    }
}

impl Refusals {
    /// Takes note of an answer.
    pub(crate) fn note(&self, asked: &Asked, context: &Context, answer: &Response, now: Duration) {
        if answer.status() != StatusCode::UNAUTHORIZED || !is_expired(answer.headers()) {
            return;
        }
        let mut refusals = sync::lock(&self.0);
        if refusals.len() >= KEPT_MAX {
            refusals.pop_front();
        }
        let (sender, path) = (asked.sender(context), asked.uri.path().to_owned());
        refusals.push_back(Refusal { at: now, sender, path });
    }

    /// Forgets them: what caused them is over.
    pub(crate) fn forget(&self) {
        sync::lock(&self.0).clear();
    }

    /// How the gateway is: it warns of a sender that keeps sending an expired token.
    pub(crate) fn condition(&self, now: Duration) -> Condition {
        let mut refusals = sync::lock(&self.0);
        refusals.retain(|refusal| refusal.at + WHILE > now);
        let Some(last) = refusals.back() else { return Condition::ready() };
        let times = refusals.iter().filter(|one| one.sender == last.sender).count();
        if times < MANY {
            return Condition::ready();
        }
        let Refusal { sender, path, .. } = last;
        let reason = format!(
            "{sender} keeps sending a token that has expired: {times} requests in the last {} s were refused with 401, the last one for {path}. \
             A token holds for {} hours; the program has to log in again after that.",
            WHILE.as_secs(),
            TOKEN_LIFETIME.as_secs() / 3_600,
        );
        Condition { state: State::Degraded, reason, since: None }
    }
}

fn is_expired(headers: &HeaderMap) -> bool {
    let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    challenge.is_some_and(|challenge| challenge.contains(&TokenError::Expired.to_string()))
}
