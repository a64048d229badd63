//! Calls, pauses, sessions and restarts.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::PATIENCE;
use crate::{Place, TOKEN, place, start};

/// Answers as told, and writes down who asked what.
#[derive(Default)]
struct Script {
    /// Path → what comes next, the last one for ever; 404 where there is none.
    answers: HashMap<String, Vec<(u16, Option<u64>)>>,
    /// `POST /api/sync/trigger Bearer …`
    seen: Vec<String>,
    /// Calls of this path get no answer.
    silent: Option<String>,
}

struct StandIn {
    url: String,
    shared: Arc<(Mutex<Script>, Condvar)>,
    _runtime: tokio::runtime::Runtime,
}

impl StandIn {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shared: Arc<(Mutex<Script>, Condvar)> = Arc::default();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, shared, _runtime: runtime }
    }

    fn answer(&self, path: &str, answers: &[(u16, Option<u64>)]) {
        self.shared.0.lock().unwrap().answers.insert(path.to_owned(), answers.to_vec());
    }

    fn seen(&self, part: &str) -> Vec<String> {
        self.shared.0.lock().unwrap().seen.iter().filter(|line| line.contains(part)).cloned().collect()
    }

    /// Waits until so many requests with this part have come.
    fn wait_for(&self, part: &str, count: usize) {
        let script = self.shared.0.lock().unwrap();
        let waiting = |script: &mut Script| script.seen.iter().filter(|line| line.contains(part)).count() < count;
        let (script, timeout) = self.shared.1.wait_timeout_while(script, PATIENCE, waiting).unwrap();
        assert!(!timeout.timed_out(), "{count} times {part}, but there were {:?}", script.seen);
    }
}

async fn answer(State(shared): State<Arc<(Mutex<Script>, Condvar)>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("-");
    let line = format!("{} {path} {token}", request.method());
    let (answer, is_silent) = {
        let mut script = shared.0.lock().unwrap();
        script.seen.push(line);
        let queue = script.answers.get_mut(&path);
        let answer =
            queue.and_then(|queue| if queue.len() > 1 { Some(queue.remove(0)) } else { queue.first().copied() });
        (answer, script.silent.as_ref() == Some(&path))
    };
    shared.1.notify_all();
    if is_silent {
        std::future::pending::<()>().await;
    }
    let (status, retry_after) = answer.unwrap_or((404, None));
    let body = match path.as_str() {
        "/auth/token" => json!({"access_token": format!("session-{}", shared.0.lock().unwrap().seen.len()),
            "token_type": "bearer", "user_id": "u", "email": "a@example.com", "role": "admin"}),
        _ => json!({"detail": "so it is"}),
    };
    let mut response = (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn state(place: &Place) -> Value {
    let path = place.data_dir().join("state/scheduler.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn jobs_are_called_again_and_again_and_missing_ones_skipped_once() {
    let server = StandIn::start();
    server.answer("/api/sync/trigger", &[(200, None)]);
    server.answer("/api/health", &[(200, None)]);
    let place = place(&server.url, &[("SCHEDULER_API_TOKEN", TOKEN), ("SCHEDULER_SCRIPT_RUN_INTERVAL", "1")]);
    let scheduler = start(&place);
    server.wait_for("POST /api/sync/trigger", 4);
    assert!(server.seen("POST /api/sync/trigger").iter().all(|line| line.ends_with(&format!("Bearer {TOKEN}"))));
    assert_eq!(server.seen("GET /api/health").len(), 1, "every five minutes only");
    let (code, log) = scheduler.end(Signal::TERM);
    assert_eq!(code, Some(0), "{log}");
    for missing in ["script-runner", "marketplaces", "session-collector", "verification-detector", "corporate-memory"] {
        let told = log.lines().filter(|line| line.contains(missing) && line.contains("no such endpoint")).count();
        assert_eq!(told, 1, "{missing}: {log}");
    }
    assert_eq!(server.seen("POST /api/scripts/run-due").len(), 1, "asked for once");
    let state = state(&place);
    assert_eq!(state["jobs"]["data-refresh"]["result"], "ok");

    let shown = place.run(&["schedule", "--status"]);
    assert!(
        shown.stdout.starts_with("JOB ") && shown.stdout.contains("marketplaces            daily 03:00"),
        "{shown:?}"
    );
    let shown: Value = serde_json::from_str(&place.run(&["schedule", "--status", "--json"]).stdout).unwrap();
    assert_eq!((&shown[0]["job"], &shown[0]["result"]), (&json!("data-refresh"), &json!("ok")));
}

#[test]
fn failures_make_pauses_and_the_server_may_say_how_long() {
    let server = StandIn::start();
    server.answer("/api/sync/trigger", &[(500, None), (500, None), (200, None)]);
    server.answer("/api/health", &[(429, Some(3600))]);
    let place = place(&server.url, &[("SCHEDULER_API_TOKEN", TOKEN), ("SCHEDULER_HEALTH_CHECK_INTERVAL", "1")]);
    let scheduler = start(&place);
    server.wait_for("POST /api/sync/trigger", 3);
    scheduler.wait_for("\"msg\":\"job done\"", 1);
    let (_, log) = scheduler.end(Signal::INT);
    let pauses: Vec<_> = log.lines().filter(|line| line.contains("job failed") && line.contains("trigger")).collect();
    let pause = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["retry_in_s"].clone();
    assert_eq!(pauses.iter().map(pause).collect::<Vec<_>>(), [json!(1), json!(2)], "{log}");
    assert_eq!(server.seen("GET /api/health").len(), 1, "not again within the hour");
    assert_eq!(state(&place)["jobs"]["health-check"]["failures"], 1);
}

#[test]
fn a_restart_repeats_nothing_and_catches_up_once() {
    let server = StandIn::start();
    for path in ["/api/sync/trigger", "/api/health", "/api/marketplaces/sync-all"] {
        server.answer(path, &[(200, None)]);
    }
    let place = place(&server.url, &[("SCHEDULER_API_TOKEN", TOKEN)]);
    let scheduler = start(&place);
    server.wait_for("/api/marketplaces/sync-all", 1);
    server.wait_for("/api/health", 1);
    server.wait_for("/api/sync/trigger", 1);
    scheduler.wait_for("\"msg\":\"job done\"", 3);
    assert_eq!(scheduler.end(Signal::TERM).0, Some(0));
    let calls = server.seen("/api/sync/trigger").len();
    let scheduler = start(&place);
    server.wait_for("/api/sync/trigger", calls + 2);
    scheduler.end(Signal::TERM);
    assert_eq!((server.seen("sync-all").len(), server.seen("/api/health").len()), (1, 1), "not due yet");

    // It was off for days.
    let mut old = state(&place);
    old["jobs"]["marketplaces"]["succeeded_at"] = json!("2026-01-02T03:00:00Z");
    std::fs::write(place.data_dir().join("state/scheduler.json"), old.to_string()).unwrap();
    let calls = server.seen("/api/sync/trigger").len();
    let scheduler = start(&place);
    server.wait_for("sync-all", 2);
    server.wait_for("/api/sync/trigger", calls + 2);
    scheduler.end(Signal::TERM);
    assert_eq!(server.seen("sync-all").len(), 2, "once, not once for each day");

    std::fs::write(place.data_dir().join("state/scheduler.json"), "{ damaged").unwrap();
    let scheduler = start(&place);
    server.wait_for("sync-all", 3);
    let (code, log) = scheduler.end(Signal::TERM);
    assert!(code == Some(0) && log.contains("is damaged"), "{log}");
}

#[test]
fn without_a_token_it_signs_in_and_again_when_the_session_ends() {
    let server = StandIn::start();
    server.answer("/auth/token", &[(200, None)]);
    server.answer("/api/sync/trigger", &[(200, None), (401, None), (200, None)]);
    let admin = [("SEED_ADMIN_EMAIL", "a@example.com"), ("SEED_ADMIN_PASSWORD", "correct horse")];
    let place = place(&server.url, &admin);
    let scheduler = start(&place);
    server.wait_for("/api/sync/trigger", 2);
    // One sign-in a minute: the rejected session is not renewed at once, and nothing hammers the endpoint.
    scheduler.wait_for("could not sign in", 1);
    let (code, log) = scheduler.end(Signal::TERM);
    assert_eq!(code, Some(0));
    assert_eq!(server.seen("/auth/token").len(), 1, "{log}");
    assert!(server.seen("/api/sync/trigger")[0].contains("Bearer session-"), "{:?}", server.seen("/"));
    assert!(!log.contains("correct horse"), "{log}");
}

#[test]
fn a_call_that_hangs_delays_neither_other_jobs_nor_the_end() {
    let server = StandIn::start();
    server.answer("/api/sync/trigger", &[(200, None)]);
    server.shared.0.lock().unwrap().silent = Some("/api/marketplaces/sync-all".into());
    let place = place(&server.url, &[("SCHEDULER_API_TOKEN", TOKEN)]);
    let scheduler = start(&place);
    server.wait_for("sync-all", 1);
    server.wait_for("/api/sync/trigger", 3);
    assert_eq!(server.seen("sync-all").len(), 1, "never twice at a time");
    let (code, log) = scheduler.end(Signal::TERM);
    assert!(code == Some(0) && log.contains("stopping although"), "{log}");
}
