use serde::Deserialize;

use crate::access::Admin;
use crate::domain::server_config::{ServerConfigError, configure};
use crate::protocol::server_config::Configure;
use crate::protocol::vocabulary::SourceType;
use crate::server::ApiError;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult, SignedIn};

#[derive(Deserialize)]
pub struct KeboolaForm {
    #[serde(default)]
    keboola_url: String,
    #[serde(default)]
    keboola_token: String,
}

/// `POST /first-time-setup/source`: tries the connection, and leads to the tables that are there.
pub async fn submit_source(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(form): Form<KeboolaForm>,
) -> PageResult {
    let _turn = page.app.people.surveys.take(&admin.user().id)?;
    let typed = FormState::new(SourceType::KEBOOLA.as_str()).with_value("keboola_url", &form.keboola_url);
    let request = Configure {
        data_source: SourceType::KEBOOLA.into(),
        keboola_url: Some(form.keboola_url),
        keboola_token: Some(form.keboola_token),
        ..Configure::default()
    };
    match configure(&page.app.store, &page.app.settings, &admin, request).await {
        Ok(configured) => {
            let mut text = "Keboola is connected. Choose the tables that people are to read.".to_owned();
            if !configured.overridden_by.is_empty() {
                let names = configured.overridden_by.join(", ");
                text += &format!(" The environment of the server sets {names}, which wins over what you have entered.");
            }
            let tables = format!("/admin/discover-tables?source={}&next={}", SourceType::KEBOOLA, super::PATH);
            Ok(page.with_flash(redirect(&tables), &Flash::Notice(text)))
        }
        Err(ServerConfigError::Source { field, reason }) => {
            // The field says whose value it is.
            let reason = reason.trim_start_matches(&format!("Invalid {field}: "));
            Ok(page.with_flash(redirect(super::PATH), &Flash::Form(typed.with_error(field, reason))))
        }
        Err(ServerConfigError::Other(error)) => {
            Ok(page.with_flash(redirect(super::PATH), &Flash::Form(typed.with_refusal(*error)?)))
        }
        Err(error) => Err(ApiError::from(error).into()),
    }
}
