use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Value, context};

use super::flash::Flash;
use super::form::FormState;
use super::{PageError, brand, navigation, templates, theme};
use crate::access::Principal;
use crate::domain;
use crate::server::http::middleware::caller::Caller;
use crate::server::http::openapi::Argument;
use crate::server::http::session::redirect;
use crate::server::services::rate_limits::{Rule, TooManyRequests};
use crate::server::{ApiError, AppState};

/// What every page shows around its own content. Handlers take it as an argument and end with [`PageContext::render`].
pub struct PageContext {
    pub app: AppState,
    /// The visitor, if signed in.
    pub person: Option<Principal>,
    pub caller: Caller,
    path: String,
    theme: Option<&'static str>,
    flash: Option<Flash>,
}

impl FromRequestParts<AppState> for PageContext {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let Ok(person) = Option::<Principal>::from_request_parts(parts, app).await;
        let caller = Caller::from_request_parts(parts, app).await?;
        let (theme, flash) = (theme::chosen(&parts.headers), Flash::read(&parts.headers));
        Ok(Self { app: app.clone(), person, caller, path: parts.uri.path().to_owned(), theme, flash })
    }
}

impl Argument for PageContext {
    const STATUSES: &'static [u16] = &[];
}

impl PageContext {
    /// Counts a request of the visitor, unless the limit is reached.
    pub fn admit(&self, rule: Rule) -> Result<(), TooManyRequests> {
        self.app.limits.admit(rule, self.caller.origin.ip)
    }

    /// Renders a template that extends `base.html`.
    pub fn render(&self, template: &str, values: Value) -> PageResult {
        let person = self.person.as_ref().map(|person| {
            let user = person.user();
            let name = user.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&user.email);
            context! { name, email => &user.email, is_admin => person.is_admin() }
        });
        let pending = self.app.store.snapshot().pending_requests;
        let has_debug = self.app.config.http.debug_auth;
        let links = |person: &Principal| navigation::values(&self.path, person.is_admin(), pending, has_debug);
        let navigation = self.person.as_ref().map(links);
        let flash = match &self.flash {
            Some(Flash::Notice(text)) => text,
            _ => "",
        };
        let brand = brand::values(&self.app.instance());
        let (theme, version) = (self.theme, env!("CARGO_PKG_VERSION"));
        let values = context! { brand, person, navigation, theme, version, flash, ..values };
        let text = templates::render(template, values).map_err(ApiError::internal)?;
        // It may contain personal data.
        let mut page = ([(CACHE_CONTROL, "no-store")], Html(text)).into_response();
        let removed = self.flash.as_ref().and_then(|_| Flash::remove_cookie(self.app.config.http.https));
        page.headers_mut().extend(removed.map(|cookie| (SET_COOKIE, cookie)));
        Ok(page)
    }

    /// Renders a page whose URL holds a token: browsers do not send that URL to other pages.
    pub fn render_secret(&self, template: &str, values: Value) -> PageResult {
        let referrer = [(REFERRER_POLICY, "no-referrer")];
        Ok((referrer, self.render(template, values)?).into_response())
    }

    /// Passes something to the page to which `redirect` leads.
    pub fn with_flash(&self, mut redirect: Response, flash: &Flash) -> Response {
        let cookie = flash.set_cookie(self.app.config.http.https);
        redirect.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
        redirect
    }

    /// Leads to the page at `path`, which says what was done, or shows at the form what can be corrected.
    pub fn answer(&self, path: &str, form: FormState, outcome: domain::Result<impl Into<String>>) -> PageResult {
        let flash = match outcome {
            Ok(done) => Flash::Notice(done.into()),
            Err(error) => Flash::Form(form.with_refusal(error)?),
        };
        Ok(self.with_flash(redirect(path), &flash))
    }

    /// The form with this id as it was submitted before a redirect, or an empty one.
    pub fn form(&self, id: &str) -> FormState {
        match &self.flash {
            Some(Flash::Form(form)) if form.id == id => form.clone(),
            _ => FormState::new(id),
        }
    }
}

/// What page handlers return.
pub type PageResult<T = Response> = Result<T, PageError>;
