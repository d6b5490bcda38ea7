//! All settings of a process, read and checked before anything is opened: a refused start changes nothing.

use std::{
    collections::BTreeMap, fmt, net::SocketAddr, ops::RangeInclusive, path::PathBuf, str::FromStr,
    time::Duration,
};

use contracts::money::{Currency, Money};
use jiff::tz::TimeZone;
use registry::ModelPlace;
use runtime::upgrade::Ends;
use web::{ConnectionLimits, StreamLimits};

use crate::{
    config::{ConfigError, Settings},
    engines::{Endpoint, Queues, left_out},
    parts::{Part, Parts},
};

/// What the settings chose.
pub(crate) struct Choices {
    pub(crate) data: PathBuf,
    pub(crate) shop_secret: Option<[u8; 32]>,
    pub(crate) token_key: Option<[u8; 32]>,
    pub(crate) cookie_key: Option<[u8; 32]>,
    pub(crate) bus: Bus,
    pub(crate) store: Store,
    /// The services without which the gateway is not ready.
    pub(crate) expected: Vec<String>,
    pub(crate) gateway: Option<site::Gateway>,
    /// The website that the back office watches, if it runs elsewhere.
    pub(crate) storefront: Option<site::Gateway>,
    /// Products with this many units or fewer are shown as low in the back office.
    pub(crate) low_stock: u32,
    pub(crate) service_listen: SocketAddr,
    pub(crate) advertise: Option<String>,
    pub(crate) secure_cookies: bool,
    pub(crate) proxies: web::TrustedProxies,
    pub(crate) connections: ConnectionLimits,
    pub(crate) streams: StreamLimits,
    pub(crate) currency: Currency,
    pub(crate) time_zone: TimeZone,
    pub(crate) welcome_credit: Money,
    pub(crate) order_deadline: Duration,
    pub(crate) admin_password: Option<customer::NewPassword>,
    /// When an upgrade ends.
    pub(crate) upgrade_ends: Ends,
    /// Go on with a log that has lost events.
    pub(crate) accept_shorter_log: bool,
    /// Believe a clock that is far from the last event.
    pub(crate) accept_clock: bool,
    /// The memory that the process is meant to stay within, in bytes.
    pub(crate) memory: usize,
    pub(crate) limits: customer::Limits,
    /// Where each service keeps its read model, by the service's name.
    pub(crate) models: BTreeMap<&'static str, ModelPlace>,
    pub(super) collector: Option<Endpoint>,
}

/// What carries messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bus {
    /// Within this process.
    Memory,
    /// Between processes, over a broker.
    RabbitMq { url: String, queues: Queues },
}

/// What keeps the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// Our own log in this folder.
    Log(PathBuf),
    /// A database of a MongoDB server, by its URL.
    MongoDb(String),
}

impl Choices {
    /// Reads what `parts` need.
    pub(crate) fn read(settings: &Settings, parts: &Parts) -> Result<Self, ConfigError> {
        settings.check_addresses()?;
        super::places::check(settings, parts)?;
        let given = |name| settings.text(name).filter(|text| !text.is_empty());
        let choices = Self {
            data: PathBuf::from(settings.text("data").unwrap_or_default()),
            shop_secret: key(settings, "shop-secret")?,
            token_key: key(settings, "token-key")?,
            cookie_key: key(settings, "cookie-key")?,
            bus: bus(settings)?,
            store: store(settings)?,
            expected: expected(settings)?,
            gateway: given("gateway").map(|url| site_gateway(settings, url)).transpose()?,
            storefront: given("storefront-url").map(|url| storefront(settings, url)).transpose()?,
            low_stock: number(settings, "low-stock", 0..=1_000_000)?,
            service_listen: settings.get("service-listen")?,
            advertise: given("advertise").map(str::to_owned),
            secure_cookies: settings.get("secure-cookies")?,
            proxies: settings.get("trusted-proxies")?,
            connections: connections(settings)?,
            streams: StreamLimits {
                per_user: number(settings, "streams-per-user", 1..=1_000_000)?,
                per_address: number(settings, "streams-per-address", 1..=1_000_000)?,
            },
            currency: settings.get("currency")?,
            time_zone: time_zone(settings)?,
            welcome_credit: settings.get("welcome-credit")?,
            order_deadline: Duration::from_secs(number(settings, "order-deadline", 1..=86_400)?),
            admin_password: admin_password(settings)?,
            upgrade_ends: upgrade_ends(settings)?,
            accept_shorter_log: settings.get("accept-shorter-log")?,
            accept_clock: settings.get("accept-clock")?,
            memory: number::<usize>(settings, "memory", 16..=1_048_576)? << 20,
            limits: limits(settings)?,
            models: models(settings)?,
            collector: given("otlp-endpoint").map(|_| settings.get("otlp-endpoint")).transpose()?,
        };
        choices.agree(settings, parts)?;
        Ok(choices)
    }

    /// Says what works, but is hardly meant.
    pub(crate) fn warn(&self) {
        if self.proxies.trusts_all() {
            tracing::warn!(
                "trusted-proxies names every address: any client can claim to be another one, so the limits per address are off. Name only \
                 the proxies in front of this shop"
            );
        }
    }

    /// Refuses settings that contradict each other or what is to run.
    fn agree(&self, settings: &Settings, parts: &Parts) -> Result<(), ConfigError> {
        let alone = self.bus == Bus::Memory;
        if alone && parts.on_the_bus() && !parts.has(Part::EventStore) {
            let reason = format!(
                "does not reach other processes, and {} needs an event store: run it in this process too, or set a bus that all processes can reach",
                parts.names()
            );
            return Err(settings.invalid("bus", reason));
        }
        if !parts.has(Part::Gateway) && self.gateway.is_none() {
            let sites = [Part::Storefront, Part::Backoffice];
            if let Some(site) = sites.into_iter().find(|site| parts.has(*site)) {
                let reason = format!(
                    "the {} needs the address of a gateway, such as http://127.0.0.1:8080",
                    site.name()
                );
                return Err(settings.invalid("gateway", reason));
            }
        }
        Ok(())
    }
}

fn bus(settings: &Settings) -> Result<Bus, ConfigError> {
    let queues = match settings.text("bus-queues").unwrap_or_default() {
        "classic" => Queues::Classic,
        "quorum" => Queues::Quorum,
        _ => return Err(settings.invalid("bus-queues", "is neither classic nor quorum")),
    };
    match settings.text("bus").unwrap_or_default() {
        "memory:" => Ok(Bus::Memory),
        url if url.starts_with("amqp") && cfg!(not(feature = "rabbitmq")) => {
            Err(settings.invalid("bus", left_out("RabbitMQ", "rabbitmq")))
        }
        url if url.starts_with("amqp") => Ok(Bus::RabbitMq { url: url.to_owned(), queues }),
        _ => Err(settings.invalid("bus", "is neither memory: nor amqp://USER:PASSWORD@HOST/VHOST")),
    }
}

/// Where the events are kept.
pub(crate) fn store(settings: &Settings) -> Result<Store, ConfigError> {
    let url = settings.text("event-store").unwrap_or_default();
    match url.split_once(':') {
        Some(("log", folder)) if !folder.is_empty() => Ok(Store::Log(folder.into())),
        Some(("mongodb" | "mongodb+srv", _)) if cfg!(not(feature = "mongodb")) => {
            Err(settings.invalid("event-store", left_out("MongoDB", "mongodb")))
        }
        Some(("mongodb" | "mongodb+srv", _)) => Ok(Store::MongoDb(url.to_owned())),
        _ => Err(settings.invalid("event-store", "is neither log:DIR nor mongodb://HOST/DATABASE")),
    }
}

fn upgrade_ends(settings: &Settings) -> Result<Ends, ConfigError> {
    Ok(if settings.get("hold-upgrade")? { Ends::OnRequest } else { Ends::ByItself })
}

fn site_gateway(settings: &Settings, url: &str) -> Result<site::Gateway, ConfigError> {
    site::Gateway::http(url).map_err(|error| settings.invalid("gateway", error.to_string()))
}

fn storefront(settings: &Settings, url: &str) -> Result<site::Gateway, ConfigError> {
    let no_url = "is not the URL of a website, such as http://127.0.0.1:5001";
    site::Gateway::http(url)
        .map_err(|_| settings.invalid("storefront-url", format!("{url:?} {no_url}")))
}

/// The shop's own services, and those that the setting names.
fn expected(settings: &Settings) -> Result<Vec<String>, ConfigError> {
    let more = settings.text("expected-services").unwrap_or_default().split(',').map(str::trim);
    let more: Vec<&str> = more.filter(|name| !name.is_empty()).collect();
    if let Some(name) = more.iter().find(|name| !gateway::is_name(name)) {
        let why = format!(
            "{name:?} is not the name of a service: one has lower-case letters, digits and hyphens"
        );
        return Err(settings.invalid("expected-services", why));
    }
    let own = registry::names().chain([events::NAME]).map(str::to_owned);
    Ok(own.chain(more.into_iter().map(str::to_owned)).collect())
}

/// Where the read models live, as far as can be told without opening them.
fn models(settings: &Settings) -> Result<BTreeMap<&'static str, ModelPlace>, ConfigError> {
    let mut places = BTreeMap::new();
    for module in registry::SERVICES {
        settings.read(module.model.name, module.check_model)?;
        let text = settings.text(module.model.name).unwrap_or_default();
        places.insert(module.name, ModelPlace::Named(text.to_owned()));
    }
    Ok(places)
}

/// A key of 64 hex digits, if one is given.
fn key(settings: &Settings, name: &str) -> Result<Option<[u8; 32]>, ConfigError> {
    let Some(hex) = settings.text(name).filter(|hex| !hex.is_empty()) else { return Ok(None) };
    let key = crate::data_folder::parse_secret(hex);
    key.map(Some).ok_or_else(|| settings.invalid(name, "must be 64 hex digits"))
}

/// Where something listens; none for `off`.
pub(crate) fn listening(
    settings: &Settings,
    name: &str,
) -> Result<Option<SocketAddr>, ConfigError> {
    if settings.text(name) == Some("off") {
        return Ok(None);
    }
    settings.get(name).map(Some)
}

/// The zone in which accounting's years and months begin.
pub(crate) fn time_zone(settings: &Settings) -> Result<TimeZone, ConfigError> {
    let zone = settings.text("time-zone").unwrap_or_default();
    TimeZone::get(zone).map_err(|_| {
        settings.invalid("time-zone", "is not a known time zone, such as Europe/Berlin or UTC")
    })
}

fn admin_password(settings: &Settings) -> Result<Option<customer::NewPassword>, ConfigError> {
    let Some(text) = settings.text("admin-password") else { return Ok(None) };
    let password = customer::NewPassword::parse(text.to_owned());
    password.map(Some).map_err(|error| settings.invalid("admin-password", error))
}

fn connections(settings: &Settings) -> Result<ConnectionLimits, ConfigError> {
    Ok(ConnectionLimits {
        total: number(settings, "connections", 16..=1_000_000)?,
        per_address: number(settings, "connections-per-address", 1..=1_000_000)?,
    })
}

fn limits(settings: &Settings) -> Result<customer::Limits, ConfigError> {
    Ok(customer::Limits {
        failures_per_name: number(settings, "login-failures-per-name", 1..=1_000_000)?,
        failures_per_address: number(settings, "login-failures-per-address", 1..=1_000_000)?,
        registrations_per_address: number(settings, "registrations-per-address", 1..=1_000_000)?,
        ..customer::Limits::default()
    })
}

/// A whole number within `range`.
fn number<T>(settings: &Settings, name: &str, range: RangeInclusive<T>) -> Result<T, ConfigError>
where
    T: FromStr + PartialOrd + fmt::Display,
{
    let number: Option<T> = settings.text(name).and_then(|text| text.parse().ok());
    number.filter(|number| range.contains(number)).ok_or_else(|| {
        let reason = format!("is not a whole number from {} to {}", range.start(), range.end());
        settings.invalid(name, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, SETTINGS};

    #[test]
    fn the_limits_of_the_settings_are_by_default_those_of_the_service() {
        let usual = customer::Limits::default();
        let settings = Flags::of([]).resolve_with(&BTreeMap::new()).expect("settings");
        assert_eq!(limits(&settings).expect("limits"), usual);
        let minutes = format!("in {} minutes", usual.failures_window.as_secs() / 60);
        for name in ["login-failures-per-name", "login-failures-per-address"] {
            let setting = SETTINGS.iter().find(|setting| setting.name == name).expect("a setting");
            assert!(setting.help.ends_with(&minutes), "{name}: {}", setting.help);
        }
        assert_eq!(
            usual.registrations_window,
            Duration::from_hours(1),
            "an hour, as its help says"
        );
    }
}
