//! Reactions and effects as closures.

use std::marker::PhantomData;

use futures_util::FutureExt as _;
use kernel::{Event, Recorded};
use runtime::{Delivery, Follower, Reaction, Reactor, Unfit};

use crate::{Aggregate, Happened, Id, aggregate::Rules, commands::stream};

/// A closure that turns events of the family `E` into commands to an aggregate.
pub(crate) struct Reacting<A, E, F> {
    name: &'static str,
    react: F,
    of: PhantomData<fn() -> (A, E)>,
}

impl<A, E, F> Reacting<A, E, F> {
    pub(crate) fn new(name: &'static str, react: F) -> Self {
        Self { name, react, of: PhantomData }
    }
}

impl<A, E, F> Reactor for Reacting<A, E, F>
where
    A: Aggregate,
    E: Event,
    F: Fn(&Happened<E>) -> Option<(Id, A::Command)> + Send + 'static,
{
    type Aggregate = Rules<A>;
    const NAME: &'static str = "";

    fn name(&self) -> &str {
        self.name
    }

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<A::Command>>, Unfit> {
        let Some(happened) = Happened::of(event)? else { return Ok(None) };
        let Some((id, command)) = (self.react)(&happened) else { return Ok(None) };
        let stream = stream::<A>(&id).map_err(|error| Unfit::broken(error.to_string()))?;
        Ok(Some(Reaction { stream, command }))
    }
}

/// A closure that has an external effect for every event of the family `E`.
pub(crate) fn following<E, F, D>(effect: F) -> impl Follower
where
    E: Event,
    F: Fn(Happened<E>) -> D + Send + 'static,
    D: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    move |event: &Recorded| {
        let Some(happened) = Happened::of(event)? else { return Ok(None) };
        let done = effect(happened).map(|done| done.map_err(|error| format!("{error:#}")));
        Ok::<Option<Delivery>, Unfit>(Some(done.boxed()))
    }
}
