use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A statement under a name, as the caller sees it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SavedQuery {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub sql: String,
    pub owner_id: String,
    /// The owner's address.
    pub owner: Option<String>,
    /// Whether the caller is the owner.
    pub is_own: bool,
    /// Whether the caller may share, refresh and delete it.
    pub can_manage: bool,
    /// The groups that it is shared with; for others than its owner and admins, those among them that they are in.
    pub groups: Vec<SharedWith>,
    /// When its table is refreshed.
    pub schedule: Option<String>,
    /// Name of the table that keeps the last result.
    pub table: Option<String>,
    /// All tables that the rows in that table come from.
    pub lineage: Vec<LineageTable>,
    pub created_at: String,
    pub updated_at: String,
    /// The last time that the table was refreshed.
    pub last_run: Option<SavedQueryRun>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SharedWith {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct LineageTable {
    /// The registry id; the name of a table that is not registered.
    pub id: String,
    /// As it was called then.
    pub name: String,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SavedQueryRun {
    pub at: String,
    /// `ok` or `failed`. After a failed run the table has the rows of the last one that did not fail.
    pub status: String,
    /// Why it failed, for its owner and admins.
    pub error: Option<String>,
    /// The number of rows, for its owner and admins.
    pub rows: Option<i64>,
    pub duration_ms: i64,
}

/// `GET /api/saved-queries`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SavedQueries {
    pub queries: Vec<SavedQuery>,
    pub count: usize,
}

/// `POST /api/saved-queries`
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct SaveQuery {
    /// Unique among the queries of its owner, without regard to case.
    pub name: String,
    /// One `SELECT`.
    pub sql: String,
    pub description: Option<String>,
    /// Name of a table that keeps the result.
    pub table: Option<String>,
    /// When that table is refreshed, e.g. `every 1h` or `daily 05:00`.
    pub schedule: Option<String>,
}

/// `PATCH /api/saved-queries/{id}`: what is not sent stays, and an empty text clears.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct UpdateSavedQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
}

/// `POST /api/admin/saved-queries/run-due`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct DueRuns {
    /// `finished`, or `running` if an earlier call is still at work; then this one has done nothing.
    pub status: String,
    pub runs: Vec<DueRun>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct DueRun {
    pub id: String,
    pub name: String,
    /// `ok` or `failed`.
    pub status: String,
}
