//! Sync runs: what the current one is doing, and what earlier ones did.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/sync/runs`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct RunPage {
    /// Newest first; queued and current runs come before all others.
    pub runs: Vec<Run>,
    /// Number of runs on this page.
    pub count: usize,
    /// `before` of the next page; null at the end.
    pub next: Option<String>,
}

/// One sync run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Run {
    pub id: String,
    pub status: RunStatus,
    /// The current step; null unless it is running.
    pub step: Option<String>,
    /// E-mail address of the first requester; null for runs that the server starts itself.
    pub triggered_by: Option<String>,
    /// Requested registry ids; null: everything that is due.
    pub requested: Option<Vec<String>>,
    pub requested_at: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    pub duration_ms: Option<u64>,
    /// In the order they were finished.
    pub tables: Vec<RunTable>,
    /// Failures that concern no single table.
    pub errors: Vec<String>,
    /// E-mail address of the admin who cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, strum::Display, ToSchema)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum RunStatus {
    /// Waiting for the current run.
    #[default]
    Queued,
    Running,
    Ok,
    /// Some tables failed, the others are published.
    Partial,
    Failed,
    /// The server ended during the run; the next run catches up.
    Interrupted,
    /// An admin ended it; what it had not published comes with the next run.
    Cancelled,
    /// What a newer server or version calls something else; such a run is over.
    #[serde(other)]
    Unknown,
}

impl RunStatus {
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// What became of a table in one step of a run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RunTable {
    pub table: String,
    pub source: String,
    pub step: RunStep,
    pub rows: Option<i64>,
    pub duration_ms: Option<u64>,
    /// Null: it went well.
    pub error: Option<String>,
    /// What is worth knowing all the same, e.g. that a column changed its type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, strum::Display, ToSchema)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum RunStep {
    #[default]
    Extract,
    Materialize,
    Publish,
    /// Listed only for tables without a profile; the notes say why.
    Profile,
}
