//! Where events are read from: a running shop, or the log of a stopped one.

use std::{collections::VecDeque, ops::ControlFlow};

use serde_json::Value;

use super::{Filter, embedded};
use crate::{client::Client, shop, stopped::Stopped};

/// Events asked for at once.
const PAGE: usize = 500;
/// How far back the newest events of some kind are looked for at first; then twice as far, and so on.
const WINDOW: u64 = 1000;

pub(super) enum Source {
    Running(Client),
    Stopped(Stopped),
}

impl Source {
    /// Shows `visit` the wanted events in order, page after page, until it has enough. `at_most` is how many it may want.
    pub(super) async fn each(
        &self,
        filter: &Filter,
        at_most: usize,
        mut visit: impl FnMut(&Value) -> anyhow::Result<ControlFlow<()>>,
    ) -> anyhow::Result<()> {
        let client = match self {
            Self::Running(client) => client,
            Self::Stopped(shop) => {
                for event in embedded::recorded(shop, filter)? {
                    if visit(&event?)?.is_break() {
                        break;
                    }
                }
                return Ok(());
            }
        };
        let (path, limit) = (filter.path(), at_most.min(PAGE));
        let mut after: Option<String> = None;
        loop {
            // Where the store cannot filter, a page may hold less than is wanted.
            let (events, next) =
                shop::page::<Value>(client, &path, limit, after.as_deref()).await?;
            for event in events.iter().filter(|event| filter.wants(event)) {
                if visit(event)?.is_break() {
                    return Ok(());
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// The last `count` of the wanted events, in order.
    pub(super) async fn last(&self, filter: &Filter, count: usize) -> anyhow::Result<Vec<Value>> {
        let Self::Running(client) = self else { return self.last_of_all(filter, count).await };
        if filter.stream.is_some() {
            return self.last_of_all(filter, count).await;
        }
        // Backwards: the newest events of a long log are found without reading all of it.
        let mut window = WINDOW.max(u64::try_from(count)?);
        let mut end = super::head(client).await? + 1;
        let mut found = VecDeque::new();
        while end > 1 && found.len() < count {
            let begin = end.saturating_sub(window).max(1);
            let window_filter = Filter { from: Some(begin), ..filter.clone() };
            let mut inside = Vec::new();
            let visit = |event: &Value| {
                if super::position(event) >= end {
                    return Ok(ControlFlow::Break(()));
                }
                inside.push(event.clone());
                Ok(ControlFlow::Continue(()))
            };
            self.each(&window_filter, PAGE, visit).await?;
            inside.into_iter().rev().for_each(|event| found.push_front(event));
            (end, window) = (begin, window * 2);
        }
        let spare = found.len().saturating_sub(count);
        Ok(found.into_iter().skip(spare).collect())
    }

    async fn last_of_all(&self, filter: &Filter, count: usize) -> anyhow::Result<Vec<Value>> {
        let mut last = VecDeque::new();
        let visit = |event: &Value| {
            last.push_back(event.clone());
            if last.len() > count {
                last.pop_front();
            }
            Ok(ControlFlow::Continue(()))
        };
        self.each(filter, PAGE, visit).await?;
        Ok(last.into())
    }
}
