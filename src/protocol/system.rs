use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/health`; always status 200.
#[serde_with::skip_serializing_none]
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `unhealthy`.
    pub status: String,
    /// `ok`, `mismatch` or `unreachable`.
    pub db_schema: String,
    pub current: Option<i32>,
    pub expected: Option<i32>,
    pub detail: Option<String>,
}

/// `GET /api/health/ready`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `unready`.
    pub status: String,
}

/// `GET /api/version`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Version {
    pub version: String,
    pub channel: String,
    pub image_tag: String,
    pub commit_sha: String,
    pub schema_version: i32,
    /// When this process started.
    pub deployed_at: String,
    /// Values of `Content-Encoding` that uploads of files may have.
    #[serde(default)]
    pub upload_encodings: Vec<String>,
}
