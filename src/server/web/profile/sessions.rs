use serde::Deserialize;

use crate::access::Interactive;
use crate::domain::Error;
use crate::domain::sessions::{end_other_sessions, end_own_session};
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::{PageContext, PageResult, SignedIn};

#[derive(Deserialize)]
pub struct ChosenSession {
    id: String,
}

/// `POST /profile/sessions/end`
pub async fn submit_end(
    SignedIn(person): SignedIn<Interactive>,
    page: PageContext,
    Form(form): Form<ChosenSession>,
) -> PageResult {
    match end_own_session(&page.app.store, &person, form.id).await {
        // It has ended in the meantime.
        Ok(()) | Err(Error::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(page.with_flash(redirect("/profile"), &Flash::Notice("The session has ended.".into())))
}

/// `POST /profile/sessions/end-others`
pub async fn submit_end_others(SignedIn(person): SignedIn<Interactive>, page: PageContext) -> PageResult {
    let ended = end_other_sessions(&page.app.store, &person).await?.ended;
    let text = format!("{ended} {} ended.", if ended == 1 { "session has" } else { "sessions have" });
    Ok(page.with_flash(redirect("/profile"), &Flash::Notice(text)))
}
