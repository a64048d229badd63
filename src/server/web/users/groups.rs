//! The groups of one person.

use minijinja::{Value, context};
use serde::Deserialize;

use crate::access::Admin;
use crate::domain::grants::view::granted_only_by;
use crate::domain::groups::{About, add_membership, remove_member, view};
use crate::domain::{Error, Result};
use crate::server::http::extractors::{Form, Path};
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult, SignedIn};
use crate::store::Snapshot;

/// The groups that a person is in, and those that they can be added to.
pub(super) fn values(snapshot: &Snapshot, user_id: &str) -> Result<(Vec<Value>, Vec<Value>)> {
    let memberships = view::memberships(snapshot, user_id)?;
    let rows = memberships.iter().map(|member| {
        let group = view::existing(snapshot, &member.group_id)?;
        Ok(context! {
            id => &group.id,
            name => view::label(snapshot, group),
            origin => &member.origin,
            grants => snapshot.grants.of_group(&group.id).len(),
            lost => granted_only_by(snapshot, user_id, &group.id),
            is_admin => snapshot.groups.admin_id() == Some(group.id.as_str()),
            fixed => view::fixed(snapshot, user_id, group, &member.source),
            added_at => &member.added_at,
            added_by => &member.added_by,
        })
    });
    let is_member = |id: &str| memberships.iter().any(|member| member.group_id == id);
    let addable = view::named_groups(snapshot).into_iter();
    let addable = addable.filter(|group| !is_member(&group.id) && !group.is_google_managed(&snapshot.google));
    let addable = addable.map(|group| Value::from(vec![group.id.clone(), group.name.clone()]));
    Ok((rows.collect::<Result<_>>()?, addable.collect()))
}

#[derive(Deserialize)]
pub struct ChosenGroup {
    #[serde(default)]
    group: String,
}

/// `POST /admin/users/{id}/groups`
pub async fn submit_join(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<ChosenGroup>,
) -> PageResult {
    let outcome = match form.group.as_str() {
        "" => Err(Error::field("group", "choose a group", "")),
        group => add_membership(&page.app.store, &admin, &id, group).await,
    };
    page.answer(&format!("/admin/users/{id}"), FormState::new("groups"), outcome.map(|()| "Added to the group."))
}

/// `POST /admin/users/{id}/groups/remove`
pub async fn submit_leave(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<ChosenGroup>,
) -> PageResult {
    let outcome = remove_member(&page.app.store, &admin, &form.group, &id, About::User).await;
    page.answer(&format!("/admin/users/{id}"), FormState::new("groups"), outcome.map(|()| "Removed from the group."))
}
