//! How the services of a process are reached: directly within it, or at addresses that other processes can call.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use rustix::system::uname;
use store::Address;
use tokio::net::TcpListener;
use web::{ConnectionLimits, Server, Service};

use super::{choices::Bus, shared::Shared};

impl Shared {
    /// Announces the services and their addresses.
    pub(super) async fn announce<'a>(
        &self,
        services: impl Iterator<Item = &'a Service>,
    ) -> anyhow::Result<()> {
        let mut deps = self.deps.clone();
        if let Some(bus) = &self.bus {
            // What plays with the shop is heard even where its parts are not.
            deps.base.transport = bus.calm();
        }
        for (at, service) in services.enumerate() {
            let (instance, address) = match self.choices.bus {
                Bus::Memory => (format!("{}-1", service.name), Address::Local),
                Bus::RabbitMq { .. } => (self.instance(service), self.listen(service, at).await?),
            };
            service.announce(&deps, instance, address);
        }
        Ok(())
    }

    /// A name that no other instance has, not even this one after a restart.
    fn instance(&self, service: &Service) -> String {
        let id = self.deps.ids.uuid(self.deps.clock.now()).simple().to_string();
        format!("{}-{}", service.name, id.get(24..).unwrap_or(&id))
    }

    /// Serves the `at`th service on a port of its own.
    async fn listen(&self, service: &Service, at: usize) -> anyhow::Result<Address> {
        let mut address: SocketAddr = self.choices.service_listen;
        if address.port() != 0 {
            let port = u16::try_from(at).ok().and_then(|at| address.port().checked_add(at));
            address.set_port(port.context("service-listen leaves no port for every service")?);
        }
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!(
                "cannot listen on {address} for {}; choose another address with --service-listen",
                service.name
            )
        })?;
        let bound = listener.local_addr()?;
        let stop = self.deps.tasks.stop_token();
        // The gateways that call here are few and have many connections each.
        let limits = ConnectionLimits { per_address: usize::MAX, ..self.choices.connections };
        let server = Server::new(limits.within_files(), Arc::clone(&self.deps.http.proxies));
        let router = service.router.clone();
        let serving = async move { server.serve(listener, router, stop).await };
        self.deps.tasks.spawn("service", serving);
        let host = self.choices.advertise.clone().unwrap_or_else(|| host(bound));
        Ok(Address::Http(format!("http://{host}:{}", bound.port())))
    }
}

/// A host as written in a URL. A process that listens on every address is announced by the machine's name: to others, the
/// unspecified address would be their own.
fn host(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return uname().nodename().to_string_lossy().into_owned();
    }
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_others_can_use() {
        let known = |text: &str| host(text.parse().expect("an address"));
        assert_eq!(known("10.1.2.3:80"), "10.1.2.3");
        assert_eq!(known("[fd00::1]:80"), "[fd00::1]");
        let name = uname().nodename().to_string_lossy().into_owned();
        assert_eq!((known("0.0.0.0:80"), known("[::]:80")), (name.clone(), name));
    }
}
