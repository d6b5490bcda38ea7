//! The suites of the one test command, in the order in which they fail fastest.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;

use crate::{
    rules,
    run::{cargo, must, program, root, say, target},
    setup,
};

/// Worlds explored on every run.
const WORLDS: &str = "1000";
/// Orders in each.
const ORDERS: &str = "200";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// The project's own rules: directions of dependencies, headers, licences
    Rules,
    /// cargo fmt --check
    Format,
    /// clippy, warnings as errors
    Lint,
    /// rustdoc, warnings as errors
    Docs,
    /// All tests of all crates
    Tests,
    /// Seeded worlds, and planted bugs that must be found in them
    Worlds,
    /// Attacks on a running shop, and what they cost its other clients
    Attacks,
    /// A shop on a file system that is full, out of files, killed and damaged: whole if asked for, else in short
    Faults,
    /// schemathesis over the OpenAPI document of a running shop
    Api,
    /// The bus's description, and programs in other languages beside a running shop
    Examples,
    /// Both websites in a real browser
    Browser,
    /// The containers' files against the code, nginx beside the gateway, and where Docker runs an order through real containers
    Deploy,
    /// The Android app: built, checked, and tested against a running shop
    Android,
}

pub(crate) fn run(wanted: &[Suite], all: bool) -> anyhow::Result<()> {
    let whole = all || wanted.contains(&Suite::Faults);
    let suites = if wanted.is_empty() { Suite::value_variants() } else { wanted };
    setup::install(suites.contains(&Suite::Api), suites.contains(&Suite::Browser))?;
    for suite in suites {
        let name =
            suite.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        say(&format!("── {name}"));
        suite.run(whole).with_context(|| format!("the suite {name} failed"))?;
    }
    say(&format!("{} suites passed", suites.len()));
    Ok(())
}

impl Suite {
    /// `whole`: also what takes long.
    fn run(self, whole: bool) -> anyhow::Result<()> {
        match self {
            Self::Rules => rules::check(),
            Self::Format => must(&mut cargo(&["fmt", "--all", "--check"])),
            Self::Lint => must(&mut cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ])),
            Self::Docs => must(
                cargo(&["doc", "--workspace", "--no-deps", "--quiet", "--document-private-items"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            ),
            Self::Tests => must(&mut cargo(&["test", "--workspace", "--quiet", "--no-fail-fast"])),
            Self::Worlds => worlds(),
            Self::Attacks => script("tests/hardening/run", &["attacks"]),
            Self::Faults if whole => faults(),
            Self::Faults => script("tests/hardening/run", &["faults", "--short"]),
            Self::Api => script("tests/api/run", &[]),
            Self::Examples => script("tests/examples/run", &[]),
            Self::Browser => browser(),
            Self::Deploy => script("deploy/test", &[]),
            Self::Android => script("android/test", &[]),
        }
    }
}

fn worlds() -> anyhow::Result<()> {
    let explore = |args: &[&str]| {
        let all: Vec<&str> = ["run", "--quiet", "-p", "worlds", "--"]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        must(&mut cargo(&all))
    };
    explore(&["--seeds", WORLDS, "--orders", ORDERS])?;
    // The same seeds, in the same order; each bug shows itself early.
    for plant in [
        "AnswerBeforeSync",
        "DoubleRelease",
        "LostCauseMark",
        "SkippedGap",
        "IgnoredDeadline",
        "DatedByLastEvent",
        "StoppedByForgery",
    ] {
        explore(&["--plant", plant, "--seeds", "10", "--orders", ORDERS])?;
    }
    Ok(())
}

fn browser() -> anyhow::Result<()> {
    must(&mut cargo(&["build", "--quiet", "-p", "command"]))?;
    let tests = root().join("tests/browser");
    must(program("node", &["run.mjs"]).current_dir(tests).env("AGORA_BIN", built("debug")))
}

/// The whole fault run, on a release build unless `AGORA_BIN` names another command.
fn faults() -> anyhow::Result<()> {
    let mut run = program(&root().join("tests/hardening/run").to_string_lossy(), &["faults"]);
    if std::env::var_os("AGORA_BIN").is_none() {
        must(&mut cargo(&["build", "--quiet", "--release", "-p", "command"]))?;
        run.env("AGORA_BIN", built("release"));
    }
    must(&mut run)
}

/// The command as built with a profile.
fn built(profile: &str) -> PathBuf {
    target().join(profile).join("agora")
}

/// A suite of its own, which finds the built command in `AGORA_BIN`.
fn script(path: &str, args: &[&str]) -> anyhow::Result<()> {
    let script = root().join(path);
    if !script.exists() {
        say(&format!("{path} is not there; skipped"));
        return Ok(());
    }
    must(&mut cargo(&["build", "--quiet", "-p", "command"]))?;
    must(program(&script.to_string_lossy(), args).env("AGORA_BIN", built("debug")))
}
