//! The transcripts that the caller has sent.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::domain::own_files;
use crate::protocol::own_files::Transcripts;
use crate::server::http::extractors::{Json, Path, Query, Reply};
use crate::server::{ApiError, ApiResult, AppState};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;
/// Size of reads from disk.
const CHUNK_BYTES: usize = 256 * 1024;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TranscriptsQuery {
    /// 1 to 1000; 100 by default.
    pub limit: Option<usize>,
    /// How many of the newest to leave out.
    pub offset: Option<usize>,
}

/// Lists the transcripts that the caller has sent, newest first.
#[utoipa::path(get, path = "/api/me/transcripts", tag = "upload", params(TranscriptsQuery),
    responses((status = 200, body = Transcripts), (status = 422), (status = 429)))]
pub async fn list_own_transcripts(
    app: AppState,
    caller: Principal,
    Query(query): Query<TranscriptsQuery>,
) -> Reply<Transcripts> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::value(["query", "limit"], &format!("limit must be between 1 and {MAX_LIMIT}"), limit));
    }
    let _turn = app.people.own_files.take(&caller.user().id)?;
    let offset = query.offset.unwrap_or_default();
    Ok(Json(own_files::list_transcripts(&app.config.data_dir, &caller, limit, offset).await?))
}

/// Returns one of the transcripts that the caller has sent.
#[utoipa::path(get, path = "/api/me/transcripts/{filename}", tag = "upload",
    params(("filename", description = "As the list has it")),
    responses((status = 200, content_type = "application/x-ndjson"), (status = 404)))]
pub async fn download_own_transcript(
    app: AppState,
    caller: Principal,
    Path(filename): Path<String>,
) -> ApiResult<Response> {
    let transcript = own_files::open_transcript(&app.config.data_dir, &caller, &filename).await?;
    let file = tokio::fs::File::from_std(transcript.file).take(transcript.size);
    let headers = [
        (CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (CONTENT_LENGTH, transcript.size.to_string()),
        (CONTENT_DISPOSITION, attachment(&filename)),
        (CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::with_capacity(file, CHUNK_BYTES))).into_response())
}

/// `Content-Disposition` for a name of any characters (RFC 6266): the second form is for those that the first has not.
fn attachment(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_graphic() && !"\"\\%".contains(*c) || *c == ' ';
    let plain: String = name.chars().map(|c| if is_plain(&c) { c } else { '_' }).collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let encoded: String = name
        .bytes()
        .map(|byte| if is_safe(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_characters_can_be_sent() {
        assert_eq!(attachment("a b.jsonl"), "attachment; filename=\"a b.jsonl\"");
        let odd = "attachment; filename=\"_a_.jsonl\"; filename*=UTF-8''%22a%C3%A9.jsonl";
        assert_eq!(attachment("\"aé.jsonl"), odd);
    }
}
