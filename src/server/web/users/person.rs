use jiff::Timestamp;
use minijinja::{Value, context};

use super::groups;
use crate::access::Admin;
use crate::base::time;
use crate::domain::accounts::view;
use crate::domain::rules::is_service_account;
use crate::domain::second_factor::SecondFactors;
use crate::domain::sessions::sessions_of;
use crate::protocol::sessions::Session;
use crate::server::http::extractors::Path;
use crate::server::web::{PageContext, PageResult, SignedIn};
use crate::store::Snapshot;

/// The forms of the page.
const FORMS: [&str; 4] = ["name", "account", "password", "groups"];

/// `GET /admin/users/{id}`
pub async fn show_person(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    show(&page, &admin, &id, None)
}

/// The page, with a link for choosing a password if one was made.
pub(super) fn show(page: &PageContext, admin: &Admin, id: &str, reset: Option<Value>) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let (user, stored) = (view::user(&snapshot, id)?, view::existing(&snapshot, id)?);
    let sessions = sessions_of(&snapshot, page.app.authenticator.sessions(), admin, id)?;
    let (memberships, addable) = groups::values(&snapshot, id)?;
    let values = context! {
        account => context! {
            id, email => user.email, name => user.name, active => user.active, created_at => user.created_at,
            deactivated_at => user.deactivated_at, last_login_at => stored.last_login_at.map(time::spaced),
            is_admin => user.is_admin, is_sso => user.is_sso_user, is_service => is_service_account(&stored.email),
            is_self => admin.user().id == id, has_password => stored.password_hash.is_some(),
            has_factor => SecondFactors::is_enabled(&snapshot, id),
        },
        owns => owns(&snapshot, id),
        memberships,
        addable,
        sessions => sessions.iter().map(session).collect::<Vec<Value>>(),
        forms => Value::from_pairs(FORMS.map(|form| (form, page.form(form)))),
        reset,
    };
    page.render_secret("user.html", values)
}

/// How much is deleted with a person.
fn owns(snapshot: &Snapshot, id: &str) -> Value {
    let now = Timestamp::now();
    let is_valid = |at: Option<Timestamp>| at.is_none_or(|at| at > now);
    let tokens = snapshot.tokens.values().filter(|token| token.user_id == id && !token.is_revoked);
    let queries: Vec<_> = snapshot.saved_queries.of_owner(id).collect();
    let groups = snapshot.groups.all();
    let is_shared = |query: &str| groups.iter().any(|group| snapshot.grants.has_saved_query(&group.id, query));
    let shared = queries.iter().filter(|query| is_shared(&query.id)).count();
    context! {
        tokens => tokens.filter(|token| is_valid(token.expires_at)).count(),
        shared_queries => shared,
        own_queries => queries.len() - shared,
    }
}

fn session(session: &Session) -> Value {
    let Session { id, is_current, method, created_at, last_used_at, last_used_ip, user_agent, .. } = session;
    context! { id, is_current => *is_current, method, created_at, last_used_at, last_used_ip, user_agent }
}
