use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::domain::sign_in::{PasswordRefusal, SignInMethod};
use crate::protocol::auth::LoginForm;
use crate::server::auth::credentials::check_password;
use crate::server::auth::{links, next};
use crate::server::http::error::Failure;
use crate::server::http::extractors::Form;
use crate::server::http::session::{Session, redirect};
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;

const RULE: Rule = Rule { path: "/auth/password/login/web", per_minute: 10 };

/// Signs in with the form of the login page and redirects to `next`.
#[utoipa::path(post, path = "/auth/password/login/web", tag = "auth", security(()),
    request_body(content = LoginForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 302, description = "Signed in, or back to the form with `error`"), (status = 429)))]
pub async fn submit_login(
    State(app): State<AppState>,
    origin: Origin,
    Form(form): Form<LoginForm>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let next = next::safe(&form.next);
    let back = |reason: &str| {
        let next = next.as_deref().map(|next| format!("&next={}", links::encode(next))).unwrap_or_default();
        redirect(&format!("/login/password?{reason}{next}"))
    };
    let user = match check_password(&app, &origin, &form.email, form.password).await {
        Ok(Ok(user)) => user,
        Ok(Err(PasswordRefusal::Credentials)) => return Ok(back("error=invalid")),
        Ok(Err(PasswordRefusal::Deactivated)) => return Ok(back("error=deactivated")),
        Err(error) => {
            let answer = error.into_response();
            if answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
                return Ok(answer);
            }
            let cause = answer.extensions().get::<Failure>().map(|failure| failure.0.to_string());
            tracing::error!(cause, "cannot check a password");
            return Ok(back("err=auth_internal"));
        }
    };
    let session = Session::start(&app, origin, &user.id, SignInMethod::Password).await?;
    Ok(session.redirect(next.as_deref().unwrap_or("/dashboard")))
}
