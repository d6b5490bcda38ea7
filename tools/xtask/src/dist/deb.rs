//! The Debian package: the command, its service, manual pages and completions.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use super::{VERSION, epoch, tree::Tree};
use crate::run::{must, program, root};

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

pub(super) fn make(tree: &Tree, work: &Path, out: &Path) -> anyhow::Result<String> {
    let package = work.join("deb");
    install(tree, &package)?;
    let control = package.join("DEBIAN");
    fs::create_dir_all(&control)?;
    let architecture = architecture()?;
    fs::write(control.join("control"), description(tree, &package, architecture)?)?;
    fs::write(control.join("conffiles"), "/etc/agora/agora.toml\n")?;
    for script in SCRIPTS {
        put(&root().join("deploy/package").join(script), &control.join(script), 0o755)?;
    }
    let sums = "find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums";
    must(program("sh", &["-c", sums]).current_dir(&package))?;
    let file = format!("agora_{VERSION}_{architecture}.deb");
    let mut build = program("dpkg-deb", &["--root-owner-group", "-Zxz", "-z2", "--build"]);
    build.arg(&package).arg(out.join(&file)).env("SOURCE_DATE_EPOCH", epoch());
    must(build.stdout(std::process::Stdio::null()))?;
    Ok(file)
}

/// Puts every file where Debian wants it.
fn install(tree: &Tree, package: &Path) -> anyhow::Result<()> {
    let usr = package.join("usr");
    put(&tree.binary(), &usr.join("bin/agora"), 0o755)?;
    let completions = tree.completions();
    let own = root().join("deploy/package");
    for (from, to) in [
        (completions.join("agora"), "usr/share/bash-completion/completions/agora"),
        (completions.join("_agora"), "usr/share/zsh/vendor-completions/_agora"),
        (completions.join("agora.fish"), "usr/share/fish/vendor_completions.d/agora.fish"),
        (own.join("agora.service"), "usr/lib/systemd/system/agora.service"),
        (own.join("agora.toml"), "etc/agora/agora.toml"),
        (root().join("LICENSE"), "usr/share/doc/agora/copyright"),
        (root().join("README.md"), "usr/share/doc/agora/README.md"),
        (root().join("CHANGELOG.md"), "usr/share/doc/agora/changelog"),
    ] {
        put(&from, &package.join(to), 0o644)?;
    }
    let mut pages: Vec<PathBuf> = vec![usr.join("share/doc/agora/changelog")];
    for page in fs::read_dir(tree.man())? {
        let page = page?;
        let to = usr.join("share/man/man1").join(page.file_name());
        put(&page.path(), &to, 0o644)?;
        pages.push(to);
    }
    must(program("gzip", &["-n9"]).args(pages))
}

fn put(from: &Path, to: &Path, mode: u32) -> anyhow::Result<()> {
    fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
    fs::copy(from, to).with_context(|| from.display().to_string())?;
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(mode))?)
}

fn description(tree: &Tree, package: &Path, architecture: &str) -> anyhow::Result<String> {
    let sizes = program("du", &["-sk", "--apparent-size"]).arg(package).output()?;
    let sizes = String::from_utf8_lossy(&sizes.stdout).into_owned();
    let size = sizes.split_whitespace().next().context("du says a size")?;
    let libc = libc(&tree.binary())?;
    Ok(format!(
        "Package: agora\nVersion: {VERSION}\nArchitecture: {architecture}\nMaintainer: Agora <agora@localhost>\n\
         Installed-Size: {size}\nDepends: libc6 (>= {libc}), libgcc-s1\nSection: web\nPriority: optional\n\
         Description: online shop as event-sourced services\n \
         Event store, event bus, four services, gateway and two websites in one\n \
         process, or as separate processes over RabbitMQ. The service agora runs\n \
         the shop of /etc/agora/agora.toml; agora up --demo shows a sample shop.\n"
    ))
}

/// The oldest C library that the command works with: the highest version of those that its symbols name.
fn libc(binary: &Path) -> anyhow::Result<String> {
    let symbols = program("objdump", &["-T"]).arg(binary).output()?;
    let symbols = String::from_utf8_lossy(&symbols.stdout).into_owned();
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let version = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
        Some((numbers.next()?, numbers.next()?))
    });
    let (major, minor) = versions.max().context("objdump names no version of the C library")?;
    Ok(format!("{major}.{minor}"))
}

fn architecture() -> anyhow::Result<&'static str> {
    match env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => bail!("Debian's name of {other} is not known here"),
    }
}
