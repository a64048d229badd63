//! The settings of the instance, section by section. A form has what it was shown with, so that only what was changed in it
//! is changed.

mod shown;
mod texts;
mod typed;

use std::collections::BTreeMap;

use minijinja::{Value, context};

use self::shown::{section_values, title};
use self::typed::{Sent, read};
use crate::access::Admin;
use crate::domain::Error;
use crate::domain::server_config::{
    ConfigSection, ServerConfigError, preview_server_config, show_server_config, update_server_config,
};
use crate::protocol::server_config::{ConfigChange, ServerConfigUpdated, UpdateServerConfig};
use crate::server::ApiError;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageError, PageResult, SignedIn};

const PATH: &str = "/admin/server-config";

/// `GET /admin/server-config`
pub async fn show_config(SignedIn(admin): SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    show(&page, &admin, &list, FormState::new(""), None).await
}

/// `POST /admin/server-config`: the form of one section.
pub async fn submit_config(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    list: Listing,
    Form(form): Form<BTreeMap<String, String>>,
) -> PageResult {
    let app = &page.app;
    let shown = show_server_config(&app.settings, &admin).await?;
    let name = form.get("section").map(String::as_str).unwrap_or_default();
    let Some(section) = shown.sections.iter().find(|section| section.name == name) else {
        return Err(ApiError::not_found("Section not found").into());
    };
    let sent = read(section, &form);
    if !sent.state.is_valid() {
        return show(&page, &admin, &list, sent.state, None).await;
    }
    if sent.patch.is_empty() {
        return Ok(page.with_flash(back_to(name), &Flash::Notice("Nothing was changed.".into())));
    }
    let sections = BTreeMap::from([(name.to_owned(), sent.patch.clone())]);
    if section.is_danger && !form.contains_key("confirm") {
        return match preview_server_config(&app.settings, &admin, sections).await {
            Ok(changes) => {
                let confirm = confirmation(section, &sent, &changes);
                show(&page, &admin, &list, sent.state, Some(confirm)).await
            }
            Err(error) => show(&page, &admin, &list, refused(sent.state, error)?, None).await,
        };
    }
    let request = UpdateServerConfig { sections, confirm_danger: section.is_danger };
    match update_server_config(&app.store, &app.settings, &admin, request).await {
        Ok(updated) => Ok(page.with_flash(back_to(name), &Flash::Notice(outcome(&updated)))),
        Err(error) => show(&page, &admin, &list, refused(sent.state, error)?, None).await,
    }
}

fn back_to(section: &str) -> axum::response::Response {
    redirect(&format!("{PATH}#{section}"))
}

/// What an admin can mend in the form, or by hand.
fn refused(state: FormState, error: ServerConfigError) -> Result<FormState, PageError> {
    match error {
        ServerConfigError::Other(error) => match *error {
            Error::Unprocessable(text) => Ok(state.with_message(&text)),
            error => state.with_refusal(error),
        },
        error @ (ServerConfigError::Corrupt { .. } | ServerConfigError::Source { .. }) => {
            Ok(state.with_message(&error.to_string()))
        }
    }
}

fn outcome(updated: &ServerConfigUpdated) -> String {
    let ServerConfigUpdated { diff_count, restart_reason, not_used, .. } = updated;
    let mut text = match diff_count {
        0 => return "Nothing was changed.".into(),
        1 => "1 setting is saved.".to_owned(),
        count => format!("{count} settings are saved."),
    };
    match restart_reason {
        Some(reason) => text.push_str(&format!(" {reason}.")),
        None if not_used.len() < *diff_count => text.push_str(" No restart is needed."),
        None => {}
    }
    if !not_used.is_empty() {
        text.push_str(&format!(" This version does not use {}.", not_used.join(", ")));
    }
    text
}

/// What is asked before a dangerous change. Secrets have to be typed again: they are never part of a page.
fn confirmation(section: &ConfigSection, sent: &Sent, changes: &[ConfigChange]) -> Value {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let rows: Vec<Value> = changes
        .iter()
        .map(|change| context! { path => &change.path, before => text(&change.before), after => text(&change.after) })
        .collect();
    let hidden: Vec<Value> = sent.fields.iter().map(|(name, value)| context! { name, value }).collect();
    context! { section => section.name, title => title(section.name), rows, hidden, secrets => &sent.secrets }
}

async fn show(
    page: &PageContext,
    admin: &Admin,
    list: &Listing,
    form: FormState,
    confirm: Option<Value>,
) -> PageResult {
    let shown = show_server_config(&page.app.settings, admin).await?;
    let sections: Vec<Value> =
        shown.sections.iter().filter_map(|section| section_values(section, list, &form)).collect();
    let list = list.values(sections.len(), &[], "");
    let failed = (!form.is_valid()).then(|| context! { name => &form.id, title => title(&form.id) });
    let (restart_pending, overlay_error) = (shown.restart_pending, shown.overlay_error);
    page.render("server_config.html", context! { sections, list, confirm, failed, restart_pending, overlay_error })
}
