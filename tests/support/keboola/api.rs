//! The Storage API: `/v2/storage/…`.

use std::collections::BTreeSet;

use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Content, Fault, Shared, Store, TOKEN, Table, broken, failure, objects};

pub fn routes(shared: &Shared) -> Router<Shared> {
    let api = Router::new()
        .route("/tokens/verify", get(verify))
        .route("/buckets", get(buckets))
        .route("/tables", get(tables))
        .route("/tables/{id}", get(table))
        .route("/tables/{id}/metadata", post(metadata))
        .route("/tables/{id}/export-async", post(export))
        .route("/jobs/{id}", get(job))
        .route("/files/{id}", get(file));
    Router::new().nest("/v2/storage", api.layer(from_fn_with_state(shared.clone(), check)))
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"error": message, "code": code, "exceptionId": "keboola-test", "status": "error"});
    (status, Json(body)).into_response()
}

/// Token and scripted faults, before anything else.
async fn check(State(shared): State<Shared>, uri: OriginalUri, request: Request, next: Next) -> Response {
    match shared.arrive(request.method().as_str(), uri.path()) {
        Some(Fault::Status(status, retry_after)) => return failure(status, retry_after),
        Some(Fault::BrokenMidway) => return broken(&[b' '; 1000]),
        None => {}
    }
    let token = request.headers().get("x-storageapi-token").and_then(|value| value.to_str().ok());
    if token != Some(shared.lock().token.as_deref().unwrap_or(TOKEN)) {
        return error(StatusCode::UNAUTHORIZED, "storage.tokenInvalid", "Invalid access token");
    }
    next.run(request).await
}

async fn verify() -> Json<Value> {
    Json(json!({"id": "987654", "description": "tests",
        "owner": {"id": 4321, "name": "Tests", "defaultBackend": "snowflake"}}))
}

fn describe(table: &Table) -> Value {
    let (bucket, name) = table.id.rsplit_once('.').unwrap();
    let mut body = json!({"id": table.id, "name": name, "primaryKey": [], "rowsCount": 1, "dataSizeBytes": 1024,
        "lastImportDate": "2026-01-01T00:00:00+0100", "isAlias": false,
        "lastChangeDate": format!("2026-01-01T00:{:02}:{:02}+0100", table.changes / 60, table.changes % 60),
        "columns": table.columns, "columnMetadata": [], "metadata": [],
        "bucket": {"id": bucket, "name": bucket.rsplit_once('-').unwrap().1, "stage": "in"}});
    for (key, value) in table.detail.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

async fn tables(State(shared): State<Shared>) -> Json<Vec<Value>> {
    Json(shared.lock().tables.values().map(describe).collect())
}

async fn table(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    match shared.lock().tables.get(&id) {
        Some(table) => Json(describe(table)).into_response(),
        None => error(StatusCode::NOT_FOUND, "storage.tables.notFound", &format!("The table \"{id}\" was not found.")),
    }
}

async fn buckets(State(shared): State<Shared>) -> Json<Vec<Value>> {
    let state = shared.lock();
    let ids: BTreeSet<_> = state.tables.keys().map(|id| id.rsplit_once('.').unwrap().0.to_owned()).collect();
    Json(ids.into_iter().map(|id| json!({"id": id, "name": id.rsplit_once('-').unwrap().1, "stage": "in"})).collect())
}

async fn metadata(State(shared): State<Shared>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    shared.lock().metadata.push((id, body));
    (StatusCode::CREATED, Json(json!({"metadata": [], "columnsMetadata": {}}))).into_response()
}

/// JSON, or a form as older clients send it.
async fn export(State(shared): State<Shared>, Path(id): Path<String>, request: Request) -> Response {
    let is_json = request.headers().get("content-type").is_some_and(|kind| kind == "application/json");
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body: Value = match is_json {
        true => serde_json::from_slice(&body).unwrap(),
        false => Value::Object(
            url::form_urlencoded::parse(&body)
                .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                .collect(),
        ),
    };
    assert!(!is_json || body["gzip"] == true, "exports are asked for as gzip");
    let mut state = shared.lock();
    state.exports.push(body.clone());
    let Some(table) = state.tables.get_mut(&id) else {
        return error(StatusCode::NOT_FOUND, "storage.tables.notFound", "no such table");
    };
    if let Some(imported) = &table.imported {
        let time = |key: &str| body[key].as_str().map(|text| text.parse::<i64>().unwrap());
        let (since, until) = (time("changedSince").unwrap_or(0), time("changedUntil").unwrap_or(i64::MAX));
        let rows = imported.iter().filter(|(at, _)| (since..until).contains(at)).map(|(_, row)| format!("{row}\n"));
        table.content = Content::Slices(Store::Signed, vec![rows.collect::<String>().into_bytes()]);
    }
    let polls = if table.cached { 2 } else { 0 };
    state.jobs.push((id, polls));
    let number = state.jobs.len();
    drop(state);
    (StatusCode::ACCEPTED, Json(describe_job(&shared, number))).into_response()
}

async fn job(State(shared): State<Shared>, Path(number): Path<usize>) -> Json<Value> {
    shared.lock().jobs[number - 1].1 += 1;
    Json(describe_job(&shared, number))
}

/// Waiting, then processing, then the end.
fn describe_job(shared: &Shared, number: usize) -> Value {
    let state = shared.lock();
    let (id, polls) = &state.jobs[number - 1];
    let table = &state.tables[id];
    let mut body = json!({"id": number, "operationName": "tableExport", "tableId": id,
        "createdTime": "2026-01-10T00:00:00+0000",
        "url": format!("{}/v2/storage/jobs/{number}", state.address)});
    match (polls, &table.job_error) {
        (0, _) => body["status"] = "waiting".into(),
        (1, _) => body["status"] = "processing".into(),
        (_, Some(message)) => {
            body["status"] = "error".into();
            body["error"] = json!({"code": "storage.exportFailed", "message": message});
        }
        (_, None) => {
            body["status"] = "success".into();
            body["results"] = json!({"cacheHit": table.cached, "file": {"id": number}});
        }
    }
    body
}

async fn file(State(shared): State<Shared>, Path(number): Path<usize>) -> Json<Value> {
    let state = shared.lock();
    let id = &state.jobs[number - 1].0;
    let (sliced, store) = match &state.tables[id].content {
        Content::Whole(_) => (false, Store::Signed),
        Content::Slices(store, _) => (true, *store),
    };
    let main = format!("/signed/{id}/{}", if sliced { "manifest" } else { "whole" });
    let mut body = json!({"id": number, "name": "export.csv.gz", "isSliced": sliced, "region": "eu-central-1",
        "url": objects::signed(&state.address, &main, state.epoch)});
    let epoch = state.epoch;
    match store {
        Store::Gcs | Store::Signed => {
            body["provider"] = "gcp".into();
            body["gcsCredentials"] = json!({"access_token": objects::gcs_token(epoch), "expires_in": 3599,
                "token_type": "Bearer", "projectId": "p"});
        }
        Store::S3 => {
            body["provider"] = "aws".into();
            body["credentials"] = json!({"AccessKeyId": objects::ACCESS_KEY, "SecretAccessKey": objects::SECRET_KEY,
                "SessionToken": objects::session_token(epoch), "Expiration": "2030-01-01T00:00:00+0000"});
        }
        Store::Azure => {
            body["provider"] = "azure".into();
            let connection =
                format!("BlobEndpoint={};SharedAccessSignature={}", state.address, objects::azure_signature(epoch));
            body["absCredentials"] = json!({"SASConnectionString": connection, "expiration": "2030-01-01"});
        }
    }
    Json(body)
}
