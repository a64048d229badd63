use axum::extract::State;
use serde_json::{Map, json};

use crate::access::Admin;
use crate::domain::groups::view;
use crate::domain::rules;
use crate::protocol::access::{Group, UpdateGroup};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, groups};

/// Renames a group or describes it anew.
#[utoipa::path(patch, path = "/api/admin/groups/{id}", tag = "access", request_body = UpdateGroup,
    params(("id" = String, Path, description = "Group id")),
    responses((status = 200, body = Group), (status = 404), (status = 409, description = "A system group, or the name is taken")))]
pub async fn update(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateGroup>,
) -> Result<Json<Group>, ApiError> {
    let group = view::editable(&app.config.google_groups, &app.store.snapshot(), &id)?.clone();
    let name = body.name.as_deref().map(|name| rules::short("name", name, 200)).transpose()?;
    rules::limit("description", body.description.as_deref().unwrap_or_default(), 2000)?;
    if name.as_deref() == Some("") && !group.is_system {
        return Err(ApiError::bad_request("Group name is required"));
    }
    let group_id = id.clone();
    app.store
        .write(move |change| -> Result<_, StoreError> {
            let changed = groups::update(change, &id, name.as_deref(), body.description.as_deref())?;
            if changed.is_empty() {
                return Ok(());
            }
            let value = |field| if field == "name" { json!(name) } else { json!(body.description) };
            let details: Map<_, _> = changed.into_iter().map(|field| (field.to_owned(), value(field))).collect();
            audit::record(change, &admin.actor(), Action::UserGroupUpdated, &format!("group:{id}"), details.into())
        })
        .await?;
    let snapshot = app.store.snapshot();
    let group = snapshot.groups.get(&group_id).ok_or_else(|| ApiError::not_found("Group not found"))?;
    Ok(Json(view::group(&app.config.google_groups, &snapshot, group)))
}
