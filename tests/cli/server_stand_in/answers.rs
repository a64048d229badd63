//! What it answers.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use hyper::body::Frame;
use serde_json::{Value, json};

use super::{End, Fault, Seen, Shared, Stream, TOKEN, Table, md5};

/// What needs no token.
const OPEN: [&str; 4] = ["/auth/token", "/auth/bootstrap", "/api/health", "/cli/latest"];

/// Writes every request down and lets in who has the token.
pub async fn gate(State(shared): State<Arc<Shared>>, request: Request, next: axum::middleware::Next) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let line = format!("{} {}", parts.method, parts.uri);
    let mut plain = Vec::new();
    let bytes = match parts.headers.get(header::CONTENT_ENCODING) {
        Some(_) => flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut plain).map(|_| plain.into()).unwrap(),
        None => bytes,
    };
    // A form is kept as text.
    let text = || if bytes.is_empty() { Value::Null } else { String::from_utf8_lossy(&bytes).into() };
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
    let signed_in = parts.headers.get(header::AUTHORIZATION).is_some_and(|value| value == &format!("Bearer {TOKEN}"));
    let open = OPEN.contains(&parts.uri.path());
    let seen = Seen { request: line, headers: parts.headers.clone(), body };
    shared.script.lock().unwrap().seen.push(seen);
    shared.news.notify_all();
    if !signed_in && !open {
        return (StatusCode::UNAUTHORIZED, Json(json!({"detail": "Invalid token"}))).into_response();
    }
    let to_all = shared.script.lock().unwrap().to_all.clone();
    match to_all {
        Some((status, Value::String(page))) => {
            (StatusCode::from_u16(status).unwrap(), axum::response::Html(page)).into_response()
        }
        Some((status, body)) => (StatusCode::from_u16(status).unwrap(), Json(body)).into_response(),
        None => next.run(Request::from_parts(parts, Body::from(bytes))).await,
    }
}

pub async fn scripted(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    if let Some(stream) = shared.script.lock().unwrap().streams.get(&line).cloned() {
        return streamed(shared.clone(), stream);
    }
    match shared.script.lock().unwrap().answers.get(&line) {
        Some((status, Value::String(page))) => (StatusCode::from_u16(*status).unwrap(), page.clone()).into_response(),
        Some((204, _)) => StatusCode::NO_CONTENT.into_response(),
        Some((status, body)) => (StatusCode::from_u16(*status).unwrap(), Json(body.clone())).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"detail": "Not Found"}))).into_response(),
    }
}

fn streamed(shared: Arc<Shared>, stream: Stream) -> Response {
    let Stream { bytes, media_type, trailers, end } = stream;
    let half = Bytes::from(bytes);
    let rest = half.slice(half.len() / 2..);
    let first = half.slice(..half.len() / 2);
    let last = futures_util::stream::once(async move {
        // The first bytes have left before the connection breaks.
        tokio::time::sleep(Duration::from_millis(100)).await;
        if end == End::Held {
            shared.hold.wait().await;
        }
        if end == End::Broken { Err(std::io::Error::other("broken")) } else { Ok(Frame::data(rest)) }
    });
    let trailers = trailers.into_iter().map(|(name, value)| {
        (axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_str(&value).unwrap())
    });
    let trailers = Frame::trailers(trailers.collect::<HeaderMap>());
    let frames = futures_util::stream::iter([Ok(Frame::data(first))]).chain(last);
    let frames = frames.chain(futures_util::stream::iter([Ok(trailers)]));
    let body = Body::new(http_body_util::StreamBody::new(frames));
    let names = "x-agnes-rows, x-agnes-truncated";
    ([(header::CONTENT_TYPE, media_type), (header::TRAILER, names)], body).into_response()
}

pub async fn manifest(State(shared): State<Arc<Shared>>) -> Response {
    let script = shared.script.lock().unwrap();
    if let Some(stream) = script.streams.get("GET /api/sync/manifest") {
        return streamed(shared.clone(), stream.clone());
    }
    if let Some((status, body)) = script.answers.get("GET /api/sync/manifest") {
        return (StatusCode::from_u16(*status).unwrap(), Json(body.clone())).into_response();
    }
    let mut tables: BTreeMap<_, _> = script
        .tables
        .iter()
        .filter(|(name, _)| !name.contains('#'))
        .map(|(name, table)| {
            let entry = json!({"hash": table.hash, "updated": null, "size_bytes": table.bytes.len(), "rows": 1,
                "query_mode": table.query_mode, "source_type": "local"});
            (name.clone(), entry)
        })
        .collect();
    for (name, part) in &script.tables {
        let Some((table, part_name)) = name.split_once('#') else { continue };
        let entry = tables.entry(table.to_owned()).or_insert_with(|| {
            json!({"hash": "", "updated": null, "size_bytes": 0, "rows": 1, "query_mode": "local",
                "source_type": "local", "parts": []})
        });
        let part = json!({"name": part_name, "hash": part.hash, "size_bytes": part.bytes.len(), "rows": 1});
        entry["parts"].as_array_mut().unwrap().push(part);
    }
    Json(json!({"tables": tables, "assets": {}, "server_time": "2026-11-23T02:09:29"})).into_response()
}

pub async fn part(
    shared: State<Arc<Shared>>,
    Path((table, part)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    download(shared, Path(format!("{table}#{part}")), headers).await
}

pub async fn download(State(shared): State<Arc<Shared>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most_in_flight.fetch_max(now, Ordering::SeqCst);
    let (fault, together) = {
        let mut script = shared.script.lock().unwrap();
        (script.faults.get_mut(&name).and_then(VecDeque::pop_front), script.together.clone())
    };
    if let Some(together) = together
        && tokio::time::timeout(Duration::from_secs(20), together.wait()).await.is_err()
    {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    }
    let response = file(&shared, &name, &headers, fault).await;
    shared.in_flight.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn file(shared: &Arc<Shared>, name: &str, headers: &HeaderMap, fault: Option<Fault>) -> Response {
    let (mut cut, mut hold_at, mut wrong) = (None, None, None);
    match fault {
        Some(Fault::Status(status)) => return StatusCode::from_u16(status).unwrap().into_response(),
        Some(Fault::Cut(bytes)) => cut = Some(bytes),
        Some(Fault::Bytes(bytes)) => wrong = Some(bytes),
        Some(Fault::Replaced(bytes)) => {
            let hash = md5(&bytes);
            let table = Table { bytes, hash, tag: None, query_mode: "local" };
            shared.script.lock().unwrap().tables.insert(name.to_owned(), table);
        }
        Some(Fault::Hold) => shared.hold.wait().await,
        Some(Fault::HoldAt(bytes)) => hold_at = Some(bytes),
        None => {}
    }
    let Some(table) = shared.script.lock().unwrap().tables.get(name).cloned() else {
        return (StatusCode::NOT_FOUND, Json(json!({"detail": "Table not found"}))).into_response();
    };
    let tag = format!("\"{}\"", table.tag.as_ref().unwrap_or(&table.hash));
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if table.tag.is_none() && text(header::IF_MATCH).is_some_and(|wanted| wanted != tag) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    let bytes = wrong.unwrap_or(table.bytes);
    let range = text(header::RANGE)
        .filter(|_| text(header::IF_RANGE).is_none_or(|wanted| wanted == tag))
        .and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
        .and_then(|(first, last)| Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok())));
    let first = range.map_or(0, |(first, _)| first);
    if range.is_some() && first >= bytes.len() || first > bytes.len() {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let end = range.and_then(|(_, last)| last).map_or(bytes.len(), |last| bytes.len().min(last + 1));
    let mut response = Response::builder()
        .header(header::ETAG, tag)
        .header(header::CONTENT_LENGTH, end - first)
        .status(if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK });
    if range.is_some() {
        let range = format!("bytes {first}-{}/{}", end - 1, bytes.len());
        response = response.header(header::CONTENT_RANGE, range);
    }
    let rest = Bytes::from(bytes[first..end].to_vec());
    if let Some(length) = hold_at {
        let shared = Arc::clone(shared);
        let behind = rest.slice(length.min(rest.len())..);
        let held = futures_util::stream::once(async move {
            shared.hold.wait().await;
            Ok::<_, std::io::Error>(behind)
        });
        let before = rest.slice(..length.min(rest.len()));
        let pieces = futures_util::stream::iter([Ok(before)]).chain(held);
        return response.body(Body::from_stream(pieces)).unwrap();
    }
    let body = match cut {
        None => Body::from(rest),
        Some(length) => {
            let broken = std::io::Error::other("cut");
            // The pause lets the first bytes leave before the connection breaks.
            let pieces =
                futures_util::stream::unfold(Some((rest.slice(..length.min(rest.len())), broken)), |state| async {
                    let (bytes, broken) = state?;
                    if bytes.is_empty() {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        return Some((Err(broken), None));
                    }
                    Some((Ok(bytes), Some((Bytes::new(), broken))))
                });
            Body::from_stream(pieces)
        }
    };
    response.body(body).unwrap()
}
