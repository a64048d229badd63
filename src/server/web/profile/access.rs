use minijinja::{Value, context};

use crate::access::is_admin;
use crate::domain::grants::reach::{Reached, reach};
use crate::domain::groups::view::memberships;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

const COLUMNS: &[(&str, &str)] = &[("name", "Resource"), ("type", "Type"), ("", "Through")];

/// `GET /profile/access`: what the visitor may read, and why.
pub async fn show_access(SignedIn(person): SignedIn, page: PageContext, list: Listing) -> PageResult {
    let (snapshot, publication) = (page.app.store.snapshot(), page.app.orchestrator.publication());
    let id = &person.user().id;
    let groups = memberships(&snapshot, id)?;
    let groups: Vec<Value> = groups
        .iter()
        .map(|member| context! { name => &member.group_name, origin => &member.origin, added_at => &member.added_at })
        .collect();
    let mut items = reach(&snapshot, &publication, id)?;
    items.retain(|item| item.is_open && list.matches(&[&item.name, &item.id]));
    list.sort(&mut items, "name", |column, one, other| match column {
        "type" => (&one.resource_type, &one.name).cmp(&(&other.resource_type, &other.name)),
        _ => one.name.to_lowercase().cmp(&other.name.to_lowercase()),
    });
    let rows: Vec<Value> = list.page(&items).iter().map(row).collect();
    let list = list.values(items.len(), COLUMNS, "name");
    page.render("own_access.html", context! { list, rows, groups, is_admin => is_admin(&snapshot, id) })
}

fn row(item: &Reached) -> Value {
    let groups: Vec<&str> = item.via_groups.iter().map(|via| via.group_name.as_str()).collect();
    context! { name => &item.name, kind => item.resource_type.info().display_name, groups => groups.join(", ") }
}
