use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub is_system: bool,
    /// `system`, `google_sync` or `custom`.
    pub origin: String,
    pub created_at: Option<String>,
    pub created_by: Option<String>,
    pub member_count: usize,
    pub grant_count: usize,
    pub is_google_managed: bool,
    pub mapped_email: Option<String>,
}

/// `POST /api/admin/groups`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CreateGroup {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Member {
    pub user_id: String,
    pub email: String,
    pub name: Option<String>,
    pub active: bool,
    /// `admin`, `google_sync`, `system_seed` or `cli_break_glass`.
    pub source: String,
    pub added_at: Option<String>,
    pub added_by: Option<String>,
}

/// `POST /api/admin/groups/{id}/members`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AddMember {
    pub email: String,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Grant {
    pub id: String,
    pub group_id: String,
    pub group_name: String,
    pub resource_type: String,
    pub resource_id: String,
    pub assigned_at: Option<String>,
    pub assigned_by: Option<String>,
}

/// `POST /api/admin/grants`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CreateGrant {
    pub group_id: String,
    pub resource_type: String,
    pub resource_id: String,
}

/// `GET /api/admin/resource-types`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ResourceType {
    pub key: String,
    pub display_name: String,
    pub description: String,
    pub id_format: String,
}
