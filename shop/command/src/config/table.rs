//! The table of all settings.

use std::sync::LazyLock;

/// One setting: its name is the flag's, the variable's (`AGORA_` and capitals) and the file's key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// What it is unless given; `DATA` stands for the data folder.
    pub(crate) default: Option<&'static str>,
    pub(crate) holds: Holds,
    pub(crate) value_name: &'static str,
    pub(crate) help: &'static str,
}

/// What a setting's value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Nothing that must be hidden.
    Plain,
    /// An address, with a password perhaps, which is masked wherever the address is shown.
    Address,
    /// A secret: masked as a whole.
    Secret,
}

impl Setting {
    /// Whether it may come from a file named by the variable `…_FILE`.
    pub(crate) fn may_be_in_a_file(&self) -> bool {
        self.holds != Holds::Plain
    }
}

const fn setting(
    name: &'static str,
    default: &'static str,
    value_name: &'static str,
    help: &'static str,
) -> Setting {
    Setting { name, default: Some(default), holds: Holds::Plain, value_name, help }
}

const fn address(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default: Some(default), holds: Holds::Address, value_name: "URL", help }
}

const fn secret(name: &'static str, help: &'static str) -> Setting {
    Setting { name, default: None, holds: Holds::Secret, value_name: "SECRET", help }
}

/// All settings, in the order in which they are listed: what the services need stands before what the shop is.
pub(crate) static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let models = registry::SERVICES.iter().map(|module| module.model);
    let models = models.map(|model| address(model.name, model.default, model.help));
    PROCESS.iter().copied().chain(models).chain(SHOP.iter().copied()).collect()
});

/// What a process is and keeps.
const PROCESS: &[Setting] = &[
    setting("data", "./agora-data", "DIR", "The folder for all data"),
    setting(
        "listen",
        "127.0.0.1:8080",
        "ADDR:PORT",
        "Where the gateway listens; port 0 picks a free one",
    ),
    setting(
        "ops-listen",
        "127.0.0.1:8081",
        "ADDR:PORT",
        "Where metrics are served; `off` for nowhere",
    ),
    setting(
        "storefront-listen",
        "127.0.0.1:5001",
        "ADDR:PORT",
        "Where the shoppers' website listens; `off` for nowhere",
    ),
    setting(
        "backoffice-listen",
        "127.0.0.1:5002",
        "ADDR:PORT",
        "Where the managers' website listens; `off` for nowhere",
    ),
    setting(
        "gateway",
        "",
        "URL",
        "Gateway URL for websites in a process without a gateway, such as http://127.0.0.1:8080",
    ),
    setting(
        "storefront-url",
        "",
        "URL",
        "The storefront that a back office in another process watches, such as http://127.0.0.1:5001",
    ),
    setting(
        "low-stock",
        "5",
        "UNITS",
        "Products with this many units or fewer are shown as low in the back office, until managers set it there",
    ),
    setting(
        "expected-services",
        "",
        "NAMES",
        "Additional services that the gateway waits for before it is ready, separated by commas",
    ),
    setting(
        "service-listen",
        "127.0.0.1:0",
        "ADDR:PORT",
        "Where services listen that other processes can reach; each takes the next port, counted up from this one",
    ),
    setting(
        "advertise",
        "",
        "HOST",
        "The host name at which other processes reach the services of this one (else their address, or for 0.0.0.0 this machine's name)",
    ),
    setting(
        "secure-cookies",
        "false",
        "true|false",
        "Whether the websites' cookies are sent over HTTPS only: for a proxy in front that speaks HTTPS",
    ),
    secret(
        "admin-password",
        "The password of the manager `admin`: applied once, at the first start or when it changes",
    ),
    secret(
        "shop-secret",
        "64 hex digits from which the shop's keys are derived; by default generated and kept in DATA/secret",
    ),
    setting(
        "token-key",
        "",
        "HEX",
        "The public key that tokens are checked with, for processes without the shop's secret; see `agora keys`",
    ),
    secret(
        "cookie-key",
        "64 hex digits that seal the websites' sessions, for processes without the shop's secret; see `agora keys`",
    ),
    address("bus", "memory:", "The event bus: memory: within this process, or amqp://…"),
    setting(
        "bus-queues",
        "classic",
        "KIND",
        "The type of queue for requests at a broker: classic for one node, quorum for a cluster",
    ),
    address("event-store", "log:DATA/log", "The event store: log:DIR, or mongodb://…"),
    setting(
        "memory",
        "256",
        "MIB",
        "The memory that the process should stay within: a quarter of it may hold products, customers and the like between commands, an eighth events for followers of the log",
    ),
    setting(
        "hold-upgrade",
        "false",
        "true|false",
        "Whether events of newer schemas are recorded only after `agora upgrade --finish`, so that the previous version can be started again until then; a setting of the event store",
    ),
    setting(
        "accept-shorter-log",
        "false",
        "true|false",
        "Whether to accept, for one start, a log that is gone, has lost events or is another one: the missing events are lost",
    ),
    setting(
        "accept-clock",
        "false",
        "true|false",
        "Whether to accept, for one start, a system clock more than a year ahead of the last event or before 2026",
    ),
];

/// What the shop is, and how much it takes.
const SHOP: &[Setting] = &[
    setting(
        "currency",
        "EUR",
        "CODE",
        "The shop's one currency (ISO 4217), fixed at the first start",
    ),
    setting(
        "time-zone",
        "UTC",
        "NAME",
        "The shop's time zone (IANA name): for the years and months of revenue, and times on the websites",
    ),
    setting("welcome-credit", "100.00", "AMOUNT", "The credit of a new customer"),
    setting(
        "order-deadline",
        "10",
        "SECONDS",
        "The time after which an order that is not finalized is denied",
    ),
    setting(
        "trusted-proxies",
        "127.0.0.0/8, ::1",
        "NETWORKS",
        "Addresses of the proxies in front, which are trusted to name their client by Forwarded, else by X-Forwarded-For (-Proto, -Host); the list replaces the default",
    ),
    setting(
        "connections",
        "4096",
        "N",
        "Connections at once, fewer if the process may not open that many files; when full, one that is waiting for its client is closed; an eighth, at most 64, is reserved for this machine and trusted proxies",
    ),
    setting(
        "connections-per-address",
        "256",
        "N",
        "Connections from one address (IPv6: one /64, and four times as many from one /48); trusted proxies are not limited",
    ),
    setting(
        "streams-per-user",
        "20",
        "N",
        "Event streams and live pages that one user may have open",
    ),
    setting(
        "streams-per-address",
        "40",
        "N",
        "Event streams and live pages open from one address (IPv6: one /64), behind a trusted proxy the client's address counts",
    ),
    setting(
        "login-failures-per-name",
        "10",
        "N",
        "Failed log-ins of one name from one address in 15 minutes",
    ),
    setting(
        "login-failures-per-address",
        "50",
        "N",
        "Failed log-ins from one address in 15 minutes",
    ),
    setting("registrations-per-address", "20", "N", "Registrations from one address in an hour"),
    setting(
        "log-level",
        "info",
        "LEVEL",
        "What is logged: error, warn, info, debug, or a filter such as info,order=debug",
    ),
    setting("log-format", "text", "FORMAT", "How it is logged: text or json"),
    setting(
        "otlp-endpoint",
        "",
        "URL",
        "The collector that traces are sent to (OTLP over HTTP), such as http://127.0.0.1:4318",
    ),
];
