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
pub struct ResourceTypeInfo {
    pub key: String,
    pub display_name: String,
    pub description: String,
    pub id_format: String,
}

/// `PATCH /api/admin/groups/{id}`: an absent or null field is left unchanged.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct UpdateGroup {
    pub name: Option<String>,
    pub description: Option<String>,
}

/// A membership, as part of its user.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Membership {
    pub group_id: String,
    pub group_name: String,
    pub is_system: bool,
    /// `system`, `google_sync` or `custom`.
    pub origin: String,
    /// `admin`, `google_sync`, `system_seed` or `cli_break_glass`.
    pub source: String,
    pub added_at: Option<String>,
    pub added_by: Option<String>,
}

/// `POST /api/admin/users/{id}/memberships`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AddMembership {
    pub group_id: String,
}

/// What a user is granted, and through which groups. Admins may use everything else too.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct EffectiveAccess {
    pub is_admin: bool,
    pub items: Vec<AccessItem>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AccessItem {
    pub resource_type: String,
    pub resource_id: String,
    pub via_groups: Vec<ViaGroup>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ViaGroup {
    pub group_id: String,
    pub group_name: String,
}

/// `GET /api/admin/access-overview`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Overview {
    pub groups: Vec<Group>,
    pub grants: Vec<OverviewGrant>,
    pub resources: Vec<OverviewResources>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct OverviewGrant {
    pub id: String,
    pub group_id: String,
    pub resource_type: String,
    pub resource_id: String,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct OverviewResources {
    pub type_key: String,
    pub type_display: String,
    pub blocks: Vec<OverviewBlock>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct OverviewBlock {
    pub id: String,
    pub name: String,
    pub items: Vec<OverviewItem>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct OverviewItem {
    pub resource_id: String,
    pub name: String,
    pub category: Option<String>,
    pub version: Option<String>,
    pub source_type: Option<String>,
    pub description: Option<String>,
}

/// A grant on a table.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Permission {
    pub id: String,
    pub group_id: String,
    pub group_name: String,
    /// The user whose personal group it is, if it is a personal group.
    pub user_id: Option<String>,
    pub dataset: String,
    /// Always `read`.
    pub access: String,
    pub assigned_at: Option<String>,
    pub assigned_by: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Permissions {
    pub permissions: Vec<Permission>,
    pub count: usize,
}

/// `POST /api/permissions` and `DELETE /api/permissions`: a table, and either a group or a user.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct PermissionRequest {
    pub dataset: String,
    #[serde(default = "read")]
    pub access: String,
    pub group_id: Option<String>,
    pub user_id: Option<String>,
}

fn read() -> String {
    "read".into()
}

/// `DELETE /api/permissions`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Revoked {
    /// Always `revoked`.
    pub status: String,
}

/// `POST /api/access-requests`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CreateAccessRequest {
    pub table_id: String,
    #[serde(default)]
    pub reason: String,
}

/// A request for access to a table.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AccessRequest {
    pub id: String,
    pub user_id: String,
    pub user_email: Option<String>,
    pub resource_type: String,
    pub table_id: String,
    pub reason: Option<String>,
    /// `pending`, `approved` or `denied`.
    pub status: String,
    pub requested_at: Option<String>,
    pub reviewed_by: Option<String>,
    pub reviewed_at: Option<String>,
    pub review_note: Option<String>,
    /// The grant that an approval created or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AccessRequests {
    pub requests: Vec<AccessRequest>,
    pub count: usize,
}

/// `POST /api/access-requests/{id}/approve` and `…/deny`; the body is optional.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct Review {
    /// The group to grant to; without it, the personal group of the requester.
    pub group_id: Option<String>,
    pub note: Option<String>,
}
