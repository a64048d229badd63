use axum::http::StatusCode;

use crate::access::{Admin, Principal};
use crate::domain::accounts::{self, view};
use crate::protocol::auth::Me;
use crate::protocol::users::{CreateUser, ResetLink, SetPassword, UpdateMe, UpdateUser, User};
use crate::server::auth::accounts::{create, reset_password, set_password};
use crate::server::http::extractors::{Created, Json, Path, Reply};
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiResult, AppState};

/// Lists all users, by address.
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = Vec<User>)))]
pub async fn list_users(app: AppState, _: Admin) -> Json<Vec<User>> {
    Json(view::users(&app.store.snapshot()))
}

/// Returns one user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users", params(("id", description = "User id")),
    responses((status = 200, body = User), (status = 404)))]
pub async fn get_user(app: AppState, _: Admin, Path(id): Path<String>) -> Reply<User> {
    Ok(Json(view::user(&app.store.snapshot(), &id)?))
}

/// Renames, deactivates or activates a user.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "users", params(("id", description = "User id")),
    responses((status = 200, body = User), (status = 404), (status = 409, description = "Yourself or the last admin")))]
pub async fn update_user(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateUser>,
) -> Reply<User> {
    update(&app, &admin, &id, &body).await
}

/// Activates a user.
#[utoipa::path(post, path = "/api/users/{id}/activate", tag = "users", params(("id", description = "User id")),
    responses((status = 200, body = User), (status = 404)))]
pub async fn activate_user(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<User> {
    update(&app, &admin, &id, &UpdateUser { active: Some(true), name: None }).await
}

/// Deactivates a user, which ends all sessions and personal tokens.
#[utoipa::path(post, path = "/api/users/{id}/deactivate", tag = "users", params(("id", description = "User id")),
    responses((status = 200, body = User), (status = 404), (status = 409, description = "Yourself or the last admin")))]
pub async fn deactivate_user(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<User> {
    update(&app, &admin, &id, &UpdateUser { active: Some(false), name: None }).await
}

async fn update(app: &AppState, admin: &Admin, id: &str, body: &UpdateUser) -> Reply<User> {
    accounts::update_user(&app.store, admin, id, body.name.as_deref(), body.active).await?;
    Ok(Json(view::user(&app.store.snapshot(), id)?))
}

/// Removes a user with everything personal. Saved queries that they share pass to the admin, without their schedules.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users", params(("id", description = "User id")),
    responses((status = 204), (status = 404),
        (status = 409, description = "Yourself, the last admin, or managed elsewhere")))]
pub async fn delete_user(app: AppState, admin: Admin, Path(id): Path<String>) -> ApiResult<StatusCode> {
    accounts::delete_user(&app.store, &app.runner, &admin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a user, who can do nothing until a group and a password (or another way to sign in) are given. With
/// `send_invite`, a link for choosing a password is made and mailed; the response contains it in any case.
#[utoipa::path(post, path = "/api/users", tag = "users",
    responses((status = 201, body = User), (status = 409, description = "The address is taken")))]
pub async fn create_user(
    app: AppState,
    admin: Admin,
    caller: Caller,
    Json(body): Json<CreateUser>,
) -> ApiResult<Created<User>> {
    Ok(Created(create(&app, &admin, &caller, body).await?))
}

/// Gives a user a password.
#[utoipa::path(post, path = "/api/users/{id}/set-password", tag = "users", params(("id", description = "User id")),
    responses((status = 204), (status = 404), (status = 409, description = "Signs in elsewhere")))]
pub async fn set_user_password(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<SetPassword>,
) -> ApiResult<StatusCode> {
    set_password(&app, &admin, &id, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link with which the user can choose another password, and mails it. The previous link stops working.
#[utoipa::path(post, path = "/api/users/{id}/reset-password", tag = "users", params(("id", description = "User id")),
    responses((status = 200, body = ResetLink), (status = 404), (status = 409, description = "Signs in elsewhere")))]
pub async fn reset_user_password(
    app: AppState,
    admin: Admin,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply<ResetLink> {
    Ok(Json(reset_password(&app, &admin, &caller, &id).await?))
}

/// Returns who the caller is; the same as `/auth/me`.
#[utoipa::path(get, path = "/api/users/me", tag = "users", responses((status = 200, body = Me)))]
pub async fn get_current_user(app: AppState, caller: Principal) -> Reply<Me> {
    Ok(Json(view::me(&app.store.snapshot(), &caller)?))
}

/// Changes the caller's own name.
#[utoipa::path(patch, path = "/api/users/me", tag = "users", responses((status = 200, body = Me)))]
pub async fn update_current_user(app: AppState, caller: Principal, Json(body): Json<UpdateMe>) -> Reply<Me> {
    if let Some(name) = body.name {
        accounts::update_own_name(&app.store, &caller, &name).await?;
    }
    Ok(Json(view::me(&app.store.snapshot(), &caller)?))
}
