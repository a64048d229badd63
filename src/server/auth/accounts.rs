//! What admins do to accounts with links and passwords, over the API and on pages.

use super::links;
use crate::access::Admin;
use crate::base::secret::Secret;
use crate::domain::accounts::{self, CreatedUser, view};
use crate::domain::newcomers::{self, Newcomer};
use crate::domain::rules;
use crate::protocol::users::{CreateUser, ResetLink, User};
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiResult, App};
use crate::store::one_time::Purpose;

/// Adds a user. With `send_invite`, a link for choosing a password is made and mailed.
pub async fn create(app: &App, admin: &Admin, caller: &Caller, request: CreateUser) -> ApiResult<User> {
    let CreateUser { email, name, send_invite } = request;
    let created = accounts::create_user(&app.store, admin, &email, name, send_invite).await?;
    invited(app, admin, caller, created).await
}

/// Adds a user with a group and what it reads, and makes and mails the link for choosing a password.
pub async fn welcome(app: &App, admin: &Admin, caller: &Caller, newcomer: Newcomer) -> ApiResult<User> {
    let created = newcomers::welcome(&app.store, admin, newcomer).await?;
    invited(app, admin, caller, created).await
}

async fn invited(app: &App, admin: &Admin, caller: &Caller, created: CreatedUser) -> ApiResult<User> {
    let mut invitation = None;
    if let Some(token) = &created.invitation {
        let (link, is_sent) = mail_link(app, caller, Purpose::Setup, &created.email, token).await;
        accounts::record_invitation(&app.store, admin, &created.id, &created.email, is_sent).await?;
        invitation = Some((link, is_sent));
    }
    let user = view::user(&app.store.snapshot(), &created.id)?;
    let (invite_url, invite_email_sent) = invitation.unzip();
    Ok(User { invite_url, invite_email_sent, ..user })
}

/// Gives a user a password.
pub async fn set_password(app: &App, admin: &Admin, id: &str, password: String) -> ApiResult<()> {
    rules::password(&password)?;
    let email = view::existing(&app.store.snapshot(), id)?.email.clone();
    let hash = app.passwords.hash_chosen(password, app.context_words(&email, "")).await?;
    Ok(accounts::set_password(&app.store, admin, id, hash).await?)
}

/// Makes a link with which the user can choose another password, and mails it. The previous link stops working.
pub async fn reset_password(app: &App, admin: &Admin, caller: &Caller, id: &str) -> ApiResult<ResetLink> {
    let reset = accounts::issue_reset_token(&app.store, admin, id).await?;
    let (reset_url, email_sent) = mail_link(app, caller, Purpose::Reset, &reset.email, &reset.token).await;
    Ok(ResetLink { reset_url, email_sent })
}

/// Mails a one-time link to a user, unless the address of this server is unknown. Returns the link (then only its path),
/// and whether the mail was accepted for delivery.
async fn mail_link(app: &App, caller: &Caller, purpose: Purpose, email: &str, token: &Secret) -> (String, bool) {
    let mail = links::mail(app, caller, purpose, email, token, None);
    let link = mail.link.clone();
    let is_sent = app.mail.is_configured() && links::has_address(app) && app.mail.send(mail).await;
    (link, is_sent)
}
