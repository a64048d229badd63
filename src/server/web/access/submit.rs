use std::collections::BTreeMap;

use serde::Deserialize;

use super::{PATH, TABLE, is_granted_here};
use crate::access::Admin;
use crate::domain::grants::{Changed, GrantChange, change_grants, grantable};
use crate::domain::{Error, Result};
use crate::protocol::vocabulary::ResourceType;
use crate::server::auth::next;
use crate::server::http::extractors::Form;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// `POST /admin/access`: the rows of a page, where `id.N` was granted if there is `was.N`, and is to be if there is
/// `on.N`. Only what differs is changed, so that what somebody else has granted meanwhile stays.
///
/// The rows are resources of a `group` and a `type`, or groups of a `table`.
pub async fn submit_rows(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(form): Form<BTreeMap<String, String>>,
) -> PageResult {
    let given = |name: &str| form.get(name).cloned().unwrap_or_default();
    let rows = form.iter().filter_map(|(key, id)| Some((key.strip_prefix("id.")?, id)));
    let differing = rows.filter_map(|(number, id)| {
        let [was, on] = ["was", "on"].map(|name| form.contains_key(&format!("{name}.{number}")));
        (was != on).then(|| (id.clone(), on))
    });
    let changes = differing.map(|(id, granted)| match form.get(TABLE) {
        Some(table) => GrantChange {
            group_id: id,
            resource_type: ResourceType::Table.to_string(),
            resource_id: table.clone(),
            granted,
        },
        None => GrantChange { group_id: given("group"), resource_type: given("type"), resource_id: id, granted },
    });
    let outcome = change_grants(&page.app.store, &admin, changes.collect()).await;
    answer(&page, &given("back"), outcome)
}

#[derive(Deserialize)]
pub struct BlockForm {
    group: String,
    r#type: String,
    block: String,
    granted: bool,
    #[serde(default)]
    back: String,
}

/// `POST /admin/access/block`: grants or withdraws everything of a block.
pub async fn submit_block(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(form): Form<BlockForm>,
) -> PageResult {
    let BlockForm { group, r#type, block, granted, back } = form;
    let mut blocks = grantable(&page.app.store, &ResourceType::from(r#type.as_str())).await?.into_iter();
    let items = blocks.find(|known| known.id == block).ok_or_else(|| Error::not_found("It is gone"))?.items;
    let changes = items.into_iter().filter(is_granted_here).map(|item| GrantChange {
        group_id: group.clone(),
        resource_type: r#type.clone(),
        resource_id: item.resource_id,
        granted,
    });
    let outcome = change_grants(&page.app.store, &admin, changes.collect()).await;
    answer(&page, &back, outcome)
}

/// Leads back to where the form was.
fn answer(page: &PageContext, back: &str, outcome: Result<Changed>) -> PageResult {
    let back = next::safe(back).filter(|back| back.split('?').next() == Some(PATH));
    let done = outcome.map(|Changed { granted, revoked }| match (granted, revoked) {
        (0, 0) => "Nothing had to be changed.".to_owned(),
        (granted, 0) => format!("{granted} granted."),
        (0, revoked) => format!("{revoked} withdrawn."),
        (granted, revoked) => format!("{granted} granted, {revoked} withdrawn."),
    });
    page.answer(back.as_deref().unwrap_or(PATH), FormState::new("grants"), done)
}
