use axum::extract::State;

use crate::access::{AuthKind, Principal};
use crate::base::time;
use crate::protocol::auth::{AuthInfo, Me};
use crate::server::AppState;
use crate::server::api::users::view;
use crate::server::http::extractors::Json;
use crate::store::Snapshot;
use crate::store::users::User;

/// Who the caller is.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = Me)))]
pub async fn show_me(State(app): State<AppState>, caller: Principal) -> Json<Me> {
    Json(body(&app, &app.store.snapshot(), &caller, caller.user()))
}

/// The caller, whose row in the snapshot is `user`.
pub fn body(app: &AppState, snapshot: &Snapshot, caller: &Principal, user: &User) -> Me {
    let (kind, token_id) = match caller.kind() {
        AuthKind::Session(_) => ("session", None),
        AuthKind::Token(id) => ("pat", Some(id.clone())),
        AuthKind::Scheduler => ("scheduler", None),
        AuthKind::Dev => ("dev", None),
    };
    Me {
        id: user.id.clone(),
        user_id: user.id.clone(),
        email: user.email.clone(),
        name: user.name.clone(),
        role: view::role(caller.is_admin()).into(),
        is_admin: caller.is_admin(),
        is_sso_user: view::is_sso(&app.config.google_groups, snapshot, &user.id),
        active: user.active,
        created_at: user.created_at.map(time::spaced),
        groups: view::groups(&app.config.google_groups, snapshot, &user.id),
        auth: AuthInfo {
            kind: kind.into(),
            expires_at: caller.expires_at().map(|at| format!("{}+00:00", time::spaced(at))),
            token_id,
        },
    }
}
