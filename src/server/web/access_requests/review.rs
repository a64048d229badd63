use minijinja::{Value, context};
use serde::Deserialize;

use super::{person, row};
use crate::access::Admin;
use crate::domain::Result;
use crate::domain::access_requests::{access_request, approve_access_request, deny_access_request};
use crate::domain::groups::view::{label, named_groups};
use crate::protocol::access::{AccessRequest, Review};
use crate::server::http::extractors::{Form, Path};
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult, SignedIn};
use crate::store::Snapshot;

const LIST: &str = "/admin/access-requests";

/// `GET /admin/access-requests/{id}`: what is asked for, and what follows from each decision.
pub async fn show_review(_: SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let request = access_request(&page.app.store, &id).await?;
    let values = context! {
        request => row(&snapshot, &request),
        groups => groups(&snapshot, &request),
        own => own(&snapshot, &request.user_id),
        form => page.form("review"),
    };
    page.render("access_request.html", values)
}

/// The groups that the table can be granted to, which the person joins: values and labels that say what follows.
fn groups(snapshot: &Snapshot, request: &AccessRequest) -> Vec<Vec<String>> {
    let table = snapshot.registry.get(&request.table_id).or_else(|| snapshot.registry.by_name(&request.table_id));
    let is_member = |group: &str| snapshot.members.of_user(&request.user_id).iter().any(|own| own.group_id == group);
    let possible = named_groups(snapshot).into_iter().filter(|group| {
        is_member(&group.id)
            || (snapshot.groups.admin_id() != Some(group.id.as_str()) && !group.is_google_managed(&snapshot.google))
    });
    let choice = |group: &crate::store::groups::Group| {
        let members = snapshot.members.of_group(&group.id).len();
        let has_it = table.is_some_and(|table| snapshot.grants.has_table(&group.id, &table.id));
        let reads = if has_it { "reads it already" } else { "gets it" };
        let joins = if is_member(&group.id) { "is a member" } else { "joins" };
        let people = if members == 1 { "member" } else { "members" };
        vec![group.id.clone(), format!("{} ({members} {people}): {reads}, the person {joins}", group.name)]
    };
    let alone = vec![String::new(), format!("Only {}", person(request))];
    std::iter::once(alone).chain(possible.map(choice)).collect()
}

/// The groups that the person is in.
fn own(snapshot: &Snapshot, user_id: &str) -> Vec<Value> {
    let groups = snapshot.members.of_user(user_id).iter().filter_map(|own| snapshot.groups.get(&own.group_id));
    groups.map(|group| context! { id => &group.id, name => label(snapshot, group) }).collect()
}

#[derive(Deserialize)]
pub struct ReviewForm {
    /// Empty: the person alone.
    #[serde(default)]
    group: String,
    #[serde(default)]
    note: String,
}

impl ReviewForm {
    fn review(&self) -> Review {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Review { group_id: given(&self.group), note: given(&self.note) }
    }
}

/// `POST /admin/access-requests/{id}/approve`
pub async fn submit_approve(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<ReviewForm>,
) -> PageResult {
    let outcome = approve_access_request(&page.app.store, &admin, &id, form.review()).await;
    answer(&page, &id, &form, outcome, "Approved")
}

/// `POST /admin/access-requests/{id}/deny`
pub async fn submit_deny(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<ReviewForm>,
) -> PageResult {
    let outcome = deny_access_request(&page.app.store, &admin, &id, form.review()).await;
    answer(&page, &id, &form, outcome, "Denied")
}

fn answer(page: &PageContext, id: &str, form: &ReviewForm, outcome: Result<AccessRequest>, done: &str) -> PageResult {
    match outcome {
        Ok(request) => {
            let text = format!("{done}: {} for {}.", request.table_id, person(&request));
            let done = Flash::Notice(text);
            Ok(page.with_flash(redirect(LIST), &done))
        }
        Err(error) => {
            let typed = FormState::new("review").with_value("group", &form.group).with_value("note", &form.note);
            page.answer(&format!("{LIST}/{id}"), typed, Err::<String, _>(error))
        }
    }
}
