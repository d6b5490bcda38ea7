//! The serving end of a request queue.

use tokio::sync::{mpsc, oneshot};

/// A question with the way back for its answer.
#[derive(Debug)]
pub struct Incoming<Q, A> {
    /// What is asked.
    pub question: Q,
    answer: oneshot::Sender<A>,
}

impl<Q, A> Incoming<Q, A> {
    /// A question, and where its answer will arrive.
    pub fn new(question: Q) -> (Self, oneshot::Receiver<A>) {
        let (answer, receiver) = oneshot::channel();
        (Self { question, answer }, receiver)
    }

    /// Whether an answer is still waited for.
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    /// Answers, even if the questioner has given up.
    pub fn answer(self, answer: A) {
        let _gave_up = self.answer.send(answer);
    }

    /// The question, and what will answer it.
    pub fn split(self) -> (Q, impl FnOnce(A)) {
        let answer = self.answer;
        (self.question, move |reply| {
            let _gave_up = answer.send(reply);
        })
    }
}

/// The questions of one queue.
#[derive(Debug)]
pub struct Requests<Q, A>(mpsc::Receiver<Incoming<Q, A>>);

impl<Q, A> Requests<Q, A> {
    /// Requests arriving through `receiver`; for transports.
    #[must_use]
    pub fn new(receiver: mpsc::Receiver<Incoming<Q, A>>) -> Self {
        Self(receiver)
    }

    /// Waits for a question and takes with it whatever else is waiting, `limit` at most. Empty when another server has taken
    /// over or the transport is gone. Dropping the future loses nothing.
    ///
    /// Questions whose questioner has given up are passed over. A server that answered them while others wait would, once it is
    /// slower than its clients are patient, do nothing but work that is thrown away.
    pub async fn next_batch(&mut self, limit: usize) -> Vec<Incoming<Q, A>> {
        let mut batch = Vec::new();
        while batch.is_empty() && self.0.recv_many(&mut batch, limit).await > 0 {
            batch.retain(Incoming::is_wanted);
        }
        batch
    }
}
