//! What the list says is whole and agrees with the published language.

use std::collections::BTreeSet;

use contracts::FAMILIES;
use registry::SERVICES;

/// Services that are left out unless the command is built with them; the list says so with a feature of the service's name.
fn optional() -> BTreeSet<&'static str> {
    let lines = include_str!("../../src/lib.rs").lines();
    lines
        .filter_map(|line| line.trim().strip_prefix("#[cfg(feature = \"")?.strip_suffix("\")]"))
        .collect()
}

#[test]
fn every_family_of_events_is_recorded_by_one_service_and_every_service_has_a_family() {
    let mut recorded = BTreeSet::new();
    for module in SERVICES {
        assert!(!module.records.is_empty(), "{}: records nothing", module.name);
        for category in module.records {
            assert!(recorded.insert(*category), "two services record {category}");
        }
    }
    let families: BTreeSet<_> = FAMILIES.iter().map(|family| family.category).collect();
    assert!(recorded.is_subset(&families), "{recorded:?} are not all in contracts::FAMILIES");
    let without: Vec<_> = families.difference(&recorded).collect();
    assert!(
        without.iter().all(|category| optional().contains(*category)),
        "{without:?}: recorded by no service"
    );
}

#[test]
fn every_service_has_a_lifeline_in_the_drawings_of_orders() {
    let story = contracts::rest::story::Story::new(Vec::new());
    let drawn: BTreeSet<&str> = story.services().iter().map(String::as_str).collect();
    let shop: BTreeSet<&str> =
        registry::names().filter(|name| !optional().contains(name)).collect();
    assert_eq!(drawn, shop, "contracts::rest::story::SERVICES lists the shop's own services");
}

#[test]
fn names_and_settings_follow_one_rule() {
    let mut names = BTreeSet::new();
    for module in SERVICES {
        let (name, setting) = (module.name, module.model);
        assert!(names.insert(name), "{name} is there twice");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{name}");
        assert_eq!(setting.name, format!("{name}-model"));
        assert_eq!(setting.default, format!("sqlite:DATA/{name}.db"));
        assert!(
            !module.about.is_empty() && !setting.help.is_empty(),
            "{name}: says nothing of itself"
        );
        assert_eq!((module.check_model)(setting.default), Ok(()), "{name}");
    }
}
