//! A real shop: `agora up` in a separate process, on free ports, in a folder that is removed after the test.

mod person;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
};

pub(crate) use self::person::{Answer, Http, Person};
use crate::run::{Ran, output, program};

/// The manager's.
pub(crate) const PASSWORD: &str = servers::system::PASSWORD;

/// What takes longer than this does not happen at all, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(4);

/// A folder in which shops run, one after the other; clones are the same folder.
#[derive(Clone)]
pub(crate) struct Folder(Arc<TempDir>);

/// A running shop.
pub(crate) struct Shop {
    pub(crate) folder: Folder,
    pub(crate) url: String,
    http: Http,
    process: Child,
    stdout: BufReader<ChildStdout>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(Arc::new(TempDir::new().expect("a temporary folder")))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// What its shops have logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join("stderr")).expect("a shop has run here")
    }

    /// Another folder with the same data.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_folder(&self.data(), &copy.data());
        copy
    }

    /// Starts a shop and returns when it is ready.
    pub(crate) async fn up(&self) -> Shop {
        self.up_with(|_| {}).await
    }

    /// Starts a shop with settings of its own.
    pub(crate) async fn up_with(&self, change: impl FnOnce(&mut Command)) -> Shop {
        self.up_saying(change).await.0
    }

    /// The same, with what it says once it is ready.
    pub(crate) async fn up_saying(&self, change: impl FnOnce(&mut Command)) -> (Shop, Value) {
        let stderr = fs::File::options().create(true).append(true).open(self.path().join("stderr"));
        let mut command = up(&self.data());
        command.arg("--json").env("AGORA_ADMIN_PASSWORD", PASSWORD);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr.expect("a file"));
        change(&mut command);
        let mut process = command.spawn().expect("it starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, stdout.read_line(&mut line)).await;
        read.unwrap_or_else(|_| panic!("it is ready in time: {}", self.log())).expect("a pipe");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{}", self.log()));
        let url = ready["gateway"].as_str().expect("an address").to_owned();
        let shop = Shop { folder: self.clone(), url, http: person::http(), process, stdout };
        (shop, ready)
    }

    /// A tool that works on the stopped shop's data.
    pub(crate) async fn tool(&self, args: &[&str]) -> Ran {
        output(program().args(args).arg("--data").arg(self.data())).await
    }
}

/// A visitor at the gateway at `url`, not logged in.
pub(crate) fn visitor(url: &str) -> Person {
    Person::new(person::http(), url)
}

/// `agora up` on free ports, not started.
pub(crate) fn up(data: &Path) -> Command {
    let mut command = program();
    command.args(["up", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]);
    command.arg("--data").arg(data);
    command
}

impl Shop {
    /// A new shop in a folder of its own.
    pub(crate) async fn start() -> Self {
        Folder::new().up().await
    }

    /// A visitor who is not logged in.
    pub(crate) fn visitor(&self) -> Person {
        Person::new(self.http.clone(), &self.url)
    }

    pub(crate) async fn manager(&self) -> Person {
        self.visitor().log_in("admin", PASSWORD).await
    }

    /// A tool beside the shop, as its manager.
    pub(crate) async fn tool(&self, args: &[&str]) -> Ran {
        output(&mut self.tool_command(args)).await
    }

    pub(crate) fn tool_command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.env("AGORA_ADMIN_PASSWORD", PASSWORD).args(args).args(["--url", &self.url]);
        // Where the settings say that the shop keeps its secret.
        command.env("AGORA_DATA", self.folder.data());
        command
    }

    /// Ends the process where it stands, as `kill -9` does.
    pub(crate) async fn kill(mut self) -> Folder {
        self.signal(Signal::KILL);
        self.process.wait().await.expect("it ends");
        self.folder
    }

    /// Asks the process to stop; how it ended, and what else it had to say on its standard output.
    pub(crate) async fn stop(self, signal: Signal) -> (ExitStatus, String) {
        self.signal(signal);
        self.ended().await
    }

    /// Waits until the process has ended; how, and what else it had to say on its standard output.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        let status = ended.expect("it stops").expect("it ends");
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).await.expect("a pipe can be read");
        (status, rest)
    }

    /// Stops the process as an operator does, and gives its folder back.
    pub(crate) async fn down(self) -> Folder {
        let folder = self.folder.clone();
        let (status, _) = self.stop(Signal::TERM).await;
        assert!(status.success(), "{status}: {}", folder.log());
        folder
    }

    pub(crate) fn pid(&self) -> Pid {
        let id = self.process.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        id.expect("it runs")
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it is ours");
    }
}

/// Waits until `condition` gives a value.
pub(crate) async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// A manager's body for a new product.
pub(crate) fn product(name: &str, category: &str, (price, units): (&str, i64)) -> Value {
    json!({
        "Code": name, "Name": name, "Description": "", "Supplier": "", "CategoryId": category,
        "Price": price, "UnitsInStock": units,
    })
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file");
        }
    }
}
