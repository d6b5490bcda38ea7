//! Runs the commands that the README and the book show, page by page, beside a sample shop.
//!
//! Every block marked `sh` is run, unless the line before it says why not: `<!-- not run: the reason -->`.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    iter,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{
    book::{
        markdown::{self, Piece},
        stage,
    },
    run::say,
};

/// It comes before the book.
const README: &str = "README.md";
/// The manager's password in the shop that the commands find.
const PASSWORD: &str = "a-manager-of-tests";
const NO_PASSWORD: &str = "unset AGORA_ADMIN_PASSWORD\n";
/// Seconds for all commands of one page.
const PATIENCE: &str = "120";

/// What stands in for a reader's picture, and what the book calls it.
const PICTURE: &str = "docs/pictures/product.png";
const TEAPOT: &str = "teapot.png";

/// A block of commands of a page.
struct Block {
    line: usize,
    text: String,
    /// Why it is not run.
    not_run: Option<String>,
}

/// Runs all that can be run; the error has the output of the first page that fails.
pub(super) fn run(root: &Path, agora: &Path) -> anyhow::Result<()> {
    let mut pages = Vec::new();
    for file in iter::once(PathBuf::from(README)).chain(stage::pages(root)?.into_keys()) {
        let text =
            fs::read_to_string(root.join(&file)).with_context(|| file.display().to_string())?;
        pages.push((file, blocks(&text)));
    }
    let shop = Shop::start(agora, &root.join(PICTURE))?;
    let mut ran = 0;
    for (file, blocks) in &pages {
        let run: Vec<&Block> = blocks.iter().filter(|block| block.not_run.is_none()).collect();
        if !run.is_empty() {
            shop.run(file, &run)?;
            ran += run.len();
        }
    }
    say(&format!("{ran} blocks of commands ran; not run:"));
    for (file, blocks) in &pages {
        for block in blocks {
            if let Some(reason) = &block.not_run {
                say(&format!("  {}:{}: {reason}", file.display(), block.line));
            }
        }
    }
    Ok(())
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut before = "";
    for piece in markdown::pieces(page) {
        match piece {
            Piece::Text(text) => {
                before = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("");
            }
            Piece::Fence(fence) => {
                if fence.info == "sh" {
                    let reason = before.trim().strip_prefix("<!-- not run: ");
                    let not_run = reason.and_then(|reason| reason.strip_suffix(" -->"));
                    let not_run = not_run.map(str::to_owned);
                    found.push(Block { line: fence.at, text: fence.lines.join("\n"), not_run });
                }
            }
        }
    }
    found
}

/// A sample shop, which ends with its folder when this is dropped.
struct Shop {
    process: Child,
    folder: PathBuf,
    agora: PathBuf,
    picture: PathBuf,
    addresses: Value,
}

impl Shop {
    fn start(agora: &Path, picture: &Path) -> anyhow::Result<Self> {
        let folder = env::temp_dir().join(format!("agora-book-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut command = Command::new(agora);
        command.args([
            "up",
            "--demo",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--ops-listen",
            "127.0.0.1:0",
        ]);
        command.arg("--data").arg(folder.join("agora-data"));
        for site in ["AGORA_STOREFRONT_LISTEN", "AGORA_BACKOFFICE_LISTEN"] {
            command.env(site, "127.0.0.1:0");
        }
        command.env("AGORA_ADMIN_PASSWORD", PASSWORD).env("AGORA_LOG_LEVEL", "error");
        let process = command.current_dir(&folder).stdout(Stdio::piped()).spawn();
        let process = process.with_context(|| agora.display().to_string())?;
        let (agora, picture) = (agora.to_owned(), picture.to_owned());
        let mut shop = Self { process, folder, agora, picture, addresses: Value::Null };
        let mut ready = String::new();
        let out = shop.process.stdout.take().context("it is piped")?;
        BufReader::new(out).read_line(&mut ready)?;
        shop.addresses = serde_json::from_str(&ready).context("the sample shop did not start")?;
        Ok(shop)
    }

    /// The address that the shop has in place of one that the book shows.
    fn address(&self, part: &str) -> anyhow::Result<&str> {
        let address = self.addresses.get(part).and_then(Value::as_str);
        address.with_context(|| format!("the shop names no {part}: {}", self.addresses))
    }

    /// Runs the commands of a page in one shell, in a folder of its own.
    fn run(&self, page: &Path, blocks: &[&Block]) -> anyhow::Result<()> {
        let page = page.display().to_string();
        let said = |block: &&Block| {
            // From here on readers have a session, and no command asks for the password.
            let then = if block.text.contains("agora login") { NO_PASSWORD } else { "" };
            format!("echo '── {page}:{}' >&2\n{}\n{then}", block.line, block.text)
        };
        let mut script: String = blocks.iter().map(said).collect();
        for (shown, part) in [
            ("http://127.0.0.1:8080", "gateway"),
            ("http://127.0.0.1:5001", "storefront"),
            ("http://127.0.0.1:5002", "backoffice"),
        ] {
            script = script.replace(shown, self.address(part)?);
        }
        let folder = self.folder.join(page.replace('/', "-"));
        fs::create_dir_all(&folder)?;
        fs::copy(&self.picture, folder.join(TEAPOT))?;
        let mut programs = vec![self.agora.parent().unwrap_or(Path::new("/")).to_owned()];
        programs.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new("timeout");
        command.args([PATIENCE, "bash", "-euo", "pipefail", "-c", &script]).current_dir(&folder);
        command.env("PATH", env::join_paths(programs)?).env("HOME", &folder);
        command
            .env("AGORA_URL", self.address("gateway")?)
            .env("AGORA_DATA", self.folder.join("agora-data"));
        command.env("AGORA_ADMIN_PASSWORD", PASSWORD).env("NO_COLOR", "1");
        let ran = command.stdin(Stdio::null()).output().context("timeout")?;
        if ran.status.success() {
            return Ok(());
        }
        let (out, err) =
            (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        bail!("the commands of {page} failed ({}):\n{script}\n{out}\n{err}", ran.status)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
        _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_run_unless_a_reason_is_given() {
        let page = "a\n```sh\nls\n```\n\n<!-- not run: needs Docker -->\n\n```sh\ndocker ps\n```\n```rust\nfn f() {}\n```\n```sh\npwd\n```\n";
        let found: Vec<_> =
            blocks(page).into_iter().map(|block| (block.line, block.text, block.not_run)).collect();
        assert_eq!(
            found,
            [
                (2, "ls".to_owned(), None),
                (8, "docker ps".to_owned(), Some("needs Docker".to_owned())),
                (14, "pwd".to_owned(), None),
            ]
        );
    }
}
