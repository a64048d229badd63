//! The second step of signing in: a code, or setting up the second factor that the account must have.

use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use minijinja::context;
use serde::Deserialize;

use crate::domain::Error;
use crate::domain::second_factor::{self, Missing};
use crate::domain::sign_in::{Factor, SignInMethod};
use crate::server::auth::second_factor::issuer;
use crate::server::http::extractors::Form;
use crate::server::http::session::{Session, cookie, hosted, redirect, remove_cookie, set_cookie};
use crate::server::services::pending_second_factors::{COOKIE, PendingSecondFactor, TIMEOUT};
use crate::server::services::rate_limits::Rule;
use crate::server::web::form::FormState;
use crate::server::web::qr;
use crate::server::web::{PageContext, PageResult};
use crate::store::users::Proved;

const PATH: &str = "/login/code";
const RULE: Rule = Rule { path: PATH, per_minute: 10 };

#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
}

/// Signs in somebody who has proved one factor: redirects to `next`, or to the page that asks for the other factor.
pub async fn sign_in(page: &PageContext, user: Proved, method: SignInMethod, next: Option<String>) -> PageResult {
    let app = &page.app;
    let missing = match Session::begin(app, page.caller.origin.clone(), user.clone(), method, None).await? {
        Ok(session) => return Ok(session.redirect(next.as_deref().unwrap_or("/dashboard"))),
        Err(missing) => missing,
    };
    let Some(person) = app.store.snapshot().users.get(&user.id).cloned() else { return Ok(redirect("/login")) };
    let enrolment = match missing {
        Missing::Enrolment => Some(second_factor::begin(&app.store, &app.second_factors, &person, &issuer(app)).await?),
        Missing::Code | Missing::WrongCode => None,
    };
    let name =
        app.pending.insert(PendingSecondFactor { user, method, next, enrolment, until: Instant::now() + TIMEOUT });
    let cookie = set_cookie(app, &hosted(app, COOKIE), &name, TIMEOUT.as_secs() as i64);
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), redirect(PATH)).into_response())
}

/// `GET /login/code`
pub async fn show_code(page: PageContext, headers: HeaderMap) -> PageResult {
    let Some((name, pending)) = take(&page, &headers) else { return Ok(redirect("/login")) };
    page.app.pending.put_back(&name, Arc::clone(&pending));
    show(&page, &pending, FormState::new("code"))
}

fn show(page: &PageContext, pending: &PendingSecondFactor, form: FormState) -> PageResult {
    match &pending.enrolment {
        None => page.render_secret("login_code.html", context! { form, action => PATH }),
        Some(enrolment) => {
            let qr = qr::svg(enrolment.url.expose())?;
            let secret = enrolment.secret.expose();
            page.render_secret("set_up_factor.html", context! { form, action => PATH, qr, secret })
        }
    }
}

/// `POST /login/code`
pub async fn submit_code(page: PageContext, headers: HeaderMap, Form(form): Form<CodeForm>) -> PageResult {
    page.admit(RULE)?;
    let Some((name, pending)) = take(&page, &headers) else { return Ok(redirect("/login")) };
    // Until the code is right, there may be another attempt.
    page.app.pending.put_back(&name, Arc::clone(&pending));
    let finished = match pending.enrolment {
        None => finish(&page, &pending, form.code).await?,
        Some(_) => set_up(&page, &pending, form.code).await?,
    };
    match finished {
        Ok(response) => {
            page.app.pending.take(&name);
            let removed = remove_cookie(&page.app, &hosted(&page.app, COOKIE));
            Ok((AppendHeaders([(SET_COOKIE, removed)]), response).into_response())
        }
        Err(reason) => show(&page, &pending, FormState::new("code").with_error("code", &reason)),
    }
}

/// Signs in, or returns what is wrong with the code.
async fn finish(
    page: &PageContext,
    pending: &PendingSecondFactor,
    code: String,
) -> PageResult<Result<Response, String>> {
    let origin = page.caller.origin.clone();
    let begun = Session::begin(&page.app, origin, pending.user.clone(), pending.method, Some(code)).await?;
    let next = pending.next.as_deref().unwrap_or("/dashboard");
    Ok(begun.map(|session| session.redirect(next)).map_err(|missing| missing.text().into()))
}

/// Completes the second factor, signs in and shows the recovery codes, or returns what is wrong with the code.
async fn set_up(
    page: &PageContext,
    pending: &PendingSecondFactor,
    code: String,
) -> PageResult<Result<Response, String>> {
    let (app, origin, id) = (&page.app, page.caller.origin.clone(), &pending.user.id);
    app.limits.take_code_try(id)?;
    let codes = match second_factor::confirm(&app.store, &app.second_factors, origin.clone(), id, code).await {
        Ok(codes) => codes,
        Err(Error::Invalid(reason)) => return Ok(Err(reason)),
        Err(error) => return Err(error.into()),
    };
    app.limits.code_succeeded(id);
    let session = Session::with_factor(app, origin, pending.user.clone(), pending.method, Factor::Proved).await?;
    let next = pending.next.as_deref().unwrap_or("/dashboard");
    let shown = page.render("recovery_codes.html", context! { codes, next })?;
    Ok(Ok(session.attach(shown)))
}

/// Takes the sign-in of this browser, unless the account has changed since the first factor was proved.
fn take(page: &PageContext, headers: &HeaderMap) -> Option<(String, Arc<PendingSecondFactor>)> {
    let name = cookie(headers, &hosted(&page.app, COOKIE))?;
    let pending = page.app.pending.take(name)?;
    let snapshot = page.app.store.snapshot();
    let user = snapshot.users.get(&pending.user.id)?;
    (user.active && user.token_version == pending.user.token_version).then(|| (name.to_owned(), pending))
}
