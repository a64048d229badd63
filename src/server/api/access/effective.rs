use std::collections::BTreeMap;

use axum::extract::State;

use crate::access::{Admin, Principal, is_admin};
use crate::protocol::access::{AccessItem, EffectiveAccess, ViaGroup};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::Snapshot;

/// What a user is granted, and through which groups.
#[utoipa::path(get, path = "/api/admin/users/{id}/effective-access", tag = "access",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = EffectiveAccess), (status = 404)))]
pub async fn of_user(
    State(app): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<EffectiveAccess>, ApiError> {
    let snapshot = app.store.snapshot();
    snapshot.users.get(&id).ok_or_else(|| ApiError::not_found("User not found"))?;
    Ok(Json(access(&snapshot, &id)))
}

/// What the caller is granted, and through which groups.
#[utoipa::path(get, path = "/api/me/effective-access", tag = "access",
    responses((status = 200, body = EffectiveAccess)))]
pub async fn own(State(app): State<AppState>, caller: Principal) -> Json<EffectiveAccess> {
    Json(access(&app.store.snapshot(), &caller.user().id))
}

fn access(snapshot: &Snapshot, user_id: &str) -> EffectiveAccess {
    let mut items: BTreeMap<(&str, &str), Vec<ViaGroup>> = BTreeMap::new();
    let memberships = snapshot.members.of_user(user_id).iter();
    for group in memberships.filter_map(|member| snapshot.groups.get(&member.group_id)) {
        for grant in snapshot.grants.of_group(&group.id) {
            let via = ViaGroup { group_id: group.id.clone(), group_name: group.name.clone() };
            items.entry((&grant.resource_type, &grant.resource_id)).or_default().push(via);
        }
    }
    let items = items.into_iter().map(|((resource_type, resource_id), mut via_groups)| {
        via_groups.sort_by(|a, b| a.group_name.cmp(&b.group_name));
        AccessItem { resource_type: resource_type.into(), resource_id: resource_id.into(), via_groups }
    });
    EffectiveAccess { is_admin: is_admin(snapshot, user_id), items: items.collect() }
}
