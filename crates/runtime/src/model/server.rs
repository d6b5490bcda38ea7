//! Read models on servers that instances share: what their engines have in common, and what replaces one that is not built in.

use std::{
    convert::Infallible,
    fmt,
    future::poll_fn,
    marker::PhantomData,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures_util::future::maybe_done;

use super::ReadModel;
use crate::{LocationError, ModelError, Tasks};

/// Timeout of a whole call, connecting included: callers are promised an answer within 2 s.
pub const CALL: Duration = Duration::from_millis(1900);
/// Timeout for connecting.
pub const CONNECT: Duration = Duration::from_secs(1);
/// How long a server lets a client rest within a transaction. A process that freezes there holds its locks no longer than its lease, so
/// another one can take over.
pub const TRANSACTION_REST: Duration = Duration::from_secs(5);

/// Calls that are sent before the answer to the first one has come.
const SENT_AHEAD: usize = 256;

/// Sends calls in their order without waiting for the answer to one before the next, and returns the first error. Where each call is a
/// statement in a transaction on one connection, a batch takes a few round trips instead of one for each statement. A call has sent what
/// it has to say when it is polled for the first time.
pub async fn pipelined<C, T, E>(calls: impl IntoIterator<Item = C>) -> Result<(), E>
where
    C: Future<Output = Result<T, E>>,
{
    let mut calls = calls.into_iter();
    loop {
        let mut sent: Vec<_> =
            calls.by_ref().take(SENT_AHEAD).map(|call| Box::pin(maybe_done(call))).collect();
        if sent.is_empty() {
            return Ok(());
        }
        poll_fn(|context| {
            for call in &mut sent {
                let _answered = call.as_mut().poll(context);
            }
            Poll::Ready(())
        })
        .await;
        for mut call in sent {
            call.as_mut().await;
            call.as_mut().take_output().transpose()?;
        }
    }
}

/// An engine that keeps models on a server, and that a program can be built without.
pub trait ServerEngine: Send + Sync + 'static {
    /// What people call it.
    const NAME: &'static str;
    /// The feature of the program that adds it.
    const FEATURE: &'static str;
    /// What the address of a model begins with.
    const SCHEMES: &'static [&'static str];
    /// All forms of a model's location, for error messages.
    const FORMS: &'static str;
    /// Whose model it is, as in the setting `MODEL-model`.
    const MODEL: &'static str;
}

/// A read model's place on a server.
pub trait ServerLocation: FromStr<Err = LocationError> {
    /// What keeps it there.
    type Engine: ServerEngine;
}

/// Opens a model on a server. A server that does not answer may do so later; one that refuses us is an error.
pub async fn opened<M: ReadModel>(model: M, name: &str) -> Result<Arc<M>, ModelError> {
    match model.checkpoint().await {
        Ok(_) => {}
        Err(ModelError::Unavailable(reason)) => {
            tracing::warn!(reason, "{name} read model not reachable yet; retrying");
        }
        Err(error) => return Err(error),
    }
    Ok(Arc::new(model))
}

/// A server as its errors name it, and whether the model there was found or made ours since the start.
pub struct Remote<E> {
    /// The server's address without what is secret.
    address: String,
    opened: AtomicBool,
    engine: PhantomData<E>,
}

impl<E: ServerEngine> Remote<E> {
    /// A server at `address`, which holds nothing secret.
    #[must_use]
    pub fn new(address: String) -> Self {
        Self { address, opened: AtomicBool::new(false), engine: PhantomData }
    }

    /// Notes that the model there is ours.
    pub fn mark_ours(&self) {
        self.opened.store(true, Ordering::Relaxed);
    }

    /// Whether this instance has used the model. Only one that starts may replace another layout: one that runs must not undo a newer
    /// one's work.
    #[must_use]
    pub fn was_ours(&self) -> bool {
        self.opened.load(Ordering::Relaxed)
    }

    /// Waits for `work`, but not for longer than `limit`.
    pub async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, ModelError> {
        tokio::time::timeout(limit, work).await.map_err(|_| self.silent("no answer in time"))
    }

    /// It cannot be used now, and may be later.
    pub fn silent(&self, reason: impl fmt::Display) -> ModelError {
        ModelError::Unavailable(format!("{} at {}: {reason}", E::NAME, self.address))
    }

    /// The server responds and denies access.
    pub fn refuses(&self, why: impl fmt::Display) -> ModelError {
        ModelError::Refused(format!("the {} server at {}{why}", E::NAME, self.address))
    }

    /// It rejects the user or the password.
    pub fn refuses_us(&self) -> ModelError {
        self.refuses(" refuses the user or the password")
    }

    /// It requires a password, and none is set.
    pub fn requires_password(&self) -> ModelError {
        self.refuses(" requires a password")
    }

    /// A running instance finds another version's model in the place of its own.
    pub fn replaced(&self) -> ModelError {
        self.silent("the model there belongs to another version")
    }

    /// `place` holds a model of a newer version: one that starts is refused, one that runs waits for its end. `choose` says how to name
    /// another place.
    pub fn newer(&self, place: impl fmt::Display, choose: &str) -> ModelError {
        if self.was_ours() {
            return self.replaced();
        }
        let model = E::MODEL;
        ModelError::Refused(format!(
            "{place} in {} at {} holds the {model} read model of a newer version, so it was left as it is. Start that version, or {choose} in \
             {model}-model",
            E::NAME,
            self.address
        ))
    }

    /// `place` holds something else. `choose` says how to name another place.
    pub fn foreign(&self, place: impl fmt::Display, choose: &str) -> ModelError {
        let model = E::MODEL;
        ModelError::Refused(format!(
            "{place} in {} at {} holds something other than the {model} read model, so it was left as it is; {choose} in {model}-model",
            E::NAME,
            self.address
        ))
    }
}

impl<E: ServerEngine> fmt::Debug for Remote<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({} at {})", E::NAME, self.address)
    }
}

/// A model, and its place, on a server whose engine this program was built without: it can be named, and not be used.
pub struct LeftOut<E>(Infallible, PhantomData<E>);

impl<E> LeftOut<E> {
    /// There is nothing to open.
    #[expect(clippy::unused_async, reason = "the real ones talk to a server")]
    pub async fn open<T>(location: Self, _tasks: &Tasks) -> Result<T, ModelError> {
        match location.0 {}
    }

    /// The same for an engine that needs more than the location.
    #[expect(clippy::unused_async, reason = "the real ones talk to a server")]
    pub async fn open_with<T, W>(
        location: Self,
        _with: W,
        _tasks: &Tasks,
    ) -> Result<T, ModelError> {
        match location.0 {}
    }
}

impl<E> Clone for LeftOut<E> {
    fn clone(&self) -> Self {
        match self.0 {}
    }
}

impl<E> PartialEq for LeftOut<E> {
    fn eq(&self, _: &Self) -> bool {
        match self.0 {}
    }
}

impl<E> Eq for LeftOut<E> {}

impl<E> fmt::Debug for LeftOut<E> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl<E: ServerEngine> ServerLocation for LeftOut<E> {
    type Engine = E;
}

impl<E: ServerEngine> FromStr for LeftOut<E> {
    type Err = LocationError;

    fn from_str(_: &str) -> Result<Self, LocationError> {
        Err(LocationError::LeftOut(left_out(E::NAME, E::FEATURE)))
    }
}

/// What a user reads who names an engine that is not built in.
#[must_use]
pub fn left_out(engine: &str, feature: &str) -> String {
    format!(
        "needs {engine}, which this command was built without: build it with `cargo build --release --features {feature}`, or with \
         everything: `--features full`"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use kernel::sync;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::{ModelLocation, sqlite::Location};

    /// An engine that no program has.
    #[derive(Debug, PartialEq)]
    struct Abacus;

    impl ServerEngine for Abacus {
        const NAME: &'static str = "Abacus";
        const FEATURE: &'static str = "abacus";
        const SCHEMES: &'static [&'static str] = &["abacus"];
        const FORMS: &'static str = "sqlite:FILE or abacus://HOST";
        const MODEL: &'static str = "sums";
    }

    #[test]
    fn a_newer_model_is_refused_at_the_start_and_waited_for_later() {
        let remote = Remote::<Abacus>::new("shelf:1".to_owned());
        let ModelError::Refused(refusal) = remote.newer("the row 7", "choose another row") else {
            panic!("one that starts is refused")
        };
        assert_eq!(
            refusal,
            "the row 7 in Abacus at shelf:1 holds the sums read model of a newer version, so it was left as it is. Start that version, or \
             choose another row in sums-model"
        );
        remote.mark_ours();
        let later = remote.newer("the row 7", "choose another row");
        assert_eq!(later.to_string(), remote.replaced().to_string());
        assert!(matches!(later, ModelError::Unavailable(_)), "{later:?}");
    }

    #[tokio::test]
    async fn calls_are_sent_in_order_before_the_first_answer_and_the_first_error_counts() {
        let (sent, answering) = (&Mutex::new(Vec::new()), &Semaphore::new(0));
        let call = |number: usize| async move {
            sync::lock(sent).push(number);
            let _turn = answering.acquire().await.expect("it stays open");
            if number < 7 { Ok(()) } else { Err(number) }
        };
        let all = pipelined((0..10).map(call));
        tokio::pin!(all);
        assert!(futures_util::poll!(&mut all).is_pending(), "no answer has come");
        assert_eq!(*sync::lock(sent), (0..10).collect::<Vec<_>>());
        answering.add_permits(1);
        assert_eq!(all.await, Err(7));
        assert_eq!(pipelined((0..2000).map(async |_| Ok::<_, ()>(()))).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_answered_in_time_is_unavailable() {
        let remote = Remote::<Abacus>::new("shelf:1".to_owned());
        let silent = remote.within(CALL, std::future::pending::<()>()).await;
        let Err(ModelError::Unavailable(reason)) = silent else { panic!("{silent:?}") };
        assert_eq!(reason, "Abacus at shelf:1: no answer in time");
        assert!(matches!(remote.within(CALL, async { 7 }).await, Ok(7)));
    }

    #[test]
    fn an_engine_that_is_not_built_in_can_be_named_and_not_be_used() {
        let parse = |text: &str| text.parse::<ModelLocation<LeftOut<Abacus>>>();
        let left_out = parse("abacus://shelf").expect_err("it is not built in").to_string();
        assert!(left_out.starts_with("needs Abacus") && left_out.contains("--features abacus"));
        let unknown = parse("slate://shelf").expect_err("there is none").to_string();
        assert_eq!(unknown, "this read model can be at sqlite:FILE or abacus://HOST");
        let file = parse("sqlite:sums.db").expect("a file");
        assert_eq!(file, ModelLocation::Sqlite(Location::File("sums.db".into())));
    }
}
