//! Groups, for admins.

pub mod edit;
pub mod grants;
pub mod members;

use axum::response::Response;
use minijinja::{Value, context};
use serde::Deserialize;

use super::flash::Flash;
use super::form::FormState;
use super::listing::Listing;
use super::{PageContext, PageResult, SignedIn};
use crate::access::Admin;
use crate::base::time;
use crate::domain::Result;
use crate::domain::groups::{create_group, view};
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::store::Snapshot;
use crate::store::groups::{Group, personal};

const COLUMNS: &[(&str, &str)] =
    &[("name", "Name"), ("", "Origin"), ("members", "Members"), ("grants", "Grants"), ("created", "Created")];

/// What personal groups are shown as, instead of their origin.
const PERSONAL: &str = "personal";

/// `GET /admin/groups`
pub async fn show_groups(_: SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    show(&page, &list, FormState::new("group"))
}

#[derive(Deserialize)]
pub struct GroupForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
}

impl GroupForm {
    fn typed(&self) -> FormState {
        FormState::new("group").with_value("name", &self.name).with_value("description", &self.description)
    }
}

/// `POST /admin/groups`
pub async fn submit_group(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    list: Listing,
    Form(form): Form<GroupForm>,
) -> PageResult {
    let description = Some(form.description.trim().to_owned()).filter(|text| !text.is_empty());
    match create_group(&page.app.store, &admin, &form.name, description).await {
        Ok(id) => {
            let done = Flash::Notice("The group is added. Add members, and grant it tables.".into());
            Ok(page.with_flash(redirect(&format!("/admin/groups/{id}")), &done))
        }
        Err(error) => show(&page, &list, form.typed().with_refusal(error)?),
    }
}

fn show(page: &PageContext, list: &Listing, form: FormState) -> PageResult<Response> {
    let snapshot = page.app.store.snapshot();
    let mut groups = snapshot.groups.all();
    let shown = list.filter("origin");
    groups.retain(|group| {
        let origin = origin(&snapshot, group);
        shown.map_or(origin != PERSONAL, |shown| shown == origin)
            && list.matches(&[&view::label(&snapshot, group), group.description.as_deref().unwrap_or_default()])
    });
    let members = |group: &Group| snapshot.members.of_group(&group.id).len();
    let grants = |group: &Group| snapshot.grants.of_group(&group.id).len();
    list.sort(&mut groups, "name", |column, one, other| match column {
        "members" => members(one).cmp(&members(other)),
        "grants" => grants(one).cmp(&grants(other)),
        "created" => one.created_at.cmp(&other.created_at),
        _ => one.name.to_lowercase().cmp(&other.name.to_lowercase()),
    });
    let rows: Vec<Value> = list.page(&groups).iter().map(|group| values(&snapshot, group)).collect();
    let list = list.values(groups.len(), COLUMNS, "name");
    page.render("groups.html", context! { list, rows, form })
}

/// `system`, `google_sync`, `custom` or `personal`.
fn origin(snapshot: &Snapshot, group: &Group) -> &'static str {
    let is_personal = personal::owner_by_name(&group.name).is_some_and(|owner| snapshot.users.get(owner).is_some());
    if is_personal { PERSONAL } else { group.origin(&snapshot.google) }
}

/// What pages show of a group.
fn values(snapshot: &Snapshot, group: &Group) -> Value {
    context! {
        id => &group.id,
        name => view::label(snapshot, group),
        plain_name => &group.name,
        description => &group.description,
        origin => origin(snapshot, group),
        is_system => group.is_system,
        is_admin => snapshot.groups.admin_id() == Some(group.id.as_str()),
        is_google => group.is_google_managed(&snapshot.google),
        mapped_email => group.mapped_email(&snapshot.google),
        members => snapshot.members.of_group(&group.id).len(),
        grants => snapshot.grants.of_group(&group.id).len(),
        created_at => group.created_at.map(time::spaced),
        created_by => &group.created_by,
    }
}

/// The group of a page, by the id in its address.
fn group(snapshot: &Snapshot, id: &str) -> Result<Value> {
    view::existing(snapshot, id).map(|group| values(snapshot, group))
}
