use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::access::{Principal, readable_tables};
use crate::base::{disk, time};
use crate::domain::tables;
use crate::protocol::system::{Health, Readiness, Version};
use crate::protocol::upload::GZIP;
use crate::server::AppState;
use crate::server::http::extractors::Json;
use crate::server::settings::NO_ADDRESS;
use crate::store::VERSION;

/// Returns whether the server works; for load balancers and container checks.
#[utoipa::path(get, path = "/api/health", tag = "system", security(()),
    responses((status = 200, description = "Also when unhealthy: see `status`", body = Health)))]
pub async fn get_health(app: AppState) -> Json<Health> {
    let current = app.store.snapshot().schema_version;
    let (status, db_schema) = match app.store.is_open() {
        false => ("unhealthy", "unreachable"),
        true if current < VERSION => ("unhealthy", "mismatch"),
        true => ("ok", "ok"),
    };
    Json(Health {
        status: status.into(),
        db_schema: db_schema.into(),
        current: Some(current),
        expected: Some(VERSION),
        detail: (status != "ok").then(|| "see the log of the server".into()),
    })
}

/// Returns the state of each part of the server. Admins see everything; others what concerns the tables that they may read.
#[utoipa::path(get, path = "/api/health/detailed", tag = "system", responses((status = 200, body = Value)))]
pub async fn get_detailed_health(app: AppState, caller: Principal) -> Json<Value> {
    let services = services(&app, &caller).await;
    let has = |status: &str| services.as_object().into_iter().flatten().any(|(_, service)| service["status"] == status);
    let schema = services["db_schema"]["db_schema"] == "ok";
    let status = match (has("error") || !schema, has("warning")) {
        (true, _) => "unhealthy",
        (false, true) => "degraded",
        (false, false) => "healthy",
    };
    let build = &app.config.build;
    Json(json!({
        "status": status,
        "version": build.version,
        "channel": build.channel,
        "image_tag": build.image_tag,
        "commit_sha": build.commit_sha,
        "schema_version": VERSION,
        "deployed_at": time::iso_offset(app.started_at),
        "timestamp": time::iso_offset(time::now()),
        "services": services,
    }))
}

/// Returns whether requests can be served: 200 or 503. A query worker has answered and the state database has written a few
/// seconds ago at most. For load balancers; shows nothing else.
#[utoipa::path(get, path = "/api/health/ready", tag = "system", security(()),
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub async fn get_readiness(app: AppState) -> Response {
    let is_ready = app.store.is_open()
        && app.store.snapshot().schema_version >= VERSION
        && app.readiness.check(&app.store, &app.queries).await.is_ok();
    let (status, word) =
        if is_ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "unready") };
    (status, Json(Readiness { status: word.into() })).into_response()
}

async fn services(app: &AppState, caller: &Principal) -> Value {
    let is_admin = caller.may_administer();
    let snapshot = app.store.snapshot();
    let root = app.config.data_dir.root().to_owned();
    let space = tokio::task::spawn_blocking(move || disk::space(&root)).await;
    let schema = if snapshot.schema_version < VERSION { "mismatch" } else { "ok" };
    let mut services = json!({
        "duckdb_state": { "status": if app.store.is_open() { "ok" } else { "error" } },
        "db_schema": { "db_schema": schema, "current": snapshot.schema_version, "expected": VERSION },
        "data": data(app, caller),
        "users": { "status": "ok" },
        "sources": sources(app, is_admin),
        "disk": space.ok().and_then(Result::ok).map_or(json!({ "status": "unknown" }), |space| room(space, is_admin)),
    });
    if is_admin {
        services["users"]["count"] = json!(snapshot.users.all().len());
        services["access_log"] = access_log(app);
        if let Some(detail) = app.queries.lacks_sandbox() {
            services["query_sandbox"] = json!({ "status": "warning", "detail": detail });
        }
        if app.config.lacks_address {
            services["links"] = json!({ "status": "warning", "detail": NO_ADDRESS });
        }
    }
    services
}

fn room(space: disk::Space, is_admin: bool) -> Value {
    let status = if space.is_low() { "warning" } else { "ok" };
    match is_admin {
        true => json!({ "status": status, "free_bytes": space.free, "total_bytes": space.total }),
        false => json!({ "status": status }),
    }
}

fn access_log(app: &AppState) -> Value {
    let (is_on, dropped) = (app.access_log.is_on(), app.access_log.dropped());
    json!({ "status": if dropped > 0 { "warning" } else { "ok" }, "on": is_on, "dropped": dropped })
}

/// What is published of the tables that the caller may read, and which of them are stale.
fn data(app: &AppState, caller: &Principal) -> Value {
    let (publication, snapshot, now) = (app.orchestrator.publication(), app.store.snapshot(), time::now());
    let readable = readable_tables(&snapshot, &publication, caller);
    let is_stale = |name: &str| {
        let last = snapshot.sync.get(name).and_then(|state| state.last_sync);
        last.is_some_and(|last| tables::is_stale(last, now))
    };
    let stale: Vec<&str> =
        readable.iter().map(|table| table.table().name.as_str()).filter(|name| is_stale(name)).collect();
    let rows: i64 = readable.iter().map(|table| table.table().rows).sum();
    let status = if stale.is_empty() { "ok" } else { "warning" };
    json!({ "status": status, "tables": readable.len(), "total_rows": rows, "stale_tables": stale })
}

/// Sources with problems.
fn sources(app: &AppState, is_admin: bool) -> Value {
    let health = app.orchestrator.health();
    let broken: Vec<_> = health.iter().filter(|source| !source.problems.is_empty()).collect();
    let status = if broken.is_empty() { "ok" } else { "warning" };
    let mut sources = json!({ "status": status });
    if is_admin {
        sources["count"] = json!(health.len());
        let one = |source: &&crate::sync::SourceHealth| json!({ "source": source.source, "since": source.since.map(time::iso_naive), "problems": source.problems });
        sources["problems"] = broken.iter().map(one).collect();
    }
    sources
}

/// Returns the running version, and when it was started.
#[utoipa::path(get, path = "/api/version", tag = "system", security(()), responses((status = 200, body = Version)))]
pub async fn get_version(app: AppState) -> Json<Version> {
    let build = app.config.build.clone();
    Json(Version {
        version: build.version,
        channel: build.channel,
        image_tag: build.image_tag,
        commit_sha: build.commit_sha,
        schema_version: VERSION,
        deployed_at: time::iso_offset(app.started_at),
        upload_encodings: vec![GZIP.into()],
    })
}
