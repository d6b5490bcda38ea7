//! Runs the program and returns its output.

use std::{ffi::OsStr, path::PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::stub::{PASSWORD, Stub};

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The standard output as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// Whether the long form of tests is asked for, as before a release: more kills, and every instance frozen.
pub(crate) fn is_whole() -> bool {
    std::env::var_os("AGORA_TEST_WHOLE").is_some()
}

/// The program with these arguments, as the stub's manager.
pub(crate) async fn agora<A: AsRef<OsStr>>(stub: &Stub, args: impl IntoIterator<Item = A>) -> Ran {
    output(program().env("AGORA_ADMIN_PASSWORD", PASSWORD).args(args).args(["--url", &stub.url]))
        .await
}

/// The program in an environment that a developer's own settings do not reach.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agora"));
    command.env_clear().kill_on_drop(true);
    // Their ports are fixed unless chosen, and many shops run here at once.
    command.envs([("AGORA_STOREFRONT_LISTEN", "off"), ("AGORA_BACKOFFICE_LISTEN", "off")]);
    command
}

pub(crate) async fn output(command: &mut Command) -> Ran {
    let output = command.stdin(std::process::Stdio::null()).output().await.expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran {
        code: output.status.code().expect("it was not killed"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// The folder of a part of real purchases with known answers.
pub(crate) fn journey() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/journey")
}

pub(crate) fn answers() -> Value {
    let text = std::fs::read_to_string(journey().join("answers.json")).expect("it is there");
    serde_json::from_str(&text).expect("it is JSON")
}

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("a writable folder");
    }
    folder
}
