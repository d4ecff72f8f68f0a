//! What is counted while we work, in the text that Prometheus reads.
//!
//! In: that something happened. Out: numbers since this process began, with labels from closed lists: never a library's patron,
//! an address, or a domain that strangers choose. Not here: what stands in the database at the moment of asking (`store`'s `Measured`), and the
//! door (`http`).

#[cfg(test)]
mod tests;

use std::time::Duration;

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// What each name begins with.
const PREFIX: &str = "courtesy";

/// From an event to a receiver's 250, seconds: a pickup notice within five seconds, and a day of greylisting.
const TO_ACCEPTANCE_S: &[f64] = &[1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];

/// One attempt, seconds: a good receiver takes a tenth, the longest conversation ten minutes.
const ATTEMPT_S: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0];

/// An HTTP request, seconds.
const REQUEST_S: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 60.0];

/// The numbers of one process.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    events: IntCounterVec,
    messages: IntCounterVec,
    attempts: IntCounterVec,
    attempt_seconds: HistogramVec,
    to_acceptance: HistogramVec,
    put_off: IntCounterVec,
    under_way: IntGauge,
    returned: IntCounterVec,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    relay_checks: IntGaugeVec,
}

/// One attempt, as it is counted.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    /// `accepted`, `deferred` or `refused`.
    pub outcome: &'a str,
    /// The cause's code; empty where it was accepted.
    pub cause: &'a str,
    /// The provider's name, or `other`.
    pub provider: &'a str,
    /// The relay's host name, or `own` for a library's own relay.
    pub relay: &'a str,
    /// How long it took.
    pub took: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new_custom(Some(PREFIX.to_owned()), None).expect("the prefix is a name");
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let made = IntCounterVec::new(Opts::new(name, help), labels).expect("names and labels are well formed");
            registry.register(Box::new(made.clone())).expect("each name is used once");
            made
        };
        let histogram = |name: &str, help: &str, labels: &[&str], buckets: &[f64]| {
            let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            let made = HistogramVec::new(options, labels).expect("names, labels and buckets are well formed");
            registry.register(Box::new(made.clone())).expect("each name is used once");
            made
        };
        let under_way = IntGauge::new("messages_under_way", "Messages that this process is trying at this moment.")
            .expect("the name is well formed");
        registry.register(Box::new(under_way.clone())).expect("each name is used once");
        let help = "Findings about a relay at its last look: 1 where it is well, 0 where it is not.";
        let relay_checks =
            IntGaugeVec::new(Opts::new("relay_check", help), &["relay", "check"]).expect("names are well formed");
        registry.register(Box::new(relay_checks.clone())).expect("each name is used once");
        Self {
            events: counter("events_total", "Events taken in, by the door they came by.", &["source"]),
            messages: counter("messages_ended_total", "Messages that came to an end.", &["state", "cause"]),
            attempts: counter(
                "attempts_total",
                "Attempts at delivery, by what came of them and why.",
                &["outcome", "cause", "provider", "relay"],
            ),
            attempt_seconds: histogram("attempt_seconds", "How long attempts took.", &["outcome"], ATTEMPT_S),
            to_acceptance: histogram(
                "acceptance_seconds",
                "From the event to a receiver's acceptance, by urgency.",
                &["urgency"],
                TO_ACCEPTANCE_S,
            ),
            put_off: counter("put_off_total", "Messages put off without an attempt.", &["why"]),
            returned: counter("returned_total", "Mails that came back, by kind and what was done.", &["kind", "done"]),
            requests: counter("http_requests_total", "HTTP requests answered.", &["method", "status"]),
            request_seconds: histogram("http_request_seconds", "How long HTTP requests took.", &["method"], REQUEST_S),
            relay_checks,
            under_way,
            registry,
        }
    }
}

impl Metrics {
    /// An event is on disk.
    pub fn event(&self, source: &str) {
        self.events.with_label_values(&[source]).inc();
    }

    /// A message came to an end in `state`, with the cause's code where there is one.
    pub fn ended(&self, state: &str, cause: &str) {
        self.messages.with_label_values(&[state, cause]).inc();
    }

    /// An attempt was made.
    pub fn tried(&self, tried: Tried<'_>) {
        self.attempts.with_label_values(&[tried.outcome, tried.cause, tried.provider, tried.relay]).inc();
        self.attempt_seconds.with_label_values(&[tried.outcome]).observe(tried.took.as_secs_f64());
    }

    /// A message was accepted so long after its event.
    pub fn accepted_after(&self, urgency: &str, seconds: f64) {
        self.to_acceptance.with_label_values(&[urgency]).observe(seconds.max(0.0));
    }

    /// A message was put off without an attempt: `line_full`, `out_of_reach`, `ours`.
    pub fn put_off(&self, why: &str) {
        self.put_off.with_label_values(&[why]).inc();
    }

    /// Counts a message as under way until what it gives is dropped.
    #[must_use]
    pub fn begin(&self) -> UnderWay {
        self.under_way.inc();
        UnderWay(self.under_way.clone())
    }

    /// A mail came back.
    pub fn returned(&self, kind: &str, done: &str) {
        self.returned.with_label_values(&[kind, done]).inc();
    }

    /// A request was answered. A method nobody has heard of is `other`.
    pub fn answered(&self, method: &str, status: u16, took: Duration) {
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];
        let method = known.into_iter().find(|known| *known == method).unwrap_or("other");
        self.requests.with_label_values(&[method, &status.to_string()]).inc();
        self.request_seconds.with_label_values(&[method]).observe(took.as_secs_f64());
    }

    /// What was found about a relay.
    pub fn relay_check(&self, relay: &str, check: &str, is_well: bool) {
        self.relay_checks.with_label_values(&[relay, check]).set(i64::from(is_well));
    }

    /// All of it, and `now` beside it, as text.
    #[must_use]
    pub fn text(&self, now: &Gauges) -> String {
        let mut families = self.registry.gather();
        families.extend(now.registry.gather());
        let mut text = Vec::new();
        // Writing to memory does not fail, and our names are well formed.
        let _ = TextEncoder::new().encode(&families, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

/// A message under way, while it lives.
#[derive(Debug)]
pub struct UnderWay(IntGauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Numbers of one moment, each read for one answer.
#[derive(Debug)]
pub struct Gauges {
    registry: Registry,
}

impl Default for Gauges {
    fn default() -> Self {
        let registry = Registry::new_custom(Some(PREFIX.to_owned()), None).expect("the prefix is a name");
        Self { registry }
    }
}

impl Gauges {
    /// One number.
    pub fn put(&self, name: &str, help: &str, value: f64) {
        self.of(name, help, "", &[("", value)]);
    }

    /// A number for each value of `label`.
    pub fn of(&self, name: &str, help: &str, label: &str, values: &[(&str, f64)]) {
        let labels: &[&str] = if label.is_empty() { &[] } else { &[label] };
        let gauge = prometheus::GaugeVec::new(Opts::new(name, help), labels).expect("names are well formed");
        for (word, value) in values {
            let words: &[&str] = if label.is_empty() { &[] } else { &[word] };
            gauge.with_label_values(words).set(*value);
        }
        self.registry.register(Box::new(gauge)).expect("each name is used once");
    }
}
