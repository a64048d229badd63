use minijinja::{Value, context};
use serde::Deserialize;

use super::group;
use crate::access::Admin;
use crate::domain::Error;
use crate::domain::groups::{About, add_member, remove_member, view};
use crate::protocol::access::Member;
use crate::server::http::extractors::{Form, Path};
use crate::server::web::form::FormState;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

const COLUMNS: &[(&str, &str)] = &[("email", "Email"), ("name", "Name"), ("", "State"), ("added", "Added"), ("", "")];

/// `GET /admin/groups/{id}`: the group and its members.
pub async fn show_members(_: SignedIn<Admin>, page: PageContext, list: Listing, Path(id): Path<String>) -> PageResult {
    show(&page, &list, &id, FormState::new("group"))
}

/// The page, where `form` is the one for name and description.
pub(super) fn show(page: &PageContext, list: &Listing, id: &str, form: FormState) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let stored = view::existing(&snapshot, id)?;
    let mut members = view::members(&snapshot, id)?;
    members.retain(|member| list.matches(&[&member.email, member.name.as_deref().unwrap_or_default()]));
    list.sort(&mut members, "email", |column, one, other| match column {
        "name" => one.name.cmp(&other.name),
        "added" => one.added_at.cmp(&other.added_at),
        _ => one.email.to_lowercase().cmp(&other.email.to_lowercase()),
    });
    let row = |member: &Member| {
        let Member { user_id, email, name, active, source, added_at, added_by } = member;
        let fixed = view::fixed(&snapshot, user_id, stored, source);
        context! { id => user_id, email, name, active => *active, added_at, added_by, fixed }
    };
    let rows: Vec<Value> = list.page(&members).iter().map(row).collect();
    let list = list.values(members.len(), COLUMNS, "email");
    let (group, joining) = (group(&snapshot, id)?, page.form("members"));
    // What an edit that was refused has typed wins.
    let form = match form.is_valid() {
        true => {
            let description = stored.description.as_deref().unwrap_or_default();
            form.with_value("name", &stored.name).with_value("description", description)
        }
        false => form,
    };
    page.render("group.html", context! { group, list, rows, form, joining })
}

#[derive(Deserialize)]
pub struct MemberForm {
    #[serde(default)]
    email: String,
}

/// `POST /admin/groups/{id}/members`
pub async fn submit_member(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<MemberForm>,
) -> PageResult {
    view::existing(&page.app.store.snapshot(), &id)?;
    let typed = FormState::new("members").with_value("email", &form.email);
    let outcome = match add_member(&page.app.store, &admin, &id, &form.email).await {
        Err(Error::NotFound(text)) => Err(Error::field("email", text, form.email)),
        outcome => outcome,
    };
    page.answer(&format!("/admin/groups/{id}"), typed, outcome.map(|_| "The member is added."))
}

#[derive(Deserialize)]
pub struct ChosenMember {
    id: String,
}

/// `POST /admin/groups/{id}/members/remove`
pub async fn submit_remove(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<ChosenMember>,
) -> PageResult {
    let outcome = remove_member(&page.app.store, &admin, &id, &form.id, About::Group).await;
    let done = outcome.map(|()| "The member is removed.");
    page.answer(&format!("/admin/groups/{id}"), FormState::new("members"), done)
}
