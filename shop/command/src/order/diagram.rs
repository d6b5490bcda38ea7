//! An order's story as a sequence diagram of characters: a lifeline for each participant, a line for each recorded event.

use std::time::Duration;

use contracts::rest::{
    order::Step,
    story::{Cause, Story},
};

/// The width of `+12345.6 ms`.
const TIME_WIDTH: usize = 11;
/// Where the first lifeline is: far enough from the time for half of a name above it.
const FIRST_COLUMN: usize = TIME_WIDTH + 5;
/// Between the last lifeline and an event's type.
const BLANKS: &str = "   ";
/// Between two lifelines, where whole types are beside them.
const GAP_MIN: usize = 11;
const GAP_MAX: usize = 20;
/// Between two lifelines, where room is short: an arrow still shows where it comes from.
const NARROW_GAP_MIN: usize = 6;
/// What must be left beside narrow lifelines: the part of a type behind its service.
const NARROW_LABEL_MIN: usize = 16;

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
    pub(crate) story: &'a Story,
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
        let labels = self.labels(Self::event);
        let mut lines = Vec::new();
        if let Some((gap, labels)) = self.layout(participants.len(), &labels) {
            let columns: Vec<_> =
                (0..participants.len()).map(|index| FIRST_COLUMN + index * gap).collect();
            lines.push(names(&participants, &columns));
            for (index, label) in labels.iter().enumerate() {
                let after = millis(self.story.after(index));
                let drawn = self.arrow(index, &columns);
                lines.push(fit(&format!("{after:>TIME_WIDTH$}{drawn}{BLANKS}{label}"), self.width));
            }
        } else {
            for (index, label) in labels.iter().enumerate() {
                let after = millis(self.story.after(index));
                lines.push(fit(&format!("{after:>TIME_WIDTH$}  {label}"), self.width));
            }
        }
        let steps = self.story.steps().len();
        let total = millis(self.story.total());
        lines.push(fit(&format!("{total:>TIME_WIDTH$}  in total, {steps} steps"), self.width));
        lines
    }

    /// How far apart lifelines are, and what stands beside them: whole types, or where those leave too little room, what is left of a
    /// type without its service, which the lifeline names. None where neither fits.
    fn layout(&self, participants: usize, whole: &[String]) -> Option<(usize, Vec<String>)> {
        let gaps = participants.saturating_sub(1).max(1);
        let rest = self.width.saturating_sub(FIRST_COLUMN + 1 + BLANKS.len());
        let gap = |labels: &[String]| {
            let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
            (rest.saturating_sub(longest) / gaps).min(GAP_MAX)
        };
        let wide = gap(whole);
        if wide >= GAP_MIN {
            return Some((wide, whole.to_vec()));
        }
        let short = self.labels(|event| event.split_once('.').map_or(event, |(_, what)| what));
        let narrow = gap(&short).clamp(NARROW_GAP_MIN, GAP_MIN);
        (rest >= narrow * gaps + NARROW_LABEL_MIN).then_some((narrow, short))
    }

    /// What stands beside each step: what `shown` leaves of the event's type, and how long it took or why it came.
    fn labels(&self, shown: impl Fn(&str) -> &str) -> Vec<String> {
        let label = |(index, step): (usize, &Step)| self.label(index, shown(&step.event));
        self.story.steps().iter().enumerate().map(label).collect()
    }

    /// The whole type.
    fn event(event: &str) -> &str {
        event
    }

    /// The requester and the services.
    fn participants(&self) -> Vec<&str> {
        let services = self.story.services().iter().map(String::as_str);
        std::iter::once(self.requester()).chain(services).collect()
    }

    /// The part of the actor before its id. The customer that made the request is not the customer service.
    fn requester(&self) -> &str {
        match self.story.requester().split([':', ' ']).next().unwrap_or_default() {
            "" => "unknown",
            "customer" => "shopper",
            other => other,
        }
    }

    fn label(&self, index: usize, event: &str) -> String {
        match (self.story.cause(index), self.story.took(index)) {
            (Cause::Deadline, _) => format!("{event}  (deadline)"),
            (Cause::Elsewhere(cause), _) => format!("{event}  (reacts to event {cause})"),
            (_, Some(took)) if took > Duration::ZERO => {
                format!("{event}  {}", millis(took).trim_start_matches('+'))
            }
            _ => event.to_owned(),
        }
    }

    /// The lifelines of one line, with the event on its own and the arrow to it from what it followed from.
    fn arrow(&self, index: usize, columns: &[usize]) -> String {
        let glyphs = self.glyphs;
        let column = |place: usize| columns.get(place).copied().unwrap_or_default();
        let (from, to) = self.story.arrow(index);
        let (from, to) = (from.map_or(0, |place| place + 1), to + 1);
        let (from, to) = (column(from), column(to));
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

/// The participants' names, each centred over its lifeline where there is room; the last one may reach over the labels.
fn names(participants: &[&str], columns: &[usize]) -> String {
    let gap = match columns {
        [first, second, ..] => second - first,
        _ => GAP_MAX,
    };
    let last = participants.len().saturating_sub(1);
    let mut line = String::new();
    for (index, (name, column)) in participants.iter().zip(columns).enumerate() {
        let room = if index == last { GAP_MIN } else { gap };
        let name = fit(name, room.min(GAP_MIN - 1));
        let begin = column.saturating_sub(name.chars().count() / 2);
        let blanks = begin.saturating_sub(line.chars().count()).max(1);
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
    use contracts::{
        accounting::AccountingEvent,
        customer::CustomerEvent,
        order::OrderEvent,
        product::ProductEvent,
        rest::{order::Step, story::Story},
    };
    use kernel::{Position, Timestamp};

    use super::*;

    const GRANTED: &str = "loyalty.points-granted";

    /// Each event reacts to the one before it.
    fn story(events: &[&str]) -> Story {
        let step = |(at, event): (u64, &&str)| Step {
            event: (*event).to_owned(),
            service: event.split('.').next().unwrap_or_default().to_owned(),
            actor: "manager:1".to_owned(),
            at: Timestamp::from_micros(1500) + Duration::from_millis(at),
            position: Position(at),
            cause: at.checked_sub(1).map(Position),
            details: serde_json::Map::new(),
        };
        Story::new((0..).zip(events).map(step).collect())
    }

    #[test]
    fn no_line_is_wider_than_asked_for() {
        let story = story(&[OrderEvent::PLACED, ProductEvent::STOCK_RESERVED, GRANTED]);
        for width in 1..200 {
            let lines = Diagram { story: &story, glyphs: Glyphs::UNICODE, width }.lines();
            let widest = lines.iter().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{width}:\n{}", lines.join("\n"));
        }
    }

    #[test]
    fn lifelines_are_drawn_in_eighty_columns_and_fewer() {
        let whole = story(&[
            OrderEvent::PLACED,
            ProductEvent::STOCK_RESERVED,
            CustomerEvent::CREDIT_RESERVED,
            OrderEvent::FINALIZED,
            AccountingEvent::INVOICE_ISSUED,
        ]);
        for (width, drawn) in [(60, true), (80, true), (50, false)] {
            let lines = Diagram { story: &whole, glyphs: Glyphs::ASCII, width }.lines();
            assert_eq!(lines.iter().any(|line| line.contains(">o")), drawn, "{}", lines.join("\n"));
        }
        let lines = Diagram { story: &whole, glyphs: Glyphs::ASCII, width: 80 }.lines();
        let names = lines.first().expect("the names");
        assert!(names.ends_with("manager   order   product customer accounting"), "{names}");
    }

    #[test]
    fn a_service_that_is_not_known_yet_has_a_lifeline_too() {
        let story = story(&[OrderEvent::PLACED, GRANTED]);
        let lines = Diagram { story: &story, glyphs: Glyphs::ASCII, width: 120 }.lines();
        let names = lines.first().expect("the names");
        assert!(names.ends_with("loyalty"), "{names}");
        let granted = lines.get(2).expect("a line for each event");
        assert!(granted.contains(">o   loyalty.points-granted"), "{granted}");
    }
}
