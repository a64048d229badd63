use super::{GroupForm, members};
use crate::access::Admin;
use crate::domain::groups::{delete_group, update_group};
use crate::server::http::extractors::{Form, Path};
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// `POST /admin/groups/{id}`: another name and description.
pub async fn submit_edit(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    list: Listing,
    Path(id): Path<String>,
    Form(form): Form<GroupForm>,
) -> PageResult {
    let (typed, name) = (form.typed(), Some(form.name).filter(|name| !name.is_empty()));
    match update_group(&page.app.store, &admin, &id, name, Some(form.description)).await {
        Ok(()) => {
            let done = Flash::Notice("The group is changed.".into());
            Ok(page.with_flash(redirect(&format!("/admin/groups/{id}")), &done))
        }
        Err(error) => members::show(&page, &list, &id, typed.with_refusal(error)?),
    }
}

/// `POST /admin/groups/{id}/delete`
pub async fn submit_delete(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    match delete_group(&page.app.store, &admin, &id).await {
        Ok(()) => Ok(page.with_flash(redirect("/admin/groups"), &Flash::Notice("The group is deleted.".into()))),
        Err(error) => page.answer(&format!("/admin/groups/{id}"), FormState::new("members"), Err::<String, _>(error)),
    }
}
