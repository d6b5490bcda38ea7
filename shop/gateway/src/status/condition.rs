//! A part's condition as one word, with reasons for operators.

use std::time::Duration;

use web::watch::{Condition, State};

use super::{BusStatus, InstanceStatus, LagStatus, ServiceStatus};
use crate::table::Heard;

/// A part that is this far behind the log is slow.
const SLOW_SECONDS: f64 = 5.0;
/// Clocks that differ by less are taken for right: an announcement is some time on its way.
const CLOCKS_DIFFER: Duration = Duration::from_secs(30);

/// What is wrong with the clock of an instance, as it was heard.
pub(super) fn clock(heard: &Heard) -> Option<String> {
    let (theirs, ours) = (heard.announcement.clock?, heard.at);
    // Zero for the one that is later.
    let (ahead, behind) = (theirs.since(ours), ours.since(theirs));
    let (by, way) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    (by > CLOCKS_DIFFER).then(|| {
        format!(
            "Its clock is {} {way} the gateway's. The deadlines that it sets, and the log-ins that it grants, end at the wrong time. Set the \
             clock of its machine right.",
            long(by)
        )
    })
}

/// A duration, in the largest unit that fits.
fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    // Two of a unit at least: there is no plural to be told from a singular.
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
    let fits = units.into_iter().find(|(unit, _)| seconds >= 2 * unit);
    let (count, unit) = fits.map_or((seconds, "seconds"), |(unit, name)| (seconds / unit, name));
    format!("{count} {unit}")
}

impl BusStatus {
    pub(super) fn condition(&self) -> Condition {
        if self.connected {
            return Condition::ready();
        }
        let reason = format!(
            "There is no connection to {}: no service can record or read an event, and none is heard.",
            self.carrier()
        );
        Condition { state: State::Away, reason, since: None }
    }

    fn carrier(&self) -> &'static str {
        // So it is called where there is no broker.
        if self.engine == store::THIS_PROCESS { "the in-process bus" } else { self.engine }
    }
}

impl ServiceStatus {
    /// How it is, by its best instance.
    pub(super) fn condition(&self, bus: &BusStatus) -> Condition {
        let here: Vec<_> = self.instances.iter().filter(|instance| instance.here).collect();
        let heard = self.instances.iter().map(|instance| instance.last_heard).max();
        // One that leaves says that it is not ready, and has no reason.
        let is_there = |one: &&&InstanceStatus| one.ready || one.trouble.is_some();
        let Some(first) = here.iter().find(is_there) else {
            let reason = if !bus.connected {
                format!(
                    "It may work, but nothing is heard without a connection to {}.",
                    bus.carrier()
                )
            } else if here.is_empty() {
                "It has not announced itself for 5 s: it was stopped, has crashed, or hangs."
                    .to_owned()
            } else {
                "It has stopped.".to_owned()
            };
            return Condition { state: State::Away, reason, since: heard };
        };
        let Some(ready) = here.iter().filter(|one| one.ready).min_by_key(|one| one.behind()) else {
            let mut reasons: Vec<String> = first.trouble.clone().into_iter().collect();
            reasons.extend(first.warnings.clone());
            return because(State::NotReady, &reasons);
        };
        let mut reasons: Vec<String> =
            ready.slow.clone().or_else(|| ready.lags()).into_iter().collect();
        let state = if reasons.is_empty() { State::Degraded } else { State::Slow };
        reasons.extend(here.iter().flat_map(|one| one.warnings.clone()));
        let aside: u64 = here.iter().map(|one| one.set_aside).max().unwrap_or(0);
        if aside > 0 {
            reasons.push(format!("Events in its inbox: {aside}."));
        }
        if reasons.is_empty() { Condition::ready() } else { because(state, &reasons) }
    }
}

fn because(state: State, reasons: &[String]) -> Condition {
    Condition { state, reason: reasons.join(" "), since: None }
}

impl InstanceStatus {
    /// What is said of its slowest projector or reactor, if that is far behind.
    fn lags(&self) -> Option<String> {
        let (name, lag) = self.slowest()?;
        let LagStatus { events, seconds, still } = lag;
        if *still > SLOW_SECONDS {
            return Some(format!(
                "{name} has stalled: it has processed none of the last {events} events for {still:.0} s. If it does not continue by itself, restart \
                 the service."
            ));
        }
        (*seconds > SLOW_SECONDS)
            .then(|| format!("{name} is {events} events, {seconds:.0} s, behind the log."))
    }

    /// The projector or reactor that is the furthest behind.
    fn slowest(&self) -> Option<(&String, &LagStatus)> {
        self.lag.iter().max_by(|(_, one), (_, other)| one.seconds.total_cmp(&other.seconds))
    }

    fn behind(&self) -> u64 {
        self.slowest().map_or(0, |(_, lag)| lag.events)
    }
}
