use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::base::time;
use crate::protocol::access::{Permission, Permissions};
use crate::server::http::extractors::{Json, Path, Query};
use crate::server::{ApiError, AppState};
use crate::store::Snapshot;
use crate::store::grants::{Grant, TABLE};
use crate::store::groups::personal;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only what is granted to this person alone.
    pub user_id: Option<String>,
    pub group_id: Option<String>,
    pub dataset: Option<String>,
}

/// Permissions, by group name and dataset.
#[utoipa::path(get, path = "/api/permissions", tag = "access", params(Filter),
    responses((status = 200, body = Permissions)))]
pub async fn list(State(app): State<AppState>, _: Admin, Query(filter): Query<Filter>) -> Json<Permissions> {
    let snapshot = app.store.snapshot();
    let found: Vec<_> = match &filter.group_id {
        Some(group) => snapshot.grants.of_group(group).iter().collect(),
        None => snapshot.grants.all().collect(),
    };
    let permissions = found
        .into_iter()
        .filter(|grant| grant.resource_type == TABLE)
        .filter(|grant| filter.dataset.as_ref().is_none_or(|dataset| *dataset == grant.resource_id))
        .map(|grant| body(&snapshot, grant))
        .filter(|it| filter.user_id.is_none() || filter.user_id == it.user_id);
    Json(sorted(permissions.collect()))
}

/// Everything that a user may read through any group.
#[utoipa::path(get, path = "/api/permissions/{id}", tag = "access",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = Permissions), (status = 404)))]
pub async fn of_user(
    State(app): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<Permissions>, ApiError> {
    let snapshot = app.store.snapshot();
    snapshot.users.get(&id).ok_or_else(|| ApiError::not_found("User not found"))?;
    let memberships = snapshot.members.of_user(&id).iter();
    let permissions = memberships
        .flat_map(|member| snapshot.grants.of_group(&member.group_id))
        .filter(|grant| grant.resource_type == TABLE)
        .map(|grant| body(&snapshot, grant));
    Ok(Json(sorted(permissions.collect())))
}

fn sorted(mut permissions: Vec<Permission>) -> Permissions {
    permissions.sort_by(|a, b| (&a.group_name, &a.dataset).cmp(&(&b.group_name, &b.dataset)));
    Permissions { count: permissions.len(), permissions }
}

pub(super) fn body(snapshot: &Snapshot, grant: &Grant) -> Permission {
    let group_name = snapshot.groups.get(&grant.group_id).map(|group| group.name.clone()).unwrap_or_default();
    let owner = personal::owner_by_name(&group_name).filter(|id| snapshot.users.get(id).is_some());
    Permission {
        id: grant.id.clone(),
        group_id: grant.group_id.clone(),
        user_id: owner.map(str::to_owned),
        group_name,
        dataset: grant.resource_id.clone(),
        access: "read".into(),
        assigned_at: grant.assigned_at.map(time::spaced),
        assigned_by: grant.assigned_by.clone(),
    }
}
