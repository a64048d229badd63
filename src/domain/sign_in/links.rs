use serde_json::{Value, json};

use super::attempted;
use crate::base::secret::Secret;
use crate::config::auth::Auth;
use crate::domain::{Result, rules};
use crate::store::audit::{self, Action, Origin};
use crate::store::one_time::{self, InvalidToken, Purpose};
use crate::store::users::{self, Proved, User};
use crate::store::{Store, StoreError};

/// A one-time token, and the address that its link is for.
pub struct IssuedLink {
    /// `None`: the account does not exist or may not have one, and the token is worth nothing.
    pub email: Option<String>,
    pub token: Secret,
}

/// Issues a one-time token for the account with that address, if there is one and it may have one. Whether it may shows
/// only in the audit log, and not in how long it takes. Without a way to send the link (`can_send`) nobody may.
pub async fn request_link(
    store: &Store,
    auth: &Auth,
    can_send: bool,
    origin: Origin,
    purpose: Purpose,
    email: &str,
) -> Result<IssuedLink> {
    let email = attempted(email);
    let user = store.snapshot().users.by_email(&email).cloned();
    let recipient = user.clone().filter(|user| can_send && may_have_link(auth, purpose, user));
    let result = match (&user, &recipient) {
        (None, _) => "unknown_user",
        (Some(_), None) => "ignored",
        (Some(_), Some(_)) => "ok",
    };
    let action = match purpose {
        Purpose::Setup => Action::PasswordSetupRequested,
        Purpose::Reset => Action::PasswordResetRequested,
        Purpose::MagicLink => Action::MagicLinkRequested,
    };
    let resource = user.as_ref().map_or("auth".to_owned(), |user| format!("user:{}", user.id));
    let id = recipient.as_ref().map(|user| user.id.clone()).unwrap_or_default();
    let written = store.write(move |change| -> Result<_, StoreError> {
        let token = one_time::issue_requested(change, &id, purpose)?;
        audit::record_result(change, &origin.anonymous(), action, &resource, json!({ "email": email }), result)?;
        Ok(token)
    });
    let token = written.await?;
    Ok(IssuedLink { email: recipient.map(|user| user.email.clone()), token })
}

fn may_have_link(auth: &Auth, purpose: Purpose, user: &User) -> bool {
    let is_useful = match purpose {
        Purpose::Setup => user.password_hash.is_none(),
        Purpose::Reset => true,
        Purpose::MagicLink => auth.admits(&user.email),
    };
    user.active && is_useful && !rules::is_service_account(&user.email)
}

/// Consumes the token of a magic link. Returns the user, who has thus proved who they are; `None` if the token is not valid.
pub async fn follow_link(
    store: &Store,
    auth: &Auth,
    origin: Origin,
    email: String,
    token: String,
) -> Result<Option<Proved>> {
    // The allowed domains may have changed since the link was mailed.
    let is_allowed = auth.admits(&email) && !rules::is_service_account(email.trim());
    let actor = origin.anonymous();
    let written = store.write(move |change| -> Result<_, StoreError> {
        let consumed = match is_allowed {
            true => one_time::consume(change, &email, &token, Purpose::MagicLink)?,
            false => Err(InvalidToken::Wrong),
        };
        if let Err(invalid) = &consumed {
            let reason = match invalid {
                InvalidToken::Wrong => "invalid_link",
                InvalidToken::Expired => "expired_link",
                InvalidToken::Deactivated => "deactivated",
            };
            let details = json!({ "email": attempted(&email), "provider": "magic_link" });
            audit::record_result(change, &actor, Action::LoginFailed, "auth", details, reason)?;
        }
        consumed.ok().map(|id| users::proved(change, &id)).transpose()
    });
    Ok(written.await?)
}

/// What the holder of a mailed link wants to set.
pub struct PasswordChoice {
    pub purpose: Purpose,
    pub email: String,
    pub token: String,
    /// A new display name, unless empty.
    pub name: String,
}

/// Checks the token, the password and the name before the password is hashed, so that guessing tokens costs no hashing.
pub async fn check_password_choice(
    store: &Store,
    origin: &Origin,
    choice: &PasswordChoice,
    password: &str,
) -> Result<Result<(), InvalidToken>> {
    let (email, token, purpose) = (choice.email.clone(), choice.token.clone(), choice.purpose);
    let checked = store.read(move |reader| one_time::check(reader, &email, &token, purpose)).await?;
    let is_service_account = rules::is_service_account(choice.email.trim());
    if let Err(invalid) = checked.and(if is_service_account { Err(InvalidToken::Wrong) } else { Ok(()) }) {
        record_invalid_token(store, origin, choice, invalid).await?;
        return Ok(Err(invalid));
    }
    rules::password(password)?;
    rules::name(&choice.name)?;
    Ok(Ok(()))
}

/// Sets the password that hashes to `hash` and consumes the token, both or neither. Returns the user.
pub async fn choose_password(
    store: &Store,
    origin: &Origin,
    choice: PasswordChoice,
    hash: Secret,
) -> Result<Result<Proved, InvalidToken>> {
    let (email, token, purpose) = (choice.email.clone(), choice.token.clone(), choice.purpose);
    let (name, by) = (rules::name(&choice.name)?, origin.clone());
    let written = store.write(move |change| -> Result<_, StoreError> {
        let consumed = one_time::consume(change, &email, &token, purpose)?;
        let id = match consumed {
            Ok(id) => id,
            Err(invalid) => return Ok(Err(invalid)),
        };
        users::set_password(change, &id, &hash)?;
        if !name.is_empty() {
            users::set_name(change, &id, &name)?;
        }
        audit::record(change, &by.user(&id), action(purpose), &format!("user:{id}"), Value::Null)?;
        Ok(Ok(users::proved(change, &id)?))
    });
    let chosen = written.await?;
    if let Err(invalid) = chosen {
        record_invalid_token(store, origin, &choice, invalid).await?;
    }
    Ok(chosen)
}

async fn record_invalid_token(
    store: &Store,
    origin: &Origin,
    choice: &PasswordChoice,
    invalid: InvalidToken,
) -> Result<(), StoreError> {
    let result = match invalid {
        InvalidToken::Wrong => "invalid_token",
        InvalidToken::Expired => "expired_token",
        InvalidToken::Deactivated => "deactivated",
    };
    let (actor, action) = (origin.clone().anonymous(), action(choice.purpose));
    let details = json!({ "email": attempted(&choice.email) });
    store.write(move |change| audit::record_result(change, &actor, action, "auth", details, result)).await
}

fn action(purpose: Purpose) -> Action {
    if purpose == Purpose::Reset { Action::PasswordReset } else { Action::PasswordSetup }
}
