//! Installs what the tests need and is missing.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};

use crate::run::{exists, must, program, root, say, target};

/// Programs, and the packages of Debian that bring them.
const PROGRAMS: &[(&str, &str)] = &[
    ("cc", "build-essential"),
    ("git", "git"),
    ("curl", "curl"),
    ("openssl", "openssl"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("chromium", "chromium"),
    ("rabbitmq-server", "rabbitmq-server"),
    ("redis-server", "redis-server"),
    ("setpriv", "util-linux"),
    // The programs of a server stand outside the path; this one comes with it.
    ("pg_ctlcluster", "postgresql"),
    ("nginx", "nginx-light"),
    ("man", "man-db"),
    ("docker-compose", "docker-compose"),
    ("dockerd", "docker.io"),
    ("iptables", "iptables"),
    ("debootstrap", "debootstrap"),
];

/// The version of schemathesis that the API is checked with.
const SCHEMATHESIS: &str = "schemathesis==4.32.0";
/// What speaks MongoDB's protocol in the tests.
const SECANTUS: &str = "SecantusDB==0.7.0b3";

/// What a first build of everything takes in the target folder, in KiB.
const ROOM: u64 = 10 << 20;

pub(crate) fn all() -> anyhow::Result<()> {
    install(true, true)
}

/// Installs what is missing for the Rust suites, and for those that need Python or a browser.
pub(crate) fn install(python: bool, with_browser: bool) -> anyhow::Result<()> {
    warn_of_a_full_disk();
    packages(|program| with_browser || program != "chromium")?;
    python_program("secantus", "secantusd-py", SECANTUS)?;
    node_packages("tests/couchdb", "the packages of the stand-in for CouchDB")?;
    examples()?;
    mdbook()?;
    if python {
        python_program("python", "schemathesis", SCHEMATHESIS)?;
    }
    if with_browser {
        node_packages("tests/browser", "the browser tests' packages")?;
    }
    Ok(())
}

/// A disk that fills during a build fails with an error of the compiler's, long after the start.
fn warn_of_a_full_disk() {
    let folder = target();
    if folder.join("debug").exists() {
        return;
    }
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(&folder);
    let shown = program("df", &["-Pk", &existing.to_string_lossy()]).output();
    let shown = shown.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let free =
        shown.ok().and_then(|text| text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok());
    if let Some(free) = free.filter(|free: &u64| *free < ROOM) {
        say(&format!(
            "set-up: {} MB are free at {}; the first build takes about {} MB. Free some, or name a folder on another disk in \
             CARGO_TARGET_DIR",
            free >> 10,
            existing.display(),
            ROOM >> 10
        ));
    }
}

/// Installs PostgreSQL alone.
pub(crate) fn postgresql() -> anyhow::Result<()> {
    packages(|program| program == "pg_ctlcluster" || program == "setpriv")
}

fn packages(wanted: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| wanted(program) && !exists(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("set-up: installing {}", missing.join(" ")));
    if !exists("apt-get") {
        bail!("please install {} by hand: this system has no apt-get", missing.join(" "));
    }
    let sudo: &[&str] = if exists("sudo") && !is_root() { &["sudo"] } else { &[] };
    let run = |args: &[&str]| {
        let words: Vec<&str> = sudo
            .iter()
            .chain(&["env", "DEBIAN_FRONTEND=noninteractive"])
            .chain(args)
            .copied()
            .collect();
        let (name, rest) = words.split_first().unwrap_or((&"true", &[]));
        must(&mut program(name, rest))
    };
    run(&["apt-get", "-qq", "update"])?;
    let install: Vec<&str> = ["apt-get", "-qq", "install", "-y", "--no-install-recommends"]
        .into_iter()
        .chain(missing)
        .collect();
    run(&install)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

/// A program of Python in a virtual environment of its own, `.setup/NAME`.
fn python_program(name: &str, program_name: &str, package: &str) -> anyhow::Result<()> {
    let venv = root().join(".setup").join(name);
    if venv.join("bin").join(program_name).exists() {
        return Ok(());
    }
    say(&format!("set-up: {package}"));
    make_venv(&venv)?;
    let pip = venv.join("bin/pip").to_string_lossy().into_owned();
    must(&mut program(&pip, &["install", "--quiet", "--disable-pip-version-check", package]))
}

fn make_venv(venv: &Path) -> anyhow::Result<()> {
    let venv = venv.to_string_lossy().into_owned();
    let make = || must(&mut program("python3", &["-m", "venv", &venv]));
    if make().is_err() && exists("apt-get") {
        must(&mut program("apt-get", &["-qq", "install", "-y", "python3-venv"]))?;
        make()?;
    }
    Ok(())
}

/// What the programs of `examples/` and their tests need.
fn examples() -> anyhow::Result<()> {
    node_packages("examples/javascript", "the packages of the example in JavaScript")?;
    node_packages("tests/examples", "the packages of the examples' tests")?;
    let lists = ["examples/python/requirements.txt", "tests/examples/requirements.txt"];
    python_packages("examples", &lists, "the packages of the example in Python and its tests")
}

/// What builds the book: a wheel with the program, or mdBook in the path where there is no wheel for the machine.
pub(crate) fn mdbook() -> anyhow::Result<()> {
    if exists("mdbook") {
        return Ok(());
    }
    packages(|program| program == "python3")?;
    python_packages("book", &["docs/site/requirements.txt"], "mdBook")
}

/// The Python packages of some lists in a virtual environment of their own, `.setup/NAME`.
fn python_packages(name: &str, lists: &[&str], what: &str) -> anyhow::Result<()> {
    let venv = root().join(".setup").join(name);
    let listed: Vec<String> = lists
        .iter()
        .map(|list| fs::read_to_string(root().join(list)).with_context(|| (*list).to_owned()))
        .collect::<anyhow::Result<_>>()?;
    let listed = listed.concat();
    // Written last, so that a set-up that was cut short is done again.
    let installed = venv.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == listed) {
        return Ok(());
    }
    say(&format!("set-up: {what}"));
    make_venv(&venv)?;
    let pip = venv.join("bin/pip").to_string_lossy().into_owned();
    let mut command = program(&pip, &["install", "--quiet", "--disable-pip-version-check"]);
    for list in lists {
        command.arg("-r").arg(root().join(list));
    }
    must(&mut command)?;
    Ok(fs::write(installed, listed)?)
}

/// The Node packages of a folder, as locked.
fn node_packages(folder: &str, what: &str) -> anyhow::Result<()> {
    let folder = root().join(folder);
    if !folder.join("package.json").exists() || is_current(&folder) {
        return Ok(());
    }
    say(&format!("set-up: {what}"));
    must(
        program("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder),
    )
}

fn is_current(folder: &Path) -> bool {
    let time =
        |path: &str| folder.join(path).metadata().and_then(|metadata| metadata.modified()).ok();
    match (time("node_modules/.package-lock.json"), time("package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    }
}
