//! Whether the daemon works: `/healthz` says so part by part, `/metrics` counts. Ready means that every part did its work
//! within its own window; a part that never did is not ready. Shows names, ages and error classes only, never an
//! address or mail. The loops report here; `systemd` and monitors ask here.

use crate::env::Clock;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How often histograms are drained, so that they stay small where nobody asks for metrics.
const UPKEEP_PERIOD: Duration = Duration::from_secs(5);

/// A part of the daemon that can work or not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    /// A watched mailbox, by its name in the configuration.
    Mailbox(String),
    /// Sending.
    Outbox,
    /// Our own database.
    State,
    /// The job worker.
    Jobs,
    /// Room on the disk of the state.
    Disk,
}

impl Part {
    /// The name in `/healthz`.
    fn label(&self) -> String {
        match self {
            Self::Mailbox(name) => format!("mailbox {name}"),
            Self::Outbox => "outbox".to_owned(),
            Self::State => "state".to_owned(),
            Self::Jobs => "jobs".to_owned(),
            Self::Disk => "disk".to_owned(),
        }
    }
}

/// What is known of one part.
#[derive(Clone, Debug)]
struct Pulse {
    window: SignedDuration,
    last_ok: Option<Timestamp>,
    error: Option<&'static str>,
    turns: u64,
}

/// What every part said last. Shared between the loops and the listener.
#[derive(Debug, Default)]
pub struct Health {
    parts: Mutex<BTreeMap<Part, Pulse>>,
    begun: CancellationToken,
}

/// How one part stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It worked within its window, and nothing failed since.
    Good,
    /// Its last attempt failed, but it worked within its window.
    Failing,
    /// It worked once, too long ago.
    Stale,
    /// It has not worked since the start.
    Never,
}

/// One part in a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PartReport {
    /// How it stands.
    pub state: Standing,
    /// Seconds since it last worked; none when it never did.
    pub age_seconds: Option<i64>,
    /// The class of its last error since then, such as `connect` or `login`.
    pub error: Option<&'static str>,
}

/// How everything stands at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// Whether every part worked within its window.
    pub ready: bool,
    /// Part by part.
    pub parts: BTreeMap<String, PartReport>,
}

impl Health {
    /// Nothing is expected yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on this part must work at least once in `window`.
    pub fn expect(&self, part: Part, window: SignedDuration) {
        self.lock().insert(part, Pulse { window, last_ok: None, error: None, turns: 0 });
    }

    /// The part worked at `now`. Unexpected parts count nothing.
    pub fn worked(&self, part: &Part, now: Timestamp) {
        if let Some(pulse) = self.lock().get_mut(part) {
            pulse.last_ok = Some(now);
            pulse.error = None;
            pulse.turns += 1;
        }
    }

    /// The part failed. `class` is a fixed word, never an error's text: that could hold mail.
    pub fn failed(&self, part: &Part, class: &'static str) {
        if let Some(pulse) = self.lock().get_mut(part) {
            pulse.error = Some(class);
            pulse.turns += 1;
        }
    }

    /// How many turns of a part have ended, well or badly: one that stands still hangs.
    pub fn turns(&self, part: &Part) -> u64 {
        self.lock().get(part).map_or(0, |pulse| pulse.turns)
    }

    /// The start is over: every loop runs.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Waits until the start is over.
    pub async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// How everything stands at `now`. Without any part nothing is ready: the start is not over.
    pub fn report(&self, now: Timestamp) -> Report {
        let parts = self.lock();
        let ready = !parts.is_empty() && parts.values().all(|pulse| pulse.is_within(now));
        let parts = parts.iter().map(|(part, pulse)| (part.label(), pulse.report(now))).collect();
        Report { ready, parts }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Part, Pulse>> {
        // Every change is one assignment, so a panic elsewhere leaves nothing half-done.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pulse {
    fn is_within(&self, now: Timestamp) -> bool {
        self.last_ok.is_some_and(|then| now.duration_since(then) <= self.window)
    }

    fn report(&self, now: Timestamp) -> PartReport {
        let state = match (self.last_ok, self.error) {
            (None, _) => Standing::Never,
            (Some(_), _) if !self.is_within(now) => Standing::Stale,
            (Some(_), Some(_)) => Standing::Failing,
            (Some(_), None) => Standing::Good,
        };
        // A clock that stepped back must not show a negative age.
        let age_seconds = self.last_ok.map(|then| now.duration_since(then).as_secs().max(0));
        PartReport { state, age_seconds, error: self.error }
    }
}

#[derive(Clone)]
struct Shared {
    health: Arc<Health>,
    clock: Arc<dyn Clock>,
    metrics: PrometheusHandle,
}

/// Answers `/healthz` (200 or 503, JSON) and `/metrics` (Prometheus text) until `stop`; open answers are finished first.
pub async fn serve(
    listener: TcpListener,
    health: Arc<Health>,
    clock: Arc<dyn Clock>,
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let upkeep = metrics.clone();
    let routes = Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(render))
        .with_state(Shared { health, clock, metrics });
    let served = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).into_future();
    tokio::pin!(served);
    let mut ticks = tokio::time::interval(UPKEEP_PERIOD);
    loop {
        tokio::select! {
            result = &mut served => return result,
            _ = ticks.tick() => upkeep.run_upkeep(),
        }
    }
}

async fn healthz(State(shared): State<Shared>) -> Response {
    let report = shared.health.report(shared.clock.now());
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_string(&report) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn render(State(shared): State<Shared>) -> Response {
    // The version is part of the content type of the text format.
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], shared.metrics.render()).into_response()
}

#[cfg(test)]
mod tests {
    use super::{Health, Part, Standing, serve};
    use crate::env::{Clock, Manual};
    use jiff::{SignedDuration, Timestamp};
    use metrics_exporter_prometheus::PrometheusBuilder;
    use std::io::{Read, Write};
    use std::net::SocketAddr;
    use std::sync::Arc;
    use tokio_util::sync::CancellationToken;

    const WINDOW: SignedDuration = SignedDuration::from_secs(120);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn a_part_is_good_only_within_its_window() {
        let health = Health::new();
        assert!(!health.report(at(0)).ready, "nothing has started");
        health.expect(Part::Outbox, WINDOW);
        let check = |now: i64, ready: bool, state: Standing, age: Option<i64>, error: Option<&str>| {
            let report = health.report(at(now));
            let part = &report.parts["outbox"];
            assert_eq!(
                (report.ready, part.state, part.age_seconds, part.error),
                (ready, state, age, error),
                "at {now}"
            );
        };
        check(0, false, Standing::Never, None, None);
        health.failed(&Part::Outbox, "connect");
        check(1, false, Standing::Never, None, Some("connect"));
        health.worked(&Part::Outbox, at(10));
        check(10, true, Standing::Good, Some(0), None);
        check(130, true, Standing::Good, Some(120), None);
        check(131, false, Standing::Stale, Some(121), None);
        check(5, true, Standing::Good, Some(0), None);
        health.failed(&Part::Outbox, "login");
        check(60, true, Standing::Failing, Some(50), Some("login"));
        health.worked(&Part::Outbox, at(61));
        check(61, true, Standing::Good, Some(0), None);
    }

    #[test]
    fn one_bad_part_is_enough_and_strangers_do_not_count() {
        let health = Health::new();
        let support = Part::Mailbox("support".to_owned());
        health.expect(support.clone(), WINDOW);
        health.expect(Part::State, WINDOW);
        health.worked(&Part::State, at(1));
        health.worked(&Part::Jobs, at(1));
        let report = health.report(at(1));
        assert!(!report.ready);
        assert_eq!(report.parts.keys().collect::<Vec<_>>(), ["mailbox support", "state"]);
        health.worked(&support, at(1));
        assert!(health.report(at(1)).ready);
    }

    fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = std::net::TcpStream::connect(address).expect("connects");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("asks");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers");
        answer
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_listener_answers_monitors() {
        let health = Arc::new(Health::new());
        let clock = Arc::new(Manual::new(at(1_000)));
        health.expect(Part::State, WINDOW);
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || metrics::counter!("dsrd_mails_total").increment(7));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("address");
        let stop = CancellationToken::new();
        let clock_ours: Arc<dyn Clock> = clock.clone();
        let server = tokio::spawn(serve(listener, health.clone(), clock_ours, handle, stop.clone()));
        let asked = async |path: &'static str| {
            tokio::task::spawn_blocking(move || ask(address, path)).await.expect("asks")
        };

        let answer = asked("/healthz").await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        health.worked(&Part::State, clock.now());
        clock.advance(SignedDuration::from_secs(7));
        let answer = asked("/healthz").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("application/json"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let expected = serde_json::json!({"ready": true, "parts": {"state": {"state": "good", "age_seconds": 7, "error": null}}});
        assert_eq!(body, expected);
        clock.advance(WINDOW);
        assert!(asked("/healthz").await.starts_with("HTTP/1.1 503 "));
        assert!(asked("/metrics").await.contains("dsrd_mails_total 7"));
        assert!(asked("/").await.starts_with("HTTP/1.1 404 "));
        stop.cancel();
        server.await.expect("ends").expect("without an error");
    }
}
