//! The object stores: signed addresses, Google with a bearer token, Amazon with SigV4, Azure with a shared signature.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Content, Fault, Shared, State as Project, Store, broken, failure};

pub const ACCESS_KEY: &str = "ASIATEST";
pub const SECRET_KEY: &str = "s3/secret+key";

pub fn signed(address: &str, path: &str, epoch: u32) -> String {
    format!("{address}{path}?X-Expires=3600&X-Signature={}", signature(path, epoch))
}

fn signature(path: &str, epoch: u32) -> String {
    HEXLOWER.encode(&Sha256::digest(format!("{path} {epoch} key of the stand-in")))
}

pub fn gcs_token(epoch: u32) -> String {
    format!("ya29.token-{epoch}")
}

pub fn session_token(epoch: u32) -> String {
    format!("session/token+{epoch}==")
}

pub fn azure_signature(epoch: u32) -> String {
    format!("sv=2017-11-09&sr=c&sig={}%3D", signature("azure", epoch))
}

/// `/{store}/{table}/{whole | manifest | number of a slice}`.
pub async fn get(State(shared): State<Shared>, request: Request) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    let fault = shared.arrive(request.method().as_str(), uri.path());
    let mut state = shared.lock();
    if headers.contains_key("x-storageapi-token") {
        state.leaks.push(uri.path().into());
    }
    match &mut state.expire_after {
        Some(0) => {
            state.epoch += 1;
            state.expire_after = None;
        }
        Some(left) => *left -= 1,
        None => {}
    }
    if let Some(Fault::Status(status, retry_after)) = fault {
        return failure(status, retry_after);
    }
    let path: Vec<&str> = uri.path().trim_start_matches('/').split('/').collect();
    let [store, table, piece] = path[..] else { return refusal(StatusCode::NOT_FOUND, "NoSuchKey") };
    if !authorized(store, uri, headers, state.epoch) {
        return refusal(StatusCode::FORBIDDEN, "AccessDenied");
    }
    let Some(body) = content(&state, table, piece) else { return refusal(StatusCode::NOT_FOUND, "NoSuchKey") };
    match fault {
        Some(_) => broken(&body),
        None => body.into_response(),
    }
}

fn authorized(store: &str, uri: &Uri, headers: &HeaderMap, epoch: u32) -> bool {
    let query = uri.query().unwrap_or_default();
    match store {
        "signed" => query == format!("X-Expires=3600&X-Signature={}", signature(uri.path(), epoch)),
        "gcs" => headers.get("authorization").is_some_and(|value| *value == format!("Bearer {}", gcs_token(epoch))),
        "azure" => query == azure_signature(epoch),
        "s3" => is_signed_v4(uri.path(), query, headers["host"].to_str().unwrap(), epoch),
        _ => false,
    }
}

fn content(state: &Project, table: &str, piece: &str) -> Option<Vec<u8>> {
    match (&state.tables.get(table)?.content, piece) {
        (Content::Whole(bytes), "whole") => Some(bytes.clone()),
        (Content::Slices(store, slices), "manifest") => {
            let host = state.address.trim_start_matches("http://");
            let entries = (0..slices.len()).map(|number| {
                let url = match store {
                    Store::Signed => signed(&state.address, &format!("/signed/{table}/{number}"), state.epoch),
                    Store::Gcs => format!("gs://gcs/{table}/{number}"),
                    Store::S3 => format!("s3://s3/{table}/{number}"),
                    Store::Azure => format!("azure://{host}/azure/{table}/{number}"),
                };
                json!({"url": url, "mandatory": true})
            });
            Some(json!({"entries": entries.collect::<Vec<_>>()}).to_string().into_bytes())
        }
        (Content::Slices(_, slices), number) => slices.get(number.parse::<usize>().ok()?).cloned(),
        _ => None,
    }
}

fn refusal(status: StatusCode, code: &str) -> Response {
    let body = format!("<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code></Error>");
    (status, [("content-type", "application/xml")], body).into_response()
}

/// Signature Version 4 in the query, recomputed from its public description
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).
fn is_signed_v4(path: &str, query: &str, host: &str, epoch: u32) -> bool {
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    let value = |name: &str| {
        let pair = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        pair.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (scope, at, given) = (value("X-Amz-Credential"), value("X-Amz-Date"), value("X-Amz-Signature"));
    let canonical: Vec<&str> = pairs.into_iter().filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
    let request = format!("GET\n{path}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD", canonical.join("&"));
    let Some((key, scope)) = scope.split_once('/') else { return false };
    let hash = HEXLOWER.encode(&Sha256::digest(request));
    let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hash}");
    let mut signing_key = format!("AWS4{SECRET_KEY}").into_bytes();
    for part in scope.split('/') {
        signing_key = hmac(&signing_key, part.as_bytes());
    }
    let expected = HEXLOWER.encode(&hmac(&signing_key, to_sign.as_bytes()));
    key == ACCESS_KEY && given == expected && value("X-Amz-Security-Token") == session_token(epoch)
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}
