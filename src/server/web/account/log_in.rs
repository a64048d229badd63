use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::domain::sign_in::{PasswordRefusal, SignInMethod};
use crate::protocol::auth::LoginForm;
use crate::server::auth::credentials::check_password;
use crate::server::auth::next;
use crate::server::http::error::Failure;
use crate::server::http::extractors::Form;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::{Page, PageContext, PageError};
use crate::store::audit::Origin;

const RULE: Rule = Rule { path: "/auth/password/login/web", per_minute: 10 };

/// Signs in with the form of the login page and redirects to `next`.
#[utoipa::path(post, path = "/auth/password/login/web", tag = "auth", security(()),
    request_body(content = LoginForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 302, description = "Signed in, or back to the form with `error`"), (status = 429)))]
pub async fn submit_login(page: PageContext, origin: Origin, Form(form): Form<LoginForm>) -> Result<Page, PageError> {
    page.app.limits.admit(RULE, origin.ip)?;
    let next = next::safe(&form.next);
    let back = |reason: &str| {
        let typed = FormState::new("login").with_value("email", &form.email);
        Page::redirect(&next::append(&format!("/login/password?{reason}"), next.as_deref()))
            .with_flash(&page.app, &Flash::Form(typed))
    };
    let user = match check_password(&page.app, &origin, &form.email, form.password).await {
        Ok(Ok(user)) => user,
        Ok(Err(PasswordRefusal::Credentials)) => return Ok(back("error=invalid")),
        Ok(Err(PasswordRefusal::Deactivated)) => return Ok(back("error=deactivated")),
        Err(error) => {
            if error.status() != StatusCode::INTERNAL_SERVER_ERROR {
                return Err(error.into());
            }
            let answer = error.into_response();
            let cause = answer.extensions().get::<Failure>().map(|failure| failure.0.to_string());
            tracing::error!(cause, "cannot check a password");
            return Ok(back("err=auth_internal"));
        }
    };
    let session = Session::start(&page.app, origin, &user.id, SignInMethod::Password).await?;
    Ok(session.redirect(next.as_deref().unwrap_or("/dashboard")).into())
}
