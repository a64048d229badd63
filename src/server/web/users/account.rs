use serde::Deserialize;

use crate::access::Admin;
use crate::domain::accounts::{delete_user, update_user};
use crate::server::http::extractors::{Form, Path};
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult, SignedIn};

#[derive(Deserialize)]
pub struct NameForm {
    #[serde(default)]
    name: String,
}

/// `POST /admin/users/{id}/name`
pub async fn submit_name(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<NameForm>,
) -> PageResult {
    let typed = FormState::new("name").with_value("name", &form.name);
    let outcome = update_user(&page.app.store, &admin, &id, Some(&form.name), None).await;
    page.answer(&format!("/admin/users/{id}"), typed, outcome.map(|()| "The name is changed."))
}

#[derive(Deserialize)]
pub struct ActiveForm {
    active: bool,
}

/// `POST /admin/users/{id}/active`
pub async fn submit_active(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<ActiveForm>,
) -> PageResult {
    let outcome = update_user(&page.app.store, &admin, &id, None, Some(form.active)).await;
    let done = match form.active {
        true => "The account is active again.",
        false => "The account is deactivated. Its sessions and tokens have ended.",
    };
    page.answer(&format!("/admin/users/{id}"), FormState::new("account"), outcome.map(|()| done))
}

/// `POST /admin/users/{id}/delete`
pub async fn submit_delete(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    match delete_user(&page.app.store, &page.app.runner, &admin, &id).await {
        Ok(()) => Ok(page.with_flash(redirect("/admin/users"), &Flash::Notice("The user is deleted.".into()))),
        Err(error) => page.answer(&format!("/admin/users/{id}"), FormState::new("account"), Err::<String, _>(error)),
    }
}
