//! A run: what is made to fail, from which seed, as an address that repeats it.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive};

use contracts::rest::playground::{PartState, Playground, Rates};
use serde_json::{Value, json};
use site::{Count, segment};

use super::{HERE, PRESETS, RATES};
use crate::status::{STORE, label};

/// Over each event, for a service that is made slow.
const SLOW_MS: u64 = 50;
/// The same for the event store: long enough to be reported.
const SLOW_STORE_MS: u64 = 150;
/// What can be done to a part.
pub(super) const DEEDS: [&str; 6] = ["Stop", "Kill", "Freeze", "Slow", "Rebuild", "Mend"];
/// What a run has beside its seed, rates and parts.
const VISITS: &str = "Visits";
const SHOPPERS: &str = "Shoppers";
const UNITS: &str = "Units";
const POWER: (&str, &str) = ("Power", "Cut");
/// So much of a field that names nothing is repeated.
const SHOWN_MAX: usize = 40;

/// How long a part takes over each event once it is made slow.
pub(super) fn slow_ms(part: &str) -> u64 {
    if part == STORE { SLOW_STORE_MS } else { SLOW_MS }
}

/// The numbers that a field can have.
fn numbers(field: &str) -> Option<RangeInclusive<u64>> {
    match field {
        "seed" => Some(0..=9_007_199_254_740_991),
        VISITS => Some(0..=6_000),
        SHOPPERS => Some(1..=1_000),
        UNITS => Some(0..=1_000),
        field => RATES.iter().any(|(name, ..)| *name == field).then_some(0..=1_000),
    }
}

/// What an address names that a shop with these parts cannot do, as it is written there. A run of the rest would be another one. What
/// only looks as if it had come along is passed over.
pub(super) fn impossible(named: &BTreeMap<String, String>, parts: &[String]) -> Vec<String> {
    let is_wrong = |field: &str, value: &str| match (field, numbers(field)) {
        (_, Some(range)) => !value.parse().is_ok_and(|number| range.contains(&number)),
        ("preset", _) => !PRESETS.iter().any(|(_, key, ..)| *key == value),
        (field, _) if field == POWER.0 => value != POWER.1,
        (field, _) if parts.iter().any(|part| part == field) => !DEEDS.contains(&value),
        _ => DEEDS.contains(&value),
    };
    let other = |field: &str| match field {
        SHOPPERS => UNITS,
        _ => SHOPPERS,
    };
    let is_half =
        |field: &str| [SHOPPERS, UNITS].contains(&field) && !named.contains_key(other(field));
    let wrong = named.iter().filter(|(field, value)| is_wrong(field, value) || is_half(field));
    wrong
        .map(|(field, value)| format!("{field}={value}").chars().take(SHOWN_MAX).collect())
        .collect()
}

/// The fields of a run, in the order in which they are done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Run(Vec<(String, String)>);

impl Run {
    /// All that goes on now.
    pub(super) fn now(playground: &Playground) -> Self {
        let mut run = Self::default();
        run.also("seed", playground.seed);
        let mut rates = playground.rates;
        for (field, _, rate) in RATES {
            let rate = *rate(&mut rates);
            if rate > 0 {
                run.also(field, rate);
            }
        }
        for part in &playground.parts {
            let deed = match part.state {
                PartState::Frozen => "Freeze",
                PartState::Stopped => "Stop",
                PartState::Killed => "Kill",
                PartState::Up if part.slow_ms > 0 => "Slow",
                PartState::Up => continue,
            };
            run.also(&part.name, deed);
        }
        if let Some(visits) = playground.traffic {
            run.also(VISITS, visits);
        }
        run
    }

    /// What is named by an address or a form, as far as a shop with these parts can do it.
    pub(super) fn named<'a>(value: impl Fn(&str) -> Option<&'a str>, parts: &[String]) -> Self {
        let mut run = Self::default();
        let number = |field: &str| value(field)?.parse::<u64>().ok();
        let mut numbers = |fields: &[&str]| {
            let all: Option<Vec<_>> = fields.iter().map(|field| number(field)).collect();
            for (field, number) in fields.iter().zip(all.unwrap_or_default()) {
                run.also(field, number);
            }
        };
        numbers(&["seed"]);
        for (field, ..) in RATES {
            numbers(&[field]);
        }
        numbers(&[VISITS]);
        numbers(&[SHOPPERS, UNITS]);
        let deed = |part: &String| value(part).filter(|deed| DEEDS.contains(deed));
        for (part, deed) in parts.iter().filter_map(|part| Some((part, deed(part)?))) {
            run.also(part, deed);
        }
        if value(POWER.0) == Some(POWER.1) {
            run.also(POWER.0, POWER.1);
        }
        run
    }

    /// The same with a flash sale.
    pub(super) fn with_sale(mut self, shoppers: u64, units: u64) -> Self {
        self.also(SHOPPERS, shoppers);
        self.also(UNITS, units);
        self
    }

    /// The same with the power cut.
    pub(super) fn with_power_cut(mut self) -> Self {
        self.also(POWER.0, POWER.1);
        self
    }

    /// The same with something done to a part that leaves no trace in how it is.
    pub(super) fn with_deed(mut self, part: &str, deed: &str) -> Self {
        self.also(part, deed);
        self
    }

    fn also(&mut self, field: &str, value: impl fmt::Display) {
        self.0.push((field.to_owned(), value.to_string()));
    }

    /// Whether anything is done in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|(field, _)| field == "seed")
    }

    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.0
    }

    pub(super) fn address(&self) -> String {
        let fields: Vec<String> =
            self.0.iter().map(|(field, value)| format!("{field}={}", segment(value))).collect();
        if fields.is_empty() { HERE.to_owned() } else { format!("{HERE}?{}", fields.join("&")) }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| &**value)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.parse().ok()
    }

    fn deeds(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter().map(|(part, deed)| (&**part, &**deed));
        all.filter(|(_, deed)| DEEDS.contains(deed))
    }

    /// What is done, each in a few words.
    pub(super) fn words(&self) -> Vec<String> {
        let rates = RATES.iter().filter_map(|(field, name, _)| {
            let rate = self.number(field).filter(|rate| *rate > 0)?;
            Some(format!("{name}: {} of 1,000", Count(rate)))
        });
        let mut words: Vec<String> = rates.collect();
        words.extend(self.deeds().map(|(part, deed)| format!("{deed} {}", label(part))));
        let visits = self.number(VISITS);
        words.extend(visits.map(|visits| format!("{} visits a minute", Count(visits))));
        let sale = self.number(SHOPPERS).zip(self.number(UNITS));
        words.extend(sale.map(|(shoppers, units)| {
            format!("A flash sale: {} shoppers for {} units", Count(shoppers), Count(units))
        }));
        words.extend(self.value(POWER.0).map(|_| "Cut the power".to_owned()));
        words
    }

    /// The calls that do it, one after the other, from a shop without faults on.
    pub(super) fn calls(&self) -> Vec<(&'static str, Value)> {
        let seed = self.number("seed").unwrap_or_default();
        let mut rates = Rates::default();
        for (field, _, rate) in RATES {
            let named = self.number(field).unwrap_or_default();
            // What no rate can be is refused by its range.
            *rate(&mut rates) = u16::try_from(named).unwrap_or(u16::MAX);
        }
        let mut calls =
            vec![("heal", json!({})), ("set-messages", json!({ "Seed": seed, "Rates": rates }))];
        let deed = |(part, deed)| {
            ("set-part", json!({ "Name": part, "Do": deed, "SlowMs": slow_ms(part) }))
        };
        calls.extend(self.deeds().map(deed));
        if let Some(visits) = self.number(VISITS) {
            calls.push(("set-traffic", json!({ "Visits": visits, "Seed": seed })));
        }
        if let Some((shoppers, units)) = self.number(SHOPPERS).zip(self.number(UNITS)) {
            let sale = json!({ "Shoppers": shoppers, "Units": units, "Seed": seed });
            calls.push(("hold-sale", sale));
        }
        if self.value(POWER.0).is_some() {
            calls.push(("cut-power", json!({ "Seed": seed })));
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const PARTS: [&str; 3] = ["events", "product", "accounting"];

    /// The run that an address names.
    fn of(address: &str) -> Run {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let fields: BTreeMap<&str, &str> =
            query.split('&').filter_map(|field| field.split_once('=')).collect();
        Run::named(|name| fields.get(name).copied(), &PARTS.map(str::to_owned))
    }

    #[test]
    fn an_address_names_everything_that_a_run_does() {
        let address = "/playground?seed=7&BroadcastLost=300&Visits=120&Shoppers=100&Units=10&product=Freeze&accounting=Kill&Power=Cut";
        let run = of(address);
        assert_eq!(run.address(), address);
        assert_eq!(
            run.words(),
            [
                "Events lost: 300 of 1,000",
                "Freeze product",
                "Kill accounting",
                "120 visits a minute",
                "A flash sale: 100 shoppers for 10 units",
                "Cut the power",
            ]
        );
        let calls = run.calls();
        let names: Vec<&str> = calls.iter().map(|(call, _)| *call).collect();
        let parts = ["set-part", "set-part"];
        let expected = ["heal", "set-messages"].into_iter().chain(parts);
        let expected = expected.chain(["set-traffic", "hold-sale", "cut-power"]);
        assert_eq!(names, expected.collect::<Vec<_>>());
        assert_eq!(calls[1].1["Rates"]["BroadcastLost"], 300);
        assert_eq!(calls[2].1, json!({ "Name": "product", "Do": "Freeze", "SlowMs": SLOW_MS }));
        for (call, body) in calls.iter().filter(|(call, _)| !["heal", "set-part"].contains(call)) {
            assert_eq!(body["Seed"], 7, "{call}");
        }
    }

    #[test]
    fn an_address_is_a_run_as_a_whole_or_not_at_all() {
        let impossible = |address: &str| {
            let query = address.split_once('?').map_or("", |(_, query)| query);
            let fields = query.split('&').filter_map(|field| field.split_once('='));
            let named = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            impossible(&named, &PARTS.map(str::to_owned)).join(" ")
        };
        for fine in [
            "/playground",
            "/playground?seed=7&BroadcastLost=300&Visits=120&Shoppers=100&Units=10&product=Freeze&Power=Cut",
            "/playground?preset=PowerCut&seed=7&tour=3&utm_source=letter",
        ] {
            assert_eq!(impossible(fine), "", "{fine}");
        }
        for rubbish in [
            "seed=seven",
            "BroadcastLost=5000",
            "Visits=-1",
            "Shoppers=0",
            "product=Dance",
            "pantry=Kill",
            "Power=Off",
            "preset=Party",
            "Units=10",
        ] {
            assert_eq!(impossible(&format!("/playground?ReplyLost=7&{rubbish}")), rubbish);
        }
        assert!(impossible(&format!("/playground?seed={}", "9".repeat(900))).len() <= SHOWN_MAX);
    }

    #[test]
    fn what_no_shop_can_do_is_left_out_of_a_run() {
        let run = of("/playground?seed=7&product=Dance&pantry=Kill&Units=10&Power=Off&preset=x");
        assert!(run.is_empty(), "{run:?}");
        assert_eq!(run.address(), "/playground?seed=7");
        assert_eq!(of("/playground").address(), "/playground");
    }
}
