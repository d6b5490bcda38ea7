//! Contestants that take turns: the machine is not equally fast all the time, so only turns next to each other are compared.

use std::time::Duration;

use crate::say;

/// What one turn reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turn {
    pub(crate) per_second: f64,
    /// Processor time for each unit of work, where it is known.
    pub(crate) busy_each: Option<Duration>,
}

/// One of those compared.
pub(crate) struct Contestant<'c> {
    pub(crate) name: &'c str,
    pub(crate) turn: Box<dyn FnMut() -> anyhow::Result<Turn> + 'c>,
}

impl<'c> Contestant<'c> {
    pub(crate) fn new(name: &'c str, turn: impl FnMut() -> anyhow::Result<Turn> + 'c) -> Self {
        Self { name, turn: Box::new(turn) }
    }
}

/// What is asked of the first contestant compared with another.
#[derive(Clone, Copy)]
pub(crate) struct Goal<'g> {
    pub(crate) against: &'g str,
    pub(crate) wanted: &'g str,
}

/// Lets the contestants take turns, and prints what they reached and the first one's ratio to each other one.
pub(crate) fn hold(
    title: &str,
    rounds: usize,
    mut contestants: Vec<Contestant<'_>>,
    goals: &[Goal<'_>],
) -> anyhow::Result<()> {
    say(format_args!("── {title}"));
    let mut turns = vec![Vec::with_capacity(rounds); contestants.len()];
    for _ in 0..rounds {
        for (contestant, turns) in contestants.iter_mut().zip(&mut turns) {
            turns.push((contestant.turn)()?);
        }
    }
    let names: Vec<&str> = contestants.iter().map(|contestant| contestant.name).collect();
    report(&names, &turns, goals).iter().for_each(say);
    Ok(())
}

fn report(names: &[&str], turns: &[Vec<Turn>], goals: &[Goal<'_>]) -> Vec<String> {
    let mut lines: Vec<String> =
        names.iter().zip(turns).map(|(name, turns)| line(name, turns)).collect();
    let Some((ours, others)) = turns.split_first() else { return lines };
    for (name, theirs) in names.iter().skip(1).zip(others) {
        let ratios = ours.iter().zip(theirs).map(|(our, their)| our.per_second / their.per_second);
        let spread = Spread::of(ratios);
        let goal = goals.iter().find(|goal| goal.against == *name);
        let wanted = goal.map_or(String::new(), |goal| format!("   (wanted: {})", goal.wanted));
        lines.push(format!(
            "  {:.2} × {name}, in turns next to each other {:.2}–{:.2}{wanted}",
            spread.median, spread.least, spread.most
        ));
    }
    lines
}

fn line(name: &str, turns: &[Turn]) -> String {
    let rate = Spread::of(turns.iter().map(|turn| turn.per_second));
    let busy = turns.iter().filter_map(|turn| turn.busy_each).map(|busy| busy.as_secs_f64());
    let busy = Spread::of(busy).median;
    let busy = if busy > 0.0 {
        format!(", {:.3} ms of processor time each", busy * 1e3)
    } else {
        String::new()
    };
    format!("  {name}: {:.0}/s ({:.0}–{:.0}){busy}", rate.median, rate.least, rate.most)
}

/// The middle and the ends of some figures; zeros if there are none.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        let last = sorted.len().saturating_sub(1);
        // Of an even number the mean of the two in the middle.
        Self {
            least: at(0),
            median: f64::midpoint(at(last / 2), at(sorted.len() / 2)),
            most: at(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn turn(per_second: f64) -> Turn {
        Turn { per_second, busy_each: None }
    }

    #[test]
    fn contestants_take_turns() {
        let order = RefCell::new(String::new());
        let contestant = |name: &'static str| {
            let order = &order;
            Contestant::new(name, move || {
                order.borrow_mut().push_str(name);
                Ok(turn(1.0))
            })
        };
        hold("a title", 3, vec![contestant("A"), contestant("B")], &[]).unwrap();
        assert_eq!(order.into_inner(), "ABABAB");
    }

    #[test]
    fn ratios_are_of_turns_next_to_each_other() {
        // The machine became four times slower meanwhile: each time ours was twice as fast.
        let ours = vec![turn(400.0), turn(200.0), turn(100.0)];
        let theirs = vec![turn(200.0), turn(100.0), turn(50.0)];
        let goals = [Goal { against: "theirs", wanted: "1.2" }];
        let lines = report(&["ours", "theirs"], &[ours, theirs], &goals);
        assert_eq!(lines[0], "  ours: 200/s (100–400)");
        assert_eq!(
            lines[2],
            "  2.00 × theirs, in turns next to each other 2.00–2.00   (wanted: 1.2)"
        );
    }

    #[test]
    fn processor_time_is_shown_where_it_is_known() {
        let turns =
            [Turn { per_second: 10.0, busy_each: Some(Duration::from_micros(450)) }, turn(20.0)];
        assert_eq!(line("it", &turns), "  it: 15/s (10–20), 0.450 ms of processor time each");
    }

    #[test]
    fn the_median_of_an_even_number_is_in_the_middle() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[4.0, 1.0, 3.0]), Spread { least: 1.0, median: 3.0, most: 4.0 });
        assert_eq!(spread(&[4.0, 2.0]), Spread { least: 2.0, median: 3.0, most: 4.0 });
        assert_eq!(spread(&[]), Spread { least: 0.0, median: 0.0, most: 0.0 });
    }
}
