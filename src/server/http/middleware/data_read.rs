//! Records requests that read data in the access log, when their last byte has been sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use headers::{ContentLength, HeaderMapExt};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::identity::{Identity, Known};
use crate::access::AuthKind;
use crate::access_log::AccessLog;
use crate::base::hash::sha256_hex;
use crate::base::time;
use crate::protocol::access_log::DataAccess;
use crate::protocol::query::ROWS;
use crate::server::AppState;

/// What a request reads, as an extension of its response: a handler that returns data of tables adds it, also to a refusal.
#[derive(Clone, Debug)]
pub struct DataRead {
    action: &'static str,
    pub tables: Vec<String>,
    rows: Option<u64>,
    query_sha256: Option<String>,
}

impl DataRead {
    /// `action` is one word for what is done with the table.
    pub fn table(action: &'static str, name: &str, rows: Option<u64>) -> Self {
        Self { action, tables: vec![name.to_owned()], rows, query_sha256: None }
    }

    /// `tables` are those that the statement names; `rows` is unknown if it failed.
    pub fn query(sql: &str, tables: Vec<String>, rows: Option<u64>) -> Self {
        Self { action: "query", tables, rows, query_sha256: Some(sha256_hex(sql)) }
    }
}

pub async fn record(app: AppState, request: Request, next: Next) -> Response {
    let identity = Identity::of(&request);
    let response = next.run(request).await;
    let (Some(read), Some(known)) = (response.extensions().get::<DataRead>(), identity.known()) else {
        return response;
    };
    let access = entry(read, known, response.status().as_u16());
    let log = Arc::clone(&app.access_log);
    let announced = response.headers().typed_get::<ContentLength>().map(|length| length.0);
    response.map(|body| {
        let length = announced.or(body.size_hint().exact());
        Body::new(Counted { body, length, access: Some(access), identity, log })
    })
}

fn entry(read: &DataRead, known: &Known, status: u16) -> DataAccess {
    let by = match &known.kind {
        AuthKind::Session(_) => "session",
        AuthKind::Token(_) => "token",
        AuthKind::Scheduler => "scheduler",
        AuthKind::Dev => "development",
    };
    let origin = &known.actor.origin;
    DataAccess {
        at: String::new(),
        request_id: origin.request_id.clone(),
        user_id: known.user_id.clone(),
        user_email: known.email.clone(),
        by: by.to_owned(),
        token_id: known.token_id().map(str::to_owned),
        ip: origin.ip.map(|ip| ip.to_string()),
        action: read.action.to_owned(),
        tables: read.tables.clone(),
        rows: read.rows,
        bytes: 0,
        status,
        duration_ms: 0.0,
        complete: false,
        query_sha256: read.query_sha256.clone(),
    }
}

/// A body that is recorded when it is dropped: sent as a whole, or given up by the client.
struct Counted {
    body: Body,
    /// In bytes, if it is known beforehand: then nobody asks for what follows the last one.
    length: Option<u64>,
    access: Option<DataAccess>,
    identity: Identity,
    log: Arc<AccessLog>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(access) = &mut self.access {
            match &frame {
                Some(Ok(frame)) => {
                    access.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                    let rows =
                        frame.trailers_ref().and_then(|trailers| trailers.get(ROWS)?.to_str().ok()?.parse().ok());
                    access.rows = rows.or(access.rows);
                }
                Some(Err(_)) => {}
                None => access.complete = true,
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let (Some(mut access), Some(known)) = (self.access.take(), self.identity.known()) else { return };
        access.at = time::iso_offset(time::now());
        access.duration_ms = known.actor.origin.since.elapsed().as_micros() as f64 / 1000.0;
        access.complete |= self.length == Some(access.bytes);
        self.log.record(access);
    }
}
