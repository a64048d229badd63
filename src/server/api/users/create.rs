use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::{rules, view};
use crate::access::Admin;
use crate::protocol::users::{CreateUser, User};
use crate::server::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::{StoreError, audit, users};

/// Adds a user, who can do nothing until a group and a password (or another way to sign in) are given.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = CreateUser,
    responses((status = 201, body = User), (status = 409, description = "The address is taken")))]
pub async fn create(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<CreateUser>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    let email = rules::email(&body.email)?;
    let id = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let id = users::insert(change, &email, Some(&body.name), None)?;
            let details = json!({ "email": email });
            audit::record(change, &admin.actor(), "user.create", &format!("user:{id}"), details)?;
            Ok(id)
        })
        .await?;
    let snapshot = app.store.snapshot();
    let user = snapshot.users.get(&id).ok_or_else(|| ApiError::not_found("User not found"))?;
    Ok((StatusCode::CREATED, Json(view::user(&app.config.google_groups, &snapshot, user))))
}
