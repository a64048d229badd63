//! Responses with rows that are sent while a query runs.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::protocol::query::{ROWS, TRUNCATED};
use crate::query::output::End;
use crate::query::{Piece, QueryError};

/// The trailers of a long result.
pub const TRAILERS: &str = "x-agnes-rows, x-agnes-truncated";

/// The body of a long result; `sent` is told the bytes of each piece. An error breaks it off.
pub fn streamed(
    begin: Vec<u8>,
    rest: mpsc::Receiver<Result<Piece, QueryError>>,
    mut sent: impl FnMut(usize) + Send + 'static,
) -> Body {
    sent(begin.len());
    let rest = stream::unfold(rest, |mut rest| async { rest.recv().await.map(|piece| (piece, rest)) });
    let frames = rest.flat_map(move |piece| {
        stream::iter(match piece {
            Ok(Piece { bytes, end }) => {
                sent(bytes.len());
                let trailers = end.map(|end| Ok(Frame::trailers(extent(end))));
                [Some(Ok(Frame::data(bytes.into()))), trailers]
            }
            Err(error) => [Some(Err(error)), None],
        })
    });
    Body::new(StreamBody::new(
        stream::iter([Ok(Frame::data(begin.into()))]).chain(frames.filter_map(std::future::ready)),
    ))
}

/// How many rows a result has, and whether it lacks some.
pub fn extent(end: End) -> HeaderMap {
    let truncated = HeaderValue::from_static(if end.is_truncated { "true" } else { "false" });
    HeaderMap::from_iter([
        (HeaderName::from_static(ROWS), HeaderValue::from(end.rows)),
        (HeaderName::from_static(TRUNCATED), truncated),
    ])
}
