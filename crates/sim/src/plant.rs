//! Planted bugs: five ways to break a promise, each of which the worlds must find.
//!
//! They are planted from outside, at the ports, so that no line of the services knows of them.

use bus::{Append, NoReply, Page, Read};
use kernel::{Actor, EventId, NewEvent};

use crate::dice::Dice;

/// A bug, planted into a whole world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// The event store answers before its events are on the disk.
    AnswerBeforeSync,
    /// The product service releases what it had reserved twice.
    DoubleRelease,
    /// The accounting service forgets to record what it reacted to.
    LostCauseMark,
    /// A subscriber goes on behind a gap.
    SkippedGap,
    /// The order service never looks at the clock.
    IgnoredDeadline,
}

impl Plant {
    pub const ALL: [Self; 5] =
        [Self::AnswerBeforeSync, Self::DoubleRelease, Self::LostCauseMark, Self::SkippedGap, Self::IgnoredDeadline];

    pub(crate) fn spoil_append(self, mut append: Append) -> Result<Append, NoReply> {
        match self {
            Self::DoubleRelease => {
                let twice = |event: &NewEvent| match event.kind.as_str() {
                    "product.stock-released" => vec![event.clone(), again(event)],
                    _ => vec![event.clone()],
                };
                append.events = append.events.iter().flat_map(twice).collect();
            }
            Self::LostCauseMark if append.stream == contracts::accounting::stream() => {
                let forgetful = |event: &NewEvent| {
                    let mut event = event.clone();
                    event.metadata.cause = None;
                    event
                };
                append.events = append.events.iter().map(forgetful).collect();
            }
            Self::IgnoredDeadline => {
                let deadline = Actor::Reactor("order-deadline".into());
                if append.events.iter().any(|event| event.metadata.actor == deadline) {
                    return Err(NoReply::Lost);
                }
            }
            Self::LostCauseMark | Self::AnswerBeforeSync | Self::SkippedGap => {}
        }
        Ok(append)
    }

    pub(crate) fn spoil_page(self, read: &Read, mut page: Page, dice: &Dice) -> Page {
        if self == Self::SkippedGap && matches!(read, Read::All { .. }) && !page.events.is_empty() && dice.happens(20) {
            page.events.remove(0);
        }
        page
    }
}

/// The same event once more, as another event.
fn again(event: &NewEvent) -> NewEvent {
    let id = EventId(uuid::Uuid::from_u128(event.id.0.as_u128() ^ 1));
    NewEvent { id, ..event.clone() }
}
