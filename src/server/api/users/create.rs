use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::view;
use crate::access::Admin;
use crate::base::secret::Secret;
use crate::domain::rules;
use crate::protocol::users::{CreateUser, User};
use crate::server::auth::links;
use crate::server::http::extractors::Json;
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Actor};
use crate::store::one_time::{self, Purpose};
use crate::store::{StoreError, audit, users};

/// Adds a user, who can do nothing until a group and a password (or another way to sign in) are given. With
/// `send_invite` a link for choosing a password is made and mailed; it is in the answer in any case.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = CreateUser,
    responses((status = 201, body = User), (status = 409, description = "The address is taken")))]
pub async fn create(
    State(app): State<AppState>,
    admin: Admin,
    caller: Caller,
    Json(body): Json<CreateUser>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    let email = rules::email(&body.email)?;
    let (actor, address) = (admin.actor(), email.clone());
    let (id, token) = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let id = users::insert(change, &address, Some(&body.name), None)?;
            let details = json!({ "email": address });
            audit::record(change, &actor, Action::UserCreate, &format!("user:{id}"), details)?;
            let token = match body.send_invite {
                true => Some(one_time::issue(change, &id, Purpose::Setup)?),
                false => None,
            };
            Ok((id, token))
        })
        .await?;
    let invitation = match token {
        Some(token) => Some(invite(&app, admin.actor(), &caller, &id, &email, &token).await?),
        None => None,
    };
    let snapshot = app.store.snapshot();
    let user = snapshot.users.get(&id).ok_or_else(|| ApiError::not_found("User not found"))?;
    let mut shown = view::user(&app.config.google_groups, &snapshot, user);
    if let Some((link, is_sent)) = invitation {
        shown.invite_url = Some(link);
        shown.invite_email_sent = Some(is_sent);
    }
    Ok((StatusCode::CREATED, Json(shown)))
}

/// The link, and whether the mail was accepted for delivery.
async fn invite(
    app: &AppState,
    actor: Actor,
    caller: &Caller,
    id: &str,
    email: &str,
    token: &Secret,
) -> Result<(String, bool), ApiError> {
    let link = links::link(links::base(app, caller), Purpose::Setup, email, token, None);
    let mail = links::mail(app, Purpose::Setup, email, &link);
    let is_sent = app.mail.is_configured() && app.mail.send(mail).await;
    let (resource, details) = (format!("user:{id}"), json!({ "email": email, "email_sent": is_sent }));
    let noted: Result<(), StoreError> =
        app.store.write(move |change| audit::record(change, &actor, Action::UserInvite, &resource, details)).await;
    noted?;
    Ok((link, is_sent))
}
