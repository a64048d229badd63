use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Value, context};

use super::flash::Flash;
use super::form::FormState;
use super::{PageError, templates};
use crate::access::Principal;
use crate::server::http::extractors::principal::MaybePrincipal;
use crate::server::http::session::redirect;
use crate::server::{ApiError, App, AppState};

/// Links in the header of pages for people who are signed in: path and label.
const NAVIGATION: [(&str, &str); 1] = [("/dashboard", "Dashboard")];

/// What every page shows around its own content. Handlers take it as an argument and end with [`PageContext::render`].
pub struct PageContext {
    pub app: AppState,
    /// The visitor, if signed in.
    pub person: Option<Principal>,
    path: String,
    flash: Option<Flash>,
}

impl FromRequestParts<AppState> for PageContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        let person =
            MaybePrincipal::from_request_parts(parts, app).await.ok().and_then(|MaybePrincipal(person)| person);
        let flash = Flash::read(&parts.headers);
        Ok(Self { app: app.clone(), person, path: parts.uri.path().to_owned(), flash })
    }
}

impl PageContext {
    /// Renders a template that extends `base.html`.
    pub fn render(&self, template: &str, values: Value) -> PageResult {
        let person = self.person.as_ref().map(|person| {
            let user = person.user();
            let name = user.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&user.email);
            context! { name, email => &user.email, is_admin => person.is_admin() }
        });
        let navigation = NAVIGATION.map(|(path, label)| context! { path, label, is_current => path == self.path });
        let flash = match &self.flash {
            Some(Flash::Notice(text)) => text,
            _ => "",
        };
        let instance_name = &self.app.config.instance.instance.name;
        let values = context! { instance_name, person, navigation, flash, ..values };
        let text = templates::render(template, values).map_err(ApiError::internal)?;
        // It may contain personal data.
        let page = Page(Html(text).into_response()).with(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let removed = self.flash.as_ref().and_then(|_| Flash::remove_cookie(self.app.config.http.https));
        Ok(removed.into_iter().fold(page, |page, cookie| page.with(SET_COOKIE, cookie)))
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
pub type PageResult = Result<Page, PageError>;

/// A page, or a redirect to one.
pub struct Page(Response);

impl Page {
    /// Leads to a path of this server, which is plain ASCII.
    pub fn redirect(path: &str) -> Self {
        Self(redirect(path))
    }

    /// For pages whose URL holds a token: browsers do not send that URL to other pages.
    pub fn secret(self) -> Self {
        self.with(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
    }

    /// Passes something to the page to which this redirect leads.
    pub fn with_flash(self, app: &App, flash: &Flash) -> Self {
        flash.set_cookie(app.config.http.https).into_iter().fold(self, |page, cookie| page.with(SET_COOKIE, cookie))
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().append(name, value);
        self
    }
}

impl From<Response> for Page {
    fn from(response: Response) -> Self {
        Self(response)
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        self.0
    }
}
