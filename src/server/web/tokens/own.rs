use axum::response::Response;
use minijinja::{Value, context};
use serde::Deserialize;

use super::{ChosenToken, State, compare, is_shown};
use crate::access::{Interactive, Principal};
use crate::base::time;
use crate::domain::tokens::{create_token, revoke_token, view};
use crate::protocol::tokens::{CreateToken, CreatedToken, Token};
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::services::rate_limits::Rule;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

const COLUMNS: &[(&str, &str)] =
    &[("name", "Name"), ("", "State"), ("created", "Created"), ("used", "Last used"), ("expires", "Expires"), ("", "")];

/// `GET /tokens`
pub async fn show_tokens(SignedIn(person): SignedIn, page: PageContext, list: Listing) -> PageResult {
    show(&page, &person, &list, FormState::new("token"), None).await
}

#[derive(Deserialize)]
pub struct TokenForm {
    #[serde(default)]
    name: String,
    /// A number, or `never`.
    #[serde(default)]
    days: String,
    #[serde(default)]
    scope: String,
}

/// `POST /tokens`: shows the new token, this once.
pub async fn submit_token(
    SignedIn(person): SignedIn<Interactive>,
    page: PageContext,
    list: Listing,
    Form(form): Form<TokenForm>,
) -> PageResult {
    page.admit(Rule { path: "/auth/tokens", per_minute: 30 })?;
    let typed = FormState::new("token").with_value("name", &form.name);
    let request =
        CreateToken { name: form.name, expires_in_days: form.days.parse().ok(), ttl_seconds: None, scope: form.scope };
    match create_token(&page.app.store, &page.app.authenticator.keys(), &person, &request).await {
        Ok(created) => show(&page, &person, &list, FormState::new("token"), Some(created)).await,
        Err(error) => show(&page, &person, &list, typed.with_refusal(error)?, None).await,
    }
}

/// `POST /tokens/revoke`
pub async fn submit_revoke(SignedIn(person): SignedIn, page: PageContext, Form(form): Form<ChosenToken>) -> PageResult {
    revoke_token(&page.app.store, &person, form.id).await?;
    Ok(page.with_flash(redirect("/tokens"), &Flash::Notice("The token is revoked.".into())))
}

async fn show(
    page: &PageContext,
    person: &Principal,
    list: &Listing,
    form: FormState,
    created: Option<CreatedToken>,
) -> PageResult<Response> {
    let tokens = view::own_tokens(&page.app.store, person, |id| page.app.token_uses.last(id)).await?;
    let now = time::now();
    let mut tokens: Vec<Token> = tokens
        .into_iter()
        .filter(|token| list.matches(&[&token.name, &token.prefix]))
        .filter(|token| is_shown(list, token, now))
        .collect();
    list.sort(&mut tokens, "-created", compare);
    let rows: Vec<Value> = list.page(&tokens).iter().map(|token| row(token, State::of(token, now))).collect();
    let created = created.map(|created| context! { name => created.name, token => created.token });
    let list = list.values(tokens.len(), COLUMNS, "-created");
    page.render_secret("tokens.html", context! { list, rows, form, created })
}

fn row(token: &Token, state: State) -> Value {
    let Token { id, name, prefix, created_at, last_used_at, expires_at, .. } = token;
    let (kind, can_be_revoked) = (state.kind(), state.can_be_revoked());
    context! { id, name, prefix, created_at, last_used_at, expires_at, state => state.to_string(), kind, can_be_revoked }
}
