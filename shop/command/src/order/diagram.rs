//! A saga as a sequence diagram of characters: a lifeline for each participant, a line for each recorded event.

use std::time::Duration;

use super::step::{Cause, Saga};

/// The services, in the order in which an order usually comes to them.
const SERVICES: [&str; 4] = ["order", "product", "customer", "accounting"];
/// The width of `+12345.6 ms`.
const TIME_WIDTH: usize = 11;
/// Where the first lifeline is: far enough from the time for half of a name above it.
const FIRST_COLUMN: usize = TIME_WIDTH + 5;
/// Between the last lifeline and an event's type.
const BLANKS: &str = "   ";
/// Between two lifelines: room for an arrow and for the names above.
const GAP_MIN: usize = 11;
const GAP_MAX: usize = 20;

/// What lines are drawn with.
#[derive(Clone, Copy)]
pub(super) struct Glyphs {
    lifeline: char,
    line: char,
    crossing: char,
    recorded: char,
    right: char,
    left: char,
    from_right: char,
    from_left: char,
}

pub(super) struct Diagram<'a> {
    pub(crate) saga: &'a Saga,
    pub(crate) glyphs: Glyphs,
    /// Columns that a line may have.
    pub(crate) width: usize,
}

impl Glyphs {
    pub(super) const UNICODE: Self = Self {
        lifeline: '│',
        line: '─',
        crossing: '┼',
        recorded: '●',
        right: '▶',
        left: '◀',
        from_right: '┤',
        from_left: '├',
    };
    pub(super) const ASCII: Self = Self {
        lifeline: '|',
        line: '-',
        crossing: '+',
        recorded: 'o',
        right: '>',
        left: '<',
        from_right: '+',
        from_left: '+',
    };
}

impl Diagram<'_> {
    pub(super) fn lines(&self) -> Vec<String> {
        let participants = self.participants();
        let labels: Vec<_> = (0..self.saga.steps.len()).map(|index| self.label(index)).collect();
        let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let arrows = self.width.saturating_sub(FIRST_COLUMN + 1 + BLANKS.len() + longest);
        let gap = (arrows / participants.len().saturating_sub(1).max(1)).min(GAP_MAX);
        let mut lines = Vec::new();
        if gap >= GAP_MIN {
            let columns: Vec<_> =
                (0..participants.len()).map(|index| FIRST_COLUMN + index * gap).collect();
            lines.push(names(&participants, &columns));
            for (index, label) in labels.iter().enumerate() {
                let after = millis(self.saga.after(index));
                let drawn = self.arrow(index, &participants, &columns);
                lines.push(format!("{after:>TIME_WIDTH$}{drawn}{BLANKS}{label}"));
            }
        } else {
            for (index, label) in labels.iter().enumerate() {
                let after = millis(self.saga.after(index));
                lines.push(fit(&format!("{after:>TIME_WIDTH$}  {label}"), self.width));
            }
        }
        let steps = self.saga.steps.len();
        let total = millis(self.saga.total());
        lines.push(fit(&format!("{total:>TIME_WIDTH$}  in total, {steps} steps"), self.width));
        lines
    }

    /// The requester, the services, and any other actor that recorded something.
    fn participants(&self) -> Vec<String> {
        let mut participants = vec![self.requester()];
        participants.extend(SERVICES.map(str::to_owned));
        for step in &self.saga.steps {
            if !participants.iter().skip(1).any(|known| *known == step.service) {
                participants.push(step.service.clone());
            }
        }
        participants
    }

    /// The customer that made the request is not the customer service.
    fn requester(&self) -> String {
        match self.saga.requester() {
            "customer" => "shopper".to_owned(),
            other => other.to_owned(),
        }
    }

    /// The event's type, and how long it took or why it came.
    fn label(&self, index: usize) -> String {
        let event = self.saga.steps.get(index).map_or("", |step| step.event.as_str());
        match (self.saga.cause(index), self.saga.took(index)) {
            (Cause::Deadline, _) => format!("{event}  (deadline)"),
            (_, Some(took)) if took > Duration::ZERO => {
                format!("{event}  {}", millis(took).trim_start_matches('+'))
            }
            _ => event.to_owned(),
        }
    }

    /// The lifelines of one line, with the event on its own and the arrow to it from what it followed from.
    fn arrow(&self, index: usize, participants: &[String], columns: &[usize]) -> String {
        let glyphs = self.glyphs;
        let column = |service: &str| {
            let found = participants.iter().skip(1).position(|name| name == service);
            found.and_then(|place| columns.get(place + 1).copied()).unwrap_or(0)
        };
        let of_step =
            |index: usize| self.saga.steps.get(index).map_or(0, |step| column(&step.service));
        let to = of_step(index);
        let from = match self.saga.cause(index) {
            Cause::Request => columns.first().copied().unwrap_or(to),
            Cause::Step(cause) => of_step(cause),
            Cause::Deadline => to,
        };
        let last = columns.last().copied().unwrap_or(0);
        let (start, end) = (from.min(to), from.max(to));
        (TIME_WIDTH..=last)
            .map(|place| match (place, columns.contains(&place)) {
                (place, _) if place == to => glyphs.recorded,
                (place, _) if place == from && from < to => glyphs.from_left,
                (place, _) if place == from => glyphs.from_right,
                (place, _) if from < to && place + 1 == to => glyphs.right,
                (place, _) if from > to && place == to + 1 => glyphs.left,
                (place, true) if start < place && place < end => glyphs.crossing,
                (place, false) if start < place && place < end => glyphs.line,
                (_, true) => glyphs.lifeline,
                (_, false) => ' ',
            })
            .collect()
    }
}

/// The participants' names, each centred over its lifeline.
fn names(participants: &[String], columns: &[usize]) -> String {
    let mut line = String::new();
    for (name, column) in participants.iter().zip(columns) {
        let name = fit(name, GAP_MIN - 1);
        let begin = column.saturating_sub(name.chars().count() / 2);
        let blanks = begin.saturating_sub(line.chars().count());
        line.extend(std::iter::repeat_n(' ', blanks));
        line.push_str(&name);
    }
    line
}

fn fit(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

fn millis(duration: Duration) -> String {
    format!("+{:.1} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::*;
    use crate::order::step::Step;

    fn saga(events: &[&str]) -> Saga {
        let step = |(index, event): (u64, &&str)| Step {
            event: (*event).to_owned(),
            service: event.split('.').next().unwrap_or_default().to_owned(),
            actor: "manager:1".to_owned(),
            at: Timestamp::from_micros(1500) + Duration::from_millis(index),
            position: index,
        };
        Saga::of((0..).zip(events).map(step).collect())
    }

    #[test]
    fn no_line_is_wider_than_asked_for() {
        let events = ["order.placed", "product.stock-reserved", "loyalty.points-granted"];
        let saga = saga(&events);
        for width in 1..200 {
            let lines = Diagram { saga: &saga, glyphs: Glyphs::UNICODE, width }.lines();
            let widest = lines.iter().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{width}:\n{}", lines.join("\n"));
        }
    }

    #[test]
    fn a_service_that_is_not_known_yet_has_a_lifeline_too() {
        let saga = saga(&["order.placed", "loyalty.points-granted"]);
        let lines = Diagram { saga: &saga, glyphs: Glyphs::ASCII, width: 120 }.lines();
        let names = lines.first().expect("the names");
        assert!(names.ends_with("loyalty"), "{names}");
        let granted = lines.get(2).expect("a line for each event");
        assert!(granted.contains(">o   loyalty.points-granted"), "{granted}");
    }
}
