//! Accounts, for admins.

pub mod access;
pub mod account;
pub mod credentials;
pub mod groups;
pub mod person;

use axum::response::Response;
use minijinja::{Value, context};
use serde::Deserialize;

use super::flash::Flash;
use super::form::FormState;
use super::listing::Listing;
use super::{PageContext, PageResult, SignedIn};
use crate::access::{Admin, is_admin};
use crate::base::time;
use crate::domain::accounts::view;
use crate::domain::groups::view::named_groups;
use crate::protocol::users::CreateUser;
use crate::server::auth::accounts;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::store::Snapshot;
use crate::store::groups::personal;
use crate::store::users::User;

const COLUMNS: &[(&str, &str)] = &[
    ("email", "Email"),
    ("name", "Name"),
    ("", "Groups"),
    ("", "State"),
    ("signed-in", "Last sign-in"),
    ("created", "Created"),
];

/// Groups of a person beyond these are counted.
const SHOWN_GROUPS: usize = 4;

/// `GET /admin/users`
pub async fn show_users(_: SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    show(&page, &list, FormState::new("user"), None)
}

#[derive(Deserialize)]
pub struct UserForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    /// A checkbox.
    invite: Option<String>,
}

/// `POST /admin/users`: adds a user, and shows the link of the invitation, this once.
pub async fn submit_user(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    list: Listing,
    Form(form): Form<UserForm>,
) -> PageResult {
    let typed = FormState::new("user").with_value("email", &form.email).with_value("name", &form.name);
    let request = CreateUser { email: form.email, name: form.name, send_invite: form.invite.is_some() };
    match accounts::create(&page.app, &admin, &page.caller, request).await {
        Ok(user) => match user.invite_url {
            Some(link) => {
                let link = shown_link(&page, link);
                let invited = context! { id => user.id, email => user.email, link, is_sent => user.invite_email_sent };
                show(&page, &list, FormState::new("user"), Some(invited))
            }
            None => {
                let done = Flash::Notice("The user is added. Add groups, and a way to sign in.".into());
                Ok(page.with_flash(redirect(&format!("/admin/users/{}", user.id)), &done))
            }
        },
        Err(error) => show(&page, &list, typed.with_answer("email", error)?, None),
    }
}

/// A link for somebody else: as the admin reached this server, if the server does not know its own address.
pub(super) fn shown_link(page: &PageContext, link: String) -> String {
    if link.starts_with('/') { format!("{}{link}", page.caller.base_url) } else { link }
}

fn show(page: &PageContext, list: &Listing, form: FormState, invited: Option<Value>) -> PageResult<Response> {
    let snapshot = page.app.store.snapshot();
    let mut users = snapshot.users.all();
    let counts = context! {
        all => users.len(),
        admins => users.iter().filter(|user| user.active && is_admin(&snapshot, &user.id)).count(),
        deactivated => users.iter().filter(|user| !user.active).count(),
        never => users.iter().filter(|user| user.last_login_at.is_none()).count(),
    };
    let is_in =
        |user: &User, group: &str| snapshot.members.of_user(&user.id).iter().any(|member| member.group_id == group);
    users.retain(|user| {
        list.matches(&[&user.email, user.name.as_deref().unwrap_or_default()])
            && list.filter("group").is_none_or(|group| is_in(user, group))
            && list.filter("state").is_none_or(|state| match state {
                "active" => user.active,
                "deactivated" => !user.active,
                "never" => user.last_login_at.is_none(),
                _ => false,
            })
    });
    let name = |user: &User| user.name.as_deref().unwrap_or_default().to_lowercase();
    list.sort(&mut users, "email", |column, one, other| match column {
        "name" => name(one).cmp(&name(other)),
        "signed-in" => one.last_login_at.cmp(&other.last_login_at),
        "created" => one.created_at.cmp(&other.created_at),
        _ => one.email.to_lowercase().cmp(&other.email.to_lowercase()),
    });
    let rows = list.page(&users).iter().map(|user| row(&snapshot, user));
    let rows = rows.collect::<Result<Vec<Value>, _>>()?;
    let groups = named_groups(&snapshot);
    let groups: Vec<_> = groups.iter().map(|group| vec![group.id.clone(), group.name.clone()]).collect();
    let list = list.values(users.len(), COLUMNS, "email");
    page.render_secret("users.html", context! { list, rows, counts, groups, form, invited })
}

fn row(snapshot: &Snapshot, user: &User) -> Result<Value, crate::domain::Error> {
    let mut body = view::user(snapshot, &user.id)?;
    body.groups.retain(|group| personal::owner_by_name(&group.name).is_none());
    let more = body.groups.len().saturating_sub(SHOWN_GROUPS);
    let groups = body.groups.iter().take(SHOWN_GROUPS);
    let groups: Vec<Value> = groups.map(|group| context! { id => &group.id, name => &group.name }).collect();
    Ok(context! {
        id => body.id, email => body.email, name => body.name, active => body.active, groups, more,
        created_at => body.created_at, last_login_at => user.last_login_at.map(time::spaced),
    })
}
