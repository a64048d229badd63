use axum::extract::State;
use serde_json::{Map, json};

use super::view;
use crate::access::Admin;
use crate::domain::rules;
use crate::protocol::users::{UpdateUser, User};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, accounts, audit};

/// Renames, deactivates or activates a user.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "users", request_body = UpdateUser,
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = User), (status = 404), (status = 409, description = "Yourself or the last admin")))]
pub async fn update(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateUser>,
) -> Result<Json<User>, ApiError> {
    let name = body.name.as_deref().map(rules::name).transpose()?;
    change(&app, admin, &id, name, body.active).await.map(Json)
}

/// Makes the change in one transaction and shows the user as they are then.
pub(super) async fn change(
    app: &AppState,
    admin: Admin,
    id: &str,
    name: Option<String>,
    active: Option<bool>,
) -> Result<User, ApiError> {
    let user_id = id.to_owned();
    if name.is_some() || active.is_some() {
        app.store
            .write(move |change| -> Result<_, StoreError> {
                let (mut details, by) = (Map::new(), &admin.user().id);
                match active {
                    Some(true) => accounts::activate(change, &user_id)?,
                    Some(false) => {
                        accounts::deactivate(change, &user_id, by)?;
                        details.insert("deactivated_by".into(), json!(by));
                    }
                    None => {}
                }
                active.map(|active| details.insert("active".into(), json!(active)));
                if let Some(name) = name {
                    accounts::rename(change, &user_id, &name)?;
                    details.insert("name".into(), json!(name));
                }
                audit::record(change, &admin.actor(), Action::UserUpdate, &format!("user:{user_id}"), details.into())
            })
            .await?;
    }
    view::current(app, id)
}
