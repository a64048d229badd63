use serde::Deserialize;

use crate::access::Admin;
use crate::domain::Error;
use crate::domain::syncs::{trigger_source, trigger_sync};
use crate::server::auth::next;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::{PageContext, PageResult, SignedIn};

#[derive(Deserialize)]
pub struct Chosen {
    /// Empty: everything that is due.
    #[serde(default)]
    source: String,
    /// The page to go back to.
    #[serde(default)]
    next: String,
}

/// `POST /admin/sync`
pub async fn submit_start(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(Chosen { source, next }): Form<Chosen>,
) -> PageResult {
    let app = &page.app;
    let publication = app.orchestrator.publication();
    let started = match source.as_str() {
        "" => trigger_sync(&app.store, &app.runner, &admin, Vec::new()).await,
        source => trigger_source(&app.store, &app.runner, &publication, &admin, source).await,
    };
    let text = match started {
        Ok(_) if source.is_empty() => "The sync of everything that is due is requested.".into(),
        Ok(_) => format!("The sync of {source} is requested."),
        Err(Error::Invalid(reason)) => format!("{reason}."),
        Err(error) => return Err(error.into()),
    };
    Ok(page.with_flash(redirect(next::safe(&next).as_deref().unwrap_or("/admin/sync")), &Flash::Notice(text)))
}
