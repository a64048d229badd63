//! Chooses a password with a one-time token.

use crate::store::audit::Action;
use serde_json::{Value, json};

use crate::domain::rules;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Actor, Origin};
use crate::store::one_time::{self, Purpose, Verdict};
use crate::store::{Change, StoreError, audit, users};

/// What somebody with a link asks for.
pub struct Choice {
    pub purpose: Purpose,
    pub email: String,
    pub token: String,
    pub password: String,
    /// A new display name, unless empty.
    pub name: String,
}

pub enum Refused {
    /// No such token: also for addresses that nobody has, and for tokens that were used.
    Wrong,
    Expired,
    /// Told only to who has a good token.
    Deactivated,
    Other(ApiError),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

/// Sets the password and uses the token up, both or neither. Returns the user's id.
pub async fn choose(app: &AppState, origin: &Origin, choice: Choice) -> Result<String, Refused> {
    let Choice { purpose, email, token, password, name } = choice;
    let (address, given) = (email.clone(), token.clone());
    let seen = app.store.read(move |connection| one_time::look(connection, &address, &given, purpose)).await?;
    let mut verdict = if rules::is_service_account(email.trim()) { Verdict::Wrong } else { seen };
    if matches!(verdict, Verdict::Good(_)) {
        rules::password(&password).map_err(ApiError::from)?;
        let name = rules::name(&name).map_err(ApiError::from)?;
        // Only now, so that guessing tokens costs no hashing.
        let hash = app.passwords.hash(password).await.map_err(ApiError::from)?;
        let (origin, email) = (origin.clone(), email.clone());
        verdict = app
            .store
            .write(move |change| -> Result<_, StoreError> {
                let verdict = one_time::consume(change, &email, &token, purpose)?;
                if let Verdict::Good(id) = &verdict {
                    users::set_password(change, id, &hash)?;
                    if !name.is_empty() {
                        users::set_name(change, id, &name)?;
                    }
                    audit::record(change, &origin.user(id), action(purpose), &format!("user:{id}"), Value::Null)?;
                }
                Ok(verdict)
            })
            .await?;
    }
    let (refused, result) = match verdict {
        Verdict::Good(id) => return Ok(id),
        Verdict::Wrong => (Refused::Wrong, "invalid_token"),
        Verdict::Expired => (Refused::Expired, "expired_token"),
        Verdict::Deactivated => (Refused::Deactivated, "deactivated"),
    };
    let nobody = origin.clone().nobody();
    let details = json!({ "email": typed(&email) });
    app.store.write(move |change| note(change, &nobody, action(purpose), details, result)).await?;
    Err(refused)
}

fn note(change: &Change<'_>, actor: &Actor, action: Action, details: Value, result: &str) -> Result<(), StoreError> {
    audit::record_result(change, actor, action, "auth", details, result)
}

fn action(purpose: Purpose) -> Action {
    if purpose == Purpose::Reset { Action::PasswordReset } else { Action::PasswordSetup }
}

/// As much of what was typed as an address can have.
pub fn typed(email: &str) -> String {
    email.trim().chars().take(254).collect()
}
