//! In what form a caller wants the result of a query.

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use mime::Mime;

use crate::protocol::query::{ARROW, CSV, PARQUET};
use crate::query::Wanted;
use crate::query::output::{Codec, Format, Values};
use crate::server::ApiError;
use crate::server::http::openapi::Argument;

/// The best form that `Accept` names; JSON if there is none.
#[derive(Clone, Copy, Debug)]
pub struct Accept(pub Wanted);

impl<S: Sync> FromRequestParts<S> for Accept {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let lines = parts.headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let mut best: Option<(f32, Wanted)> = None;
        for range in lines.flat_map(|line| line.split(',')).filter_map(|range| range.trim().parse::<Mime>().ok()) {
            let quality = range.get_param("q").and_then(|q| q.as_str().parse().ok()).unwrap_or(1.0);
            if best.is_none_or(|(other, _)| quality > other)
                && let Some(wanted) = wanted(&range)?
            {
                best = Some((quality, wanted));
            }
        }
        Ok(Self(best.map_or(Wanted::Json, |(_, wanted)| wanted)))
    }
}

impl Argument for Accept {
    const STATUSES: &'static [u16] = &[400];
}

fn wanted(range: &Mime) -> Result<Option<Wanted>, ApiError> {
    Ok(Some(match range.essence_str() {
        ARROW => Wanted::Format(arrow(range)?),
        PARQUET => Wanted::Format(Format::Parquet),
        CSV => Wanted::Format(Format::Csv),
        "application/json" | "application/*" | "*/*" => Wanted::Json,
        _ => return Ok(None),
    }))
}

fn arrow(range: &Mime) -> Result<Format, ApiError> {
    let parameter = |name| range.get_param(name).map(|value| value.as_str().to_owned());
    let codec = match parameter("codec").as_deref() {
        None => None,
        Some("lz4") => Some(Codec::Lz4),
        Some("zstd") => Some(Codec::Zstd),
        Some(other) => return Err(ApiError::bad_request(format!("Accept: codec '{other}' is neither lz4 nor zstd"))),
    };
    let values = match parameter("values").as_deref() {
        None | Some("native") => Values::Native,
        Some("text") => Values::Text,
        Some(other) => {
            return Err(ApiError::bad_request(format!("Accept: values '{other}' is neither native nor text")));
        }
    };
    Ok(Format::Arrow { codec, values })
}
