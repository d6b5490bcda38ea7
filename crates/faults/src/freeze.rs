//! Frozen work: it is not polled, as that of a process that got SIGSTOP.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use futures_util::future::BoxFuture;
use kernel::sync;

/// Freezes what runs under it, and lets it continue. Clones freeze the same work.
#[derive(Clone, Default)]
pub struct Freezer(Arc<Inner>);

#[derive(Default)]
struct Inner {
    frozen: AtomicBool,
    number: AtomicU64,
    /// What was woken while it was frozen, by number.
    woken: Mutex<BTreeMap<u64, Waker>>,
}

/// Work under a freezer.
struct Freezable<T> {
    work: BoxFuture<'static, T>,
    freezer: Freezer,
    number: u64,
}

impl Freezer {
    /// Lets nothing continue beyond the await it has reached.
    pub fn freeze(&self) {
        self.0.frozen.store(true, Ordering::SeqCst);
    }

    /// Lets everything continue.
    pub fn thaw(&self) {
        let woken = {
            let mut woken = sync::lock(&self.0.woken);
            self.0.frozen.store(false, Ordering::SeqCst);
            std::mem::take(&mut *woken)
        };
        woken.into_values().for_each(Waker::wake);
    }

    /// Whether it is frozen now.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.0.frozen.load(Ordering::SeqCst)
    }

    /// The same work, which this freezes.
    pub fn around<T: 'static>(&self, work: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
        let number = self.0.number.fetch_add(1, Ordering::Relaxed);
        Box::pin(Freezable { work, freezer: self.clone(), number })
    }

    /// Whether that work must wait; then it is woken when it may continue.
    fn holds(&self, number: u64, waker: &Waker) -> bool {
        if !self.is_frozen() {
            return false;
        }
        let mut woken = sync::lock(&self.0.woken);
        let is_frozen = self.is_frozen();
        if is_frozen {
            woken.insert(number, waker.clone());
        }
        is_frozen
    }
}

impl<T> Future for Freezable<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if self.freezer.holds(self.number, context.waker()) {
            return Poll::Pending;
        }
        self.work.as_mut().poll(context)
    }
}

impl<T> Drop for Freezable<T> {
    fn drop(&mut self) {
        sync::lock(&self.freezer.0.woken).remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_frozen_stands_still_until_it_thaws() {
        let freezer = Freezer::default();
        let (send, mut receive) = tokio::sync::mpsc::channel(8);
        let counting = async move {
            for n in 0..3 {
                send.send(n).await.expect("someone listens");
                tokio::task::yield_now().await;
            }
        };
        freezer.freeze();
        #[expect(clippy::disallowed_methods, reason = "a task of the test's own")]
        let task = tokio::spawn(freezer.around(Box::pin(counting)));
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(receive.try_recv().is_err() && !task.is_finished());
        freezer.thaw();
        task.await.expect("it goes on");
        assert_eq!([receive.recv().await, receive.recv().await], [Some(0), Some(1)]);
    }
}
