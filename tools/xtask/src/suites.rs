//! The suites of the one test command, in the order in which they fail fastest.

use std::{path::PathBuf, process::Command, time::Instant};

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;
use clap::ValueEnum;

use crate::{
    alone, book, dist, new_service, rules,
    run::{cargo, must, program, root, say, target},
    setup,
};

/// Worlds explored on every run, beside those of the crate's own tests, and before a release.
const WORLDS: (&str, &str) = ("100", "1000");
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
    /// `cargo xtask new service` in a copy of the project: rules, format, warnings as errors; whole: the new service's tests are run too
    NewService,
    /// Seeded worlds
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
    /// The book: built with code from the sources, its links checked, its commands run beside a sample shop
    Book,
    /// What is released, made from the debug build: unpacked and looked at
    Dist,
    /// The Android app: built, checked, and tested against a running shop
    Android,
}

#[expect(clippy::disallowed_methods, reason = "how long a suite took is only shown")]
pub(crate) fn run(wanted: &[Suite], all: bool) -> anyhow::Result<()> {
    let suites = if wanted.is_empty() { Suite::value_variants() } else { wanted };
    setup::install(suites.contains(&Suite::Api), suites.contains(&Suite::Browser))?;
    // Before anything is compiled, so that it is embedded and nothing is compiled twice. The suite `book` fails for what is wrong with it.
    if suites.iter().any(|suite| suite.compiles())
        && let Err(error) = book::make_and_embed()
    {
        say(&format!("the book is not embedded: {error:#}"));
    }
    let began = Instant::now();
    for suite in suites {
        let name =
            suite.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        say(&format!("── {name}"));
        let began = Instant::now();
        // Suites that are named run whole.
        let whole = all || !wanted.is_empty();
        suite.run(whole).with_context(|| format!("the suite {name} failed"))?;
        say(&format!("── {name}: {} s", began.elapsed().as_secs()));
    }
    say(&format!("{} suites passed in {} s", suites.len(), began.elapsed().as_secs()));
    Ok(())
}

impl Suite {
    /// Whether it compiles what embeds the book.
    fn compiles(self) -> bool {
        !matches!(self, Self::Rules | Self::Format)
    }

    /// `whole`: also what takes long.
    fn run(self, whole: bool) -> anyhow::Result<()> {
        match self {
            Self::Rules => rules::check(&root()),
            Self::Format => must(&mut cargo(&["fmt", "--all", "--check"])),
            Self::Lint => lint(whole),
            Self::Docs => must(
                cargo(&["doc", "--no-deps", "--document-private-items", "--quiet"])
                    // As for tests: otherwise dependencies are checked once more, with fewer features.
                    .args(["--lib", "--bins", "--examples"])
                    .args(WHOLE)
                    .env("RUSTDOCFLAGS", "-D warnings"),
            ),
            Self::Tests => tests(whole),
            Self::NewService => new_service::try_out(whole),
            Self::Worlds => worlds(if whole { WORLDS.1 } else { WORLDS.0 }),
            Self::Attacks => script("tests/hardening/run", &["attacks"]),
            Self::Faults if whole => faults(),
            Self::Faults => script("tests/hardening/run", &["faults", "--short"]),
            Self::Api => script("tests/api/run", &[]),
            Self::Examples => script("tests/examples/run", &[]),
            Self::Browser => browser(whole),
            Self::Deploy => script("deploy/test", &[]),
            Self::Book => {
                build()?;
                book::test(&built("agora"))
            }
            Self::Dist => dist(),
            Self::Android => script("android/test", &[]),
        }
    }
}

/// Everything with every feature, then the command as a user builds it: without what needs a server. `whole`: also with each feature alone.
fn lint(whole: bool) -> anyhow::Result<()> {
    let clippy = |args: &[&str]| {
        must(cargo(&["clippy", "--quiet"]).args(args).args(["--", "-D", "warnings"]))
    };
    clippy(&[&["--all-targets"], WHOLE].concat())?;
    clippy(&[])?;
    if whole {
        for feature in features_of("command")? {
            clippy(&["--features", &feature])?;
        }
    }
    Ok(())
}

/// The features of a package of ours.
fn features_of(package: &str) -> anyhow::Result<Vec<String>> {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    let package = metadata.packages.into_iter().find(|found| found.name.as_str() == package);
    Ok(package.context("the package is in the workspace")?.features.into_keys().collect())
}

/// `whole`: those that kill and freeze processes do so to every instance, and more often.
fn tests(whole: bool) -> anyhow::Result<()> {
    let mut tests = all_tests(whole);
    if std::env::var_os(THREADS).is_none() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Tests of whole shops wait for the disk and for each other's answers: with one for each core, two cores were idle for two fifths of the time.
        tests.env(THREADS, (cores + cores.div_ceil(2)).to_string());
    }
    alone::run(tests, || all_tests(whole))
}

fn all_tests(whole: bool) -> Command {
    let mut tests = cargo(&["test", "--quiet", "--no-fail-fast"]);
    tests.env(BOOK, "1");
    if whole {
        tests.env("AGORA_TEST_WHOLE", "1");
    }
    tests.args(WHOLE);
    tests
}

/// Planted bugs are looked for by the tests of the crate.
fn worlds(count: &str) -> anyhow::Result<()> {
    build()?;
    must(&mut program(&built("worlds").to_string_lossy(), &["--seeds", count, "--orders", ORDERS]))
}

fn dist() -> anyhow::Result<()> {
    build()?;
    packed()?;
    let out = target().join("dist-test");
    if out.exists() {
        std::fs::remove_dir_all(&out)?;
    }
    dist::make(dist::Dist { binary: Some(built("agora")), out: Some(out.clone()) })?;
    script("tests/dist/run", &[&out.to_string_lossy()])
}

/// Packs the crates of the platform, so that what crates.io would refuse is found here: a path without a version, a file that is missing.
/// They are not built from their packages: that needs the network, and builds everything once more.
fn packed() -> anyhow::Result<()> {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    let mut pack = cargo(&["package", "--quiet", "--no-verify", "--allow-dirty", "--offline"]);
    let platform = root().join("crates");
    for package in &metadata.packages {
        if package.manifest_path.starts_with(&platform) {
            pack.args(["--package", &package.name]);
        }
    }
    must(&mut pack)
}

/// `whole`: also at widths where a test did the same with fewer means.
fn browser(whole: bool) -> anyhow::Result<()> {
    in_browser(&["run.mjs"], whole)
}

/// Takes the pictures that the documents show.
pub(crate) fn pictures() -> anyhow::Result<()> {
    setup::install(false, true)?;
    in_browser(&["pictures.mjs", &root().join("docs/pictures").to_string_lossy()], false)
}

fn in_browser(run: &[&str], whole: bool) -> anyhow::Result<()> {
    build()?;
    let mut node = program("node", run);
    node.env(BOOK, "1");
    if whole {
        node.env("AGORA_TEST_WHOLE", "1");
    }
    must(node.current_dir(root().join("tests/browser")).env("AGORA_BIN", built("agora")))
}

/// The whole fault run, on a release build unless `AGORA_BIN` names another command.
fn faults() -> anyhow::Result<()> {
    let mut run = program(&root().join("tests/hardening/run").to_string_lossy(), &["faults"]);
    if std::env::var_os("AGORA_BIN").is_none() {
        must(&mut cargo(&["build", "--quiet", "--release", "--features", "full"]))?;
        run.env("AGORA_BIN", target().join("release/agora"));
    }
    must(&mut run)
}

/// How many tests of a program run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// Says that tests of the book must find it in what they test.
const BOOK: &str = "AGORA_TEST_BOOK";

/// Everything of the workspace, with every feature: one build for all suites.
const WHOLE: &[&str] = &["--workspace", "--features", "command/full,bank/full"];

/// Builds what the tests build, programs included; nothing to do where the tests ran before.
fn build() -> anyhow::Result<()> {
    must(cargo(&["test", "--quiet", "--no-run"]).args(WHOLE))
}

/// A program as it was built for the tests.
fn built(name: &str) -> PathBuf {
    target().join("debug").join(name)
}

/// A suite of its own, which finds the built command in `AGORA_BIN`.
fn script(path: &str, args: &[&str]) -> anyhow::Result<()> {
    let script = root().join(path);
    if !script.exists() {
        say(&format!("{path} is not there; skipped"));
        return Ok(());
    }
    build()?;
    must(program(&script.to_string_lossy(), args).env("AGORA_BIN", built("agora")))
}
