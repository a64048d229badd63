//! Asking for access to tables.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;

use crate::access::Principal;
use crate::domain::access_requests::{create_access_request, list_own_access_requests};
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// `GET /access-requests`; `?table_id=` fills in the form.
pub async fn show_requests(SignedIn(person): SignedIn, page: PageContext, list: Listing) -> PageResult {
    let form = FormState::new("request").with_value("table_id", list.filter("table_id").unwrap_or_default());
    show(&page, &person, form).await
}

#[derive(Deserialize)]
pub struct RequestForm {
    #[serde(default)]
    table_id: String,
    #[serde(default)]
    reason: String,
}

/// `POST /access-requests`
pub async fn submit_request(
    SignedIn(person): SignedIn,
    page: PageContext,
    Form(form): Form<RequestForm>,
) -> PageResult {
    match create_access_request(&page.app.store, &person, &form.table_id, &form.reason).await {
        Ok(_) => {
            let text = "The admins have your request. What they decide is shown here.";
            Ok(page.with_flash(redirect("/access-requests"), &Flash::Notice(text.into())))
        }
        Err(error) => {
            let typed =
                FormState::new("request").with_value("table_id", &form.table_id).with_value("reason", &form.reason);
            show(&page, &person, typed.with_refusal(error)?).await
        }
    }
}

async fn show(page: &PageContext, person: &Principal, form: FormState) -> PageResult {
    let requests = list_own_access_requests(&page.app.store, person).await?.requests;
    let rows: Vec<Value> = requests.into_iter().map(|request| Value::from(Serde(request))).collect();
    page.render("access_requests.html", context! { rows, form })
}
