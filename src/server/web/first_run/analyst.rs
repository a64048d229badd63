use std::collections::BTreeMap;

use minijinja::context;
use serde::Deserialize;

use super::steps;
use crate::access::Admin;
use crate::domain::newcomers::Newcomer;
use crate::server::auth::accounts;
use crate::server::http::extractors::Form;
use crate::server::web::form::{FormState, ticked_tables};
use crate::server::web::{PageContext, PageResult, SignedIn, users};

#[derive(Deserialize)]
pub struct AnalystForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    group: String,
    /// `all` or `some` tables.
    #[serde(default)]
    scope: String,
    /// See [`ticked_tables`].
    #[serde(flatten)]
    tables: BTreeMap<String, String>,
}

/// `POST /first-time-setup/analyst`: adds somebody who may read tables, and shows the link of the invitation, this once.
pub async fn submit_analyst(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(form): Form<AnalystForm>,
) -> PageResult {
    let AnalystForm { email, name, group, scope, tables } = form;
    let fields = [("email", &email), ("name", &name), ("group", &group), ("scope", &scope)];
    let typed =
        fields.into_iter().fold(FormState::new("analyst"), |typed, (field, value)| typed.with_value(field, value));
    let typed = tables.keys().fold(typed, |typed, field| typed.with_value(field, "on"));
    let chosen: Vec<String> = ticked_tables(&tables).collect();
    let tables = match scope.as_str() {
        // Whoever has ticked some may have meant those.
        "all" if chosen.is_empty() => {
            let (snapshot, publication) = (page.app.store.snapshot(), page.app.orchestrator.publication());
            steps::readable(&snapshot, &publication).iter().map(|table| table.id.clone()).collect()
        }
        "all" => {
            let text = "Choose either all tables or the ones that you have ticked";
            return steps::show(&page, &admin, typed.with_error("tables", text), None).await;
        }
        _ => chosen,
    };
    match accounts::welcome(&page.app, &admin, &page.caller, Newcomer { email, name, group, tables }).await {
        Ok(user) => {
            let link = user.invite_url.map(|link| users::shown_link(&page, link));
            let invited = context! { id => user.id, email => user.email, link, is_sent => user.invite_email_sent };
            steps::show(&page, &admin, FormState::new("analyst"), Some(invited)).await
        }
        Err(error) => steps::show(&page, &admin, typed.with_answer("email", error)?, None).await,
    }
}
