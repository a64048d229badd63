use axum::extract::State;
use axum::http::StatusCode;

use super::mail_link;
use crate::access::Admin;
use crate::domain::accounts::{self, view};
use crate::protocol::users::{CreateUser, User};
use crate::server::http::extractors::Json;
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiError, AppState};
use crate::store::one_time::Purpose;

/// Adds a user, who can do nothing until a group and a password (or another way to sign in) are given. With
/// `send_invite`, a link for choosing a password is made and mailed; the response contains it in any case.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = CreateUser,
    responses((status = 201, body = User), (status = 409, description = "The address is taken")))]
pub async fn create_user(
    State(app): State<AppState>,
    admin: Admin,
    caller: Caller,
    Json(body): Json<CreateUser>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    let created = accounts::create_user(&app.store, &admin, &body.email, body.name, body.send_invite).await?;
    let mut invitation = None;
    if let Some(token) = &created.invitation {
        let (link, is_sent) = mail_link(&app, &caller, Purpose::Setup, &created.email, token).await;
        accounts::record_invitation(&app.store, &admin, &created.id, &created.email, is_sent).await?;
        invitation = Some((link, is_sent));
    }
    let user = view::user(&app.config.google_groups, &app.store.snapshot(), &created.id)?;
    let (invite_url, invite_email_sent) = invitation.unzip();
    Ok((StatusCode::CREATED, Json(User { invite_url, invite_email_sent, ..user })))
}
