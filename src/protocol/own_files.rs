//! What analysts send of their own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Form of `POST /api/upload/sessions` and `/artifacts`, which is read field by field.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document")]
pub struct FileForm {
    /// At most 50 MiB, with a name.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct UploadedFile {
    pub status: String,
    /// Under which it is stored.
    pub filename: String,
    /// In bytes.
    pub size: u64,
    /// Whether there was a file of that name.
    pub replaced: bool,
}

/// `GET /api/me/transcripts`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Transcripts {
    /// The newest first.
    pub transcripts: Vec<Transcript>,
    /// How many there are in all.
    pub total: usize,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Transcript {
    pub filename: String,
    /// In bytes.
    pub size: u64,
    pub uploaded_at: String,
}

/// `POST /api/upload/local-md`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct LocalNotes {
    pub content: String,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NotesStored {
    pub status: String,
    /// E-mail address of the caller.
    pub user: String,
    /// In characters.
    pub size: usize,
}
