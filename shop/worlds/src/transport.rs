//! A bus that loses, repeats, delays and reorders messages, determined by its seed.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::Recorded;
use runtime::Tasks;
use store::{
    Append, Appended, Memory, Message, NoReply, Page, Read, Receiver, Requests, Topic, Transport,
};

use crate::{
    dice::Dice,
    faults::{Fault, Tally, Weather},
    plant::Plant,
};

/// The in-memory transport in bad weather.
pub(crate) struct Stormy {
    calm: Arc<Memory>,
    dice: Dice,
    tally: Tally,
    weather: std::sync::Mutex<Weather>,
    /// Carries what arrives later.
    tasks: Tasks,
    plant: Option<Plant>,
}

impl Stormy {
    pub(crate) fn new(dice: Dice, tally: Tally, tasks: Tasks, plant: Option<Plant>) -> Self {
        Self {
            calm: Arc::default(),
            dice,
            tally,
            weather: std::sync::Mutex::default(),
            tasks,
            plant,
        }
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        *self.weather.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = weather;
    }

    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn strikes(&self, per_mille: u16, fault: Fault) -> bool {
        let happens = per_mille > 0 && self.dice.happens(per_mille);
        if happens {
            self.tally.count(fault);
        }
        happens
    }

    /// Delivers a message after a while.
    fn later(&self, message: Message) {
        let (calm, pause) =
            (Arc::clone(&self.calm), Duration::from_millis(self.dice.within(1..3000)));
        self.tasks.spawn("late message", async move {
            tokio::time::sleep(pause).await;
            calm.publish(message).await;
        });
    }

    /// What becomes of a request: lost on the way (`None`), or delivered after a pause.
    async fn on_the_way(&self, timeout: Duration) -> Result<(), NoReply> {
        let weather = self.weather();
        if self.strikes(weather.request_lost, Fault::RequestLost) {
            tokio::time::sleep(timeout).await;
            return Err(NoReply::TimedOut);
        }
        if self.strikes(weather.request_delayed, Fault::RequestDelayed) {
            tokio::time::sleep(Duration::from_millis(self.dice.within(1..500))).await;
        }
        Ok(())
    }

    async fn on_the_way_back<A>(&self, answer: A, timeout: Duration) -> Result<A, NoReply> {
        if self.strikes(self.weather().reply_lost, Fault::ReplyLost) {
            tokio::time::sleep(timeout).await;
            return Err(NoReply::TimedOut);
        }
        Ok(answer)
    }
}

#[async_trait]
impl Transport for Stormy {
    async fn subscribe(&self, topic: Topic) -> Receiver {
        self.calm.subscribe(topic).await
    }

    async fn publish(&self, message: Message) {
        let Message::Recorded(batch) = message else {
            return self.calm.publish(message).await;
        };
        let weather = self.weather();
        let arrives =
            |event: &&Arc<Recorded>| !self.plant.is_some_and(|plant| plant.stops_at(event));
        let mut messages: Vec<Message> = batch
            .iter()
            .filter(arrives)
            .map(|event| Message::Recorded(Arc::from(vec![Arc::clone(event)])))
            .collect();
        if messages.len() > 1
            && self.strikes(weather.broadcast_reordered, Fault::BroadcastReordered)
        {
            messages.reverse();
        }
        for message in messages {
            if self.strikes(weather.broadcast_lost, Fault::BroadcastLost) {
                continue;
            }
            if self.strikes(weather.broadcast_repeated, Fault::BroadcastRepeated) {
                self.later(message.clone());
            }
            if self.strikes(weather.broadcast_delayed, Fault::BroadcastDelayed) {
                self.later(message);
            } else {
                self.calm.publish(message).await;
            }
        }
    }

    async fn append(&self, append: Append, timeout: Duration) -> Result<Appended, NoReply> {
        self.on_the_way(timeout).await?;
        let append = match self.plant {
            Some(plant) => plant.spoil_append(append)?,
            None => append,
        };
        if self.strikes(self.weather().request_repeated, Fault::RequestRepeated) {
            let (calm, again, pause) =
                (Arc::clone(&self.calm), append.clone(), self.dice.within(1..2000));
            self.tasks.spawn("repeated request", async move {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                let _nobody_waits = calm.append(again, timeout).await;
            });
        }
        let answer = self.calm.append(append, timeout).await?;
        self.on_the_way_back(answer, timeout).await
    }

    async fn read(&self, read: Read, timeout: Duration) -> Result<Page, NoReply> {
        self.on_the_way(timeout).await?;
        let page = self.calm.read(read.clone(), timeout).await?;
        let page = match self.plant {
            Some(plant) => plant.spoil_page(&read, page, &self.dice),
            None => Ok(page),
        };
        if page.is_err() {
            tokio::time::sleep(timeout).await;
        }
        self.on_the_way_back(page?, timeout).await
    }

    async fn serve_appends(&self) -> Requests<Append, Appended> {
        self.calm.serve_appends().await
    }

    async fn serve_reads(&self) -> Requests<Read, Page> {
        self.calm.serve_reads().await
    }
}
