//! The connection to the server: opened on demand, dropped on failure, with short timeouts.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind,
    aio::MultiplexedConnection,
};
use runtime::{
    ModelError,
    model::server::{CALL, CONNECT, Remote},
};
use tokio::sync::Mutex;

use super::location::RedisLocation;
use crate::model::Redis;

/// Version of the key layout. A model of another version is emptied and rebuilt from the log.
const SCHEMA: u32 = 1;
/// How long emptying a model may take.
const RESET: Duration = Duration::from_mins(1);

/// The scripts by which everything is done, each in one go.
pub(super) struct Scripts {
    prepare: Script,
    pub(super) apply: Script,
    pub(super) read: Script,
    pub(super) list: Script,
    pub(super) sums: Script,
    pub(super) head: Script,
    pub(super) lease: Script,
    pub(super) set_aside: Script,
    pub(super) aside: Script,
    pub(super) built_from: Script,
    pub(super) record: Script,
    remove: Script,
}

/// A Redis server that holds the model.
pub(super) struct Server {
    location: RedisLocation,
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
    remote: Remote<Redis>,
    pub(super) scripts: Scripts,
}

impl Server {
    pub(super) fn new(location: RedisLocation) -> Result<Self, ModelError> {
        let refused = |error: RedisError| ModelError::Refused(error.to_string());
        let client = Client::open(location.connection().map_err(refused)?).map_err(refused)?;
        let remote = Remote::new(location.address.clone());
        let (connection, scripts) = (Mutex::default(), Scripts::new());
        Ok(Self { location, client, connection, remote, scripts })
    }

    /// Runs a script with `args` behind those that all scripts take.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        args: &[&[u8]],
    ) -> Result<T, ModelError> {
        let call = async {
            let mut connection = self.connection().await?;
            match self.invoke(&mut connection, script, args).await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(self.failed(error).await),
            }
        };
        let answered = self.remote.within(CALL, call).await;
        // A call that is connecting holds the lock; a connection that hangs is dropped.
        if answered.is_err()
            && let Ok(mut connection) = self.connection.try_lock()
        {
            *connection = None;
        }
        answered?
    }

    pub(super) fn location(&self) -> &RedisLocation {
        &self.location
    }

    /// Removes the model, if it is ours, in steps that let the server answer others.
    pub(super) async fn remove(&self) -> Result<(), ModelError> {
        let mut connection = self.connect(CALL).await?;
        let mut cursor = "0".to_owned();
        loop {
            let removed =
                self.invoke(&mut connection, &self.scripts.remove, &[cursor.as_bytes()]).await;
            cursor = removed.map_err(|error| self.named(&error))?;
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    /// Makes the model empty and ours.
    pub(super) async fn reset(&self) -> Result<(), ModelError> {
        let reset = async {
            let mut connection = self.connect(RESET).await?;
            if self.prepare(&mut connection, "reset").await? {
                return Ok(());
            }
            Err(self.remote.replaced())
        };
        reset.await
    }

    async fn invoke<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        script: &Script,
        args: &[&[u8]],
    ) -> Result<T, RedisError> {
        let mut call = script.key(format!("{}:model", self.location.prefix));
        call.arg(&self.location.prefix).arg(SCHEMA);
        for arg in args {
            call.arg(*arg);
        }
        call.invoke_async(connection).await
    }

    async fn connection(&self) -> Result<MultiplexedConnection, ModelError> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        let mut connection = self.connect(CALL).await?;
        let how = if self.remote.was_ours() { "found" } else { "replace" };
        if !self.prepare(&mut connection, how).await? {
            return Err(self.remote.replaced());
        }
        self.remote.mark_ours();
        *kept = Some(connection.clone());
        Ok(connection)
    }

    async fn connect(&self, answer: Duration) -> Result<MultiplexedConnection, ModelError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(answer));
        let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
        connected.map_err(|error| self.named(&error))
    }

    async fn prepare(
        &self,
        connection: &mut MultiplexedConnection,
        how: &str,
    ) -> Result<bool, ModelError> {
        let prepared: Result<u8, _> =
            self.invoke(connection, &self.scripts.prepare, &[how.as_bytes()]).await;
        let place = || format!("the prefix {:?}", self.location.prefix);
        let choose = "choose another prefix with ?prefix=NAME";
        match prepared.map_err(|error| self.named(&error))? {
            2 => Err(self.remote.foreign(place(), choose)),
            3 => Err(self.remote.newer(place(), choose)),
            prepared => Ok(prepared == 1),
        }
    }

    /// What a failed call means; the connection is not used again unless it is known to be good.
    async fn failed(&self, error: RedisError) -> ModelError {
        *self.connection.lock().await = None;
        self.named(&error)
    }

    fn named(&self, error: &RedisError) -> ModelError {
        match error.kind() {
            ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => {
                self.remote.refuses_us()
            }
            _ if error.code() == Some("NOAUTH") => self.remote.requires_password(),
            _ if error.to_string().contains("switch database")
                || error.to_string().contains("DB index") =>
            {
                ModelError::Refused(format!(
                    "there is no such database at {}",
                    self.location.address
                ))
            }
            _ if error.code() == Some("AGORALAYOUT") => self.remote.silent("the model is gone"),
            ErrorKind::Io | ErrorKind::Server(_) | ErrorKind::Client => self.remote.silent(error),
            _ => ModelError::Other(error.to_string()),
        }
    }
}

impl Scripts {
    fn new() -> Self {
        let script = |code: &str| Script::new(&format!("{}\n{code}", include_str!("prelude.lua")));
        Self {
            prepare: script(include_str!("prepare.lua")),
            apply: script(include_str!("apply.lua")),
            read: script(include_str!("read.lua")),
            list: script(include_str!("list.lua")),
            sums: script(include_str!("sums.lua")),
            head: script(include_str!("head.lua")),
            lease: script(include_str!("lease.lua")),
            set_aside: script(include_str!("set_aside.lua")),
            aside: script(include_str!("aside.lua")),
            built_from: script(include_str!("built_from.lua")),
            record: script(include_str!("record.lua")),
            remove: script(include_str!("remove.lua")),
        }
    }
}
