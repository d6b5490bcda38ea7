//! Sends spans to a collector (OTLP over HTTP, protobuf), in batches and beside the shop's work.
//!
//! Nothing waits for the collector. Spans that it does not accept in time are dropped, which is logged once per outage.

use std::{
    collections::BTreeMap,
    str::FromStr,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, anyhow};
use futures_util::future::try_join_all;
use hyper::Uri;
use kernel::Timestamp;
use opentelemetry::{
    InstrumentationScope, KeyValue, TraceFlags, TraceId,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceState},
};
use opentelemetry_otlp::{
    Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks},
};
use reqwest::{Client, redirect::Policy};
use runtime::{Tasks, trace::Kind, trace::Span, trace::Spans, trace::Value};
use thiserror::Error;

/// Spans of one request to the collector.
const BATCH_MAX: usize = 512;
/// How long a span waits for others to be sent with.
const LINGER: Duration = Duration::from_secs(1);
/// A collector that takes longer for a batch counts as away.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the end of the process waits for the last spans to be sent.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Where a collector takes spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(Uri);

#[derive(Debug, Error)]
pub(crate) enum EndpointError {
    #[error("cannot be used with TLS; name a collector or a local proxy that speaks http://")]
    Tls,
    #[error("is not the address of an OTLP collector, such as http://127.0.0.1:4318")]
    Other,
}

/// The way to the collector.
struct Exporter {
    endpoint: Endpoint,
    client: Client,
    /// By service: each is a resource of its own, whatever process it runs in.
    services: BTreeMap<&'static str, SpanExporter>,
    instance: String,
    /// Spans dropped since the collector last accepted any; none while it does.
    away: Option<u64>,
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    /// The address of a collector, or of its traces.
    fn from_str(text: &str) -> Result<Self, EndpointError> {
        const TRACES: &str = "/v1/traces";
        if text.starts_with("https://") {
            return Err(EndpointError::Tls);
        }
        let plain = text.starts_with("http://") && !text.contains(['?', '#', '@']);
        let base = text.trim_end_matches('/').trim_end_matches(TRACES).trim_end_matches('/');
        let uri = Uri::try_from(format!("{base}{TRACES}")).ok().filter(|_| plain);
        let named = uri.filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
        named.map(Self).ok_or(EndpointError::Other)
    }
}

/// Exports spans until the tasks stop, and then what is left.
pub(crate) fn spawn(
    tasks: &Tasks,
    spans: Spans,
    endpoint: Endpoint,
    instance: String,
) -> anyhow::Result<()> {
    // Nothing between here and the collector but what the setting names.
    let client = Client::builder().no_proxy().redirect(Policy::none());
    let client = client.connect_timeout(ANSWER_TIMEOUT).timeout(ANSWER_TIMEOUT).build();
    let client = client.context("cannot send spans")?;
    let mut exporter =
        Exporter { endpoint, client, services: BTreeMap::new(), instance, away: None };
    // What the exporter takes from the environment (OTEL_EXPORTER_OTLP_HEADERS and such) is wrong now or never.
    exporter.build("agora")?;
    let stopping = tasks.clone();
    tasks.spawn("traces", async move { exporter.run(spans, &stopping).await });
    Ok(())
}

impl Exporter {
    async fn run(mut self, spans: Spans, tasks: &Tasks) {
        let late = async {
            tasks.stopped().await;
            tokio::time::sleep(FLUSH_TIMEOUT).await;
        };
        tokio::select! {
            biased;
            () = self.work(spans, tasks) => {}
            () = late => tracing::warn!("the collector was too slow for the last spans"),
        }
    }

    async fn work(&mut self, mut spans: Spans, tasks: &Tasks) {
        let mut batch = Vec::new();
        loop {
            let more = tokio::select! {
                biased;
                () = tasks.stopped() => {
                    spans.close();
                    spans.take(&mut batch, BATCH_MAX).await;
                    !batch.is_empty()
                }
                more = fill(&mut spans, &mut batch) => more,
            };
            if !more {
                return;
            }
            let dropped = spans.dropped();
            self.export(std::mem::take(&mut batch), dropped).await;
        }
    }

    /// Sends a batch; `dropped` others had found no room.
    async fn export(&mut self, batch: Vec<Span>, mut dropped: u64) {
        let count = batch.len() as u64;
        let sent = self.send(batch).await;
        if sent.is_err() {
            dropped += count;
        }
        let endpoint = &self.endpoint.0;
        match (sent, self.away) {
            (Ok(()), None) if dropped == 0 => {}
            (Ok(()), None) => {
                tracing::warn!("{dropped} spans were dropped: {endpoint} accepts them too slowly");
                // Treat it as unavailable: further drops are counted, and logged once it keeps up again.
                self.away = Some(0);
            }
            (Ok(()), Some(lost)) if dropped == 0 => {
                tracing::info!("{endpoint} accepts spans again; {lost} more were dropped");
                self.away = None;
            }
            (Err(error), None) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "spans are dropped until {endpoint} accepts them");
                self.away = Some(dropped);
            }
            (_, Some(lost)) => self.away = Some(lost + dropped),
        }
    }

    async fn send(&mut self, batch: Vec<Span>) -> anyhow::Result<()> {
        let mut by_service: BTreeMap<&'static str, Vec<SpanData>> = BTreeMap::new();
        for span in batch {
            by_service.entry(span.service).or_default().push(exported(span));
        }
        for service in by_service.keys() {
            self.build(service)?;
        }
        let services = &self.services;
        let requests = by_service.into_iter().filter_map(|(service, spans)| {
            services.get(service).map(|exporter| exporter.export(spans))
        });
        try_join_all(requests).await?;
        Ok(())
    }

    /// The exporter for the spans of a service, if there is none yet.
    fn build(&mut self, service: &'static str) -> anyhow::Result<()> {
        if self.services.contains_key(service) {
            return Ok(());
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(self.client.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(self.endpoint.0.to_string())
            .with_timeout(ANSWER_TIMEOUT)
            // The next batch tries it again.
            .with_retry_policy(RetryPolicy::disabled())
            .build();
        let mut exporter = exporter.map_err(|error| anyhow!("cannot send spans: {error}"))?;
        let attributes = [
            KeyValue::new("service.name", service),
            KeyValue::new("service.namespace", "agora"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", self.instance.clone()),
        ];
        let resource = Resource::builder_empty().with_attributes(attributes);
        exporter.set_resource(&resource.build());
        self.services.insert(service, exporter);
        Ok(())
    }
}

/// Waits for spans and, for a while, for more to be sent with them; false once nothing more can come.
async fn fill(spans: &mut Spans, batch: &mut Vec<Span>) -> bool {
    if spans.take(batch, BATCH_MAX).await == 0 {
        return false;
    }
    let more = async {
        while batch.len() < BATCH_MAX && spans.take(batch, BATCH_MAX - batch.len()).await > 0 {}
    };
    // Neither way is any lost.
    let _full = tokio::time::timeout(LINGER, more).await;
    true
}

fn exported(span: Span) -> SpanData {
    let Span { service: _, name, kind, place, parent, start, end, attributes, failed } = span;
    let flags = TraceFlags::new(place.flags & 1);
    let (trace, id) = (place.trace.to_be_bytes(), place.span.to_be_bytes());
    let (trace, id) = (TraceId::from_bytes(trace), SpanId::from_bytes(id));
    let attribute = |(key, value)| match value {
        Value::Text(text) => KeyValue::new(key, text),
        Value::Number(number) => KeyValue::new(key, number),
    };
    SpanData {
        span_context: SpanContext::new(trace, id, flags, false, TraceState::NONE),
        parent_span_id: SpanId::from_bytes(parent.unwrap_or_default().to_be_bytes()),
        parent_span_is_remote: kind != Kind::Internal,
        span_kind: match kind {
            Kind::Request => SpanKind::Server,
            Kind::Reaction => SpanKind::Consumer,
            Kind::Internal => SpanKind::Internal,
        },
        name: name.into(),
        start_time: time(start),
        end_time: time(end),
        attributes: attributes.into_iter().map(attribute).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: if failed { Status::error("") } else { Status::Unset },
        instrumentation_scope: InstrumentationScope::builder("agora").build(),
    }
}

fn time(time: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + time.since(Timestamp::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_collector_or_its_traces() {
        let uri = |text: &str| text.parse::<Endpoint>().expect("an endpoint").0.to_string();
        for text in ["http://h:4318", "http://h:4318/", "http://h:4318/v1/traces"] {
            assert_eq!(uri(text), "http://h:4318/v1/traces", "{text}");
        }
        assert_eq!(uri("http://[::1]/otlp"), "http://[::1]/otlp/v1/traces");
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in [
            "h:4318",
            "grpc://h",
            "http://",
            "http:///v1",
            "http://h?x",
            "http://a b",
            "http://u:p@h",
        ] {
            assert!(matches!(text.parse::<Endpoint>(), Err(EndpointError::Other)), "{text}");
        }
        assert!(matches!("https://h".parse::<Endpoint>(), Err(EndpointError::Tls)));
    }
}
