use minijinja::{Value, context};
use serde::Deserialize;

use super::group;
use crate::access::Admin;
use crate::domain::grants::{revoke_grant, view};
use crate::protocol::access::Grant;
use crate::protocol::vocabulary::ResourceType;
use crate::server::http::extractors::{Form, Path};
use crate::server::web::form::FormState;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};
use crate::store::Snapshot;

const COLUMNS: &[(&str, &str)] =
    &[("name", "Resource"), ("type", "Type"), ("granted", "Granted"), ("by", "By"), ("", "")];

/// `GET /admin/groups/{id}/grants`
pub async fn show_grants(_: SignedIn<Admin>, page: PageContext, list: Listing, Path(id): Path<String>) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let group = group(&snapshot, &id)?;
    let mut grants = view::grants(&snapshot, Some(&id), None)?;
    grants.retain(|grant| {
        list.filter("type").is_none_or(|shown| shown == grant.resource_type)
            && list.matches(&[&grant.resource_id, name(&snapshot, grant).unwrap_or_default()])
    });
    list.sort(&mut grants, "name", |column, one, other| match column {
        "type" => one.resource_type.cmp(&other.resource_type),
        "granted" => one.assigned_at.cmp(&other.assigned_at),
        "by" => one.assigned_by.cmp(&other.assigned_by),
        _ => name(&snapshot, one).cmp(&name(&snapshot, other)),
    });
    let row = |grant: &Grant| {
        context! {
            id => &grant.id,
            name => name(&snapshot, grant),
            resource_id => &grant.resource_id,
            kind => ResourceType::from(grant.resource_type.as_str()).info().display_name,
            assigned_at => &grant.assigned_at,
            assigned_by => &grant.assigned_by,
        }
    };
    let rows: Vec<Value> = list.page(&grants).iter().map(row).collect();
    let types = view::resource_types().into_iter().map(|kind| vec![kind.key, kind.display_name]);
    let types: Vec<_> = types.collect();
    let list = list.values(grants.len(), COLUMNS, "name");
    page.render("group_grants.html", context! { group, list, rows, types, form => page.form("grants") })
}

fn name<'a>(snapshot: &'a Snapshot, grant: &'a Grant) -> Option<&'a str> {
    view::resource_name(snapshot, &ResourceType::from(grant.resource_type.as_str()), &grant.resource_id)
}

#[derive(Deserialize)]
pub struct ChosenGrant {
    id: String,
}

/// `POST /admin/groups/{id}/grants/revoke`
pub async fn submit_revoke(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<ChosenGrant>,
) -> PageResult {
    let outcome = revoke_grant(&page.app.store, &admin, &form.id).await;
    let done = outcome.map(|()| "The grant is withdrawn.");
    page.answer(&format!("/admin/groups/{id}/grants"), FormState::new("grants"), done)
}
