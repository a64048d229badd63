use serde_json::json;

use super::google_groups::{GoogleGroupList, is_synced, relevant, replace_groups, revoke_groups};
use super::{Factor, SignInMethod, StartedSession, attempted, start_session};
use crate::access::Keys;
use crate::config::auth::Auth;
use crate::domain::second_factor::SecondFactors;
use crate::domain::{Error, Result, rules};
use crate::store::audit::{Action, Actor, Origin};
use crate::store::users::Proved;
use crate::store::{Snapshot, Store, StoreError, audit, users};

/// Domains of personal Google accounts, which belong to no Workspace; Google itself vouches for their addresses.
const CONSUMER_DOMAINS: &[&str] = &["gmail.com", "googlemail.com"];

/// What Google says about a person.
#[derive(Debug)]
pub struct GoogleIdentity {
    pub email: Option<String>,
    pub email_verified: bool,
    /// The Workspace domain that the account belongs to, in lower case.
    pub hosted_domain: Option<String>,
    pub name: Option<String>,
}

/// Why a Google account does not sign in. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum GoogleRefusal {
    #[error("{0}")]
    Failed(String),
    #[error("Google sent no address")]
    NoEmail,
    #[error("{0}")]
    DomainNotAllowed(&'static str),
    #[error("the account is deactivated")]
    Deactivated,
    #[error("not a member of any group with the prefix")]
    NotInAllowedGroup,
    #[error("Google did not list the groups")]
    GroupsUnavailable,
}

impl GoogleRefusal {
    /// For the audit log and `/login?error=`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed(_) => "oauth_failed",
            Self::NoEmail => "no_email",
            Self::DomainNotAllowed(_) => "domain_not_allowed",
            Self::Deactivated => "deactivated",
            Self::NotInAllowedGroup => "not_in_allowed_group",
            Self::GroupsUnavailable => "group_check_unavailable",
        }
    }
}

impl From<Error> for GoogleRefusal {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The address of a Google account that may sign in.
pub fn check_google_identity(
    snapshot: &Snapshot,
    auth: &Auth,
    identity: &GoogleIdentity,
) -> Result<String, GoogleRefusal> {
    let email = identity.email.as_deref().ok_or(GoogleRefusal::NoEmail)?;
    if !identity.email_verified {
        return Err(GoogleRefusal::Failed("Google has not verified the address".into()));
    }
    if !auth.admits(email) {
        return Err(GoogleRefusal::DomainNotAllowed("the domain of the address is not allowed"));
    }
    // Anybody can create a Google account with a company's address; only accounts of its Workspace have `hd`.
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
    let is_hosted = match &identity.hosted_domain {
        Some(hosted) => auth.domains().contains(&hosted.as_str()),
        None => CONSUMER_DOMAINS.contains(&domain.as_str()),
    };
    if !auth.domains().is_empty() && !is_hosted {
        return Err(GoogleRefusal::DomainNotAllowed("the account does not belong to an allowed Workspace"));
    }
    let email = rules::email(email)?;
    if snapshot.users.by_email(&email).is_some_and(|user| !user.active) {
        return Err(GoogleRefusal::Deactivated);
    }
    Ok(email)
}

/// Signs in the person with a checked address: checks their groups, creates the account at the first sign-in, takes over
/// the groups, and starts a session.
pub async fn sign_in_with_google(
    store: &Store,
    keys: &Keys,
    factors: &SecondFactors,
    origin: Origin,
    email: String,
    name: Option<String>,
    groups: GoogleGroupList,
) -> Result<StartedSession, GoogleRefusal> {
    let groups = check_groups(store, &origin, &email, groups).await?;
    let user = find_or_create_account(store, &origin, email, name).await?;
    if let Some(groups) = groups {
        replace_groups(store, &origin, &user.id, groups).await;
    }
    Ok(start_session(store, keys, factors, origin, user, SignInMethod::Google, Factor::Code(None)).await?)
}

/// The groups that count; `None` if they are not known, in which case memberships stay as they are. A person who is in
/// none of the groups with the prefix is refused, and loses the memberships from earlier sign-ins.
async fn check_groups(
    store: &Store,
    origin: &Origin,
    email: &str,
    groups: GoogleGroupList,
) -> Result<Option<Vec<String>>, GoogleRefusal> {
    let snapshot = store.snapshot();
    let has_prefix = snapshot.google.prefix.is_some();
    match groups {
        GoogleGroupList::NotConfigured => Ok(None),
        // Accounts that an earlier answer admitted may sign in again; no other account signs in unchecked.
        GoogleGroupList::Unavailable if has_prefix && !is_synced(&snapshot, email) => {
            Err(GoogleRefusal::GroupsUnavailable)
        }
        GoogleGroupList::Unavailable => Ok(None),
        GoogleGroupList::Listed(groups) => {
            let groups = relevant(&groups, snapshot.google.prefix.as_deref());
            if has_prefix && groups.is_empty() {
                revoke_groups(store, origin, email).await.map_err(Error::from)?;
                return Err(GoogleRefusal::NotInAllowedGroup);
            }
            Ok(Some(groups))
        }
    }
}

/// The account with that address, in any case. Later sign-ins do not change the account.
async fn find_or_create_account(store: &Store, origin: &Origin, email: String, name: Option<String>) -> Result<Proved> {
    if let Some(user) = store.snapshot().users.by_email(&email) {
        return Ok(Proved::from(user.as_ref()));
    }
    let origin = origin.clone();
    let written = store.write(move |change| {
        // Two sign-ins may run at the same time.
        if let Some(id) = users::id_of(change, &email)? {
            return Ok(users::proved(change, &id)?);
        }
        let local_part = email.split('@').next().unwrap_or(&email);
        let name: String = name.as_deref().unwrap_or(local_part).chars().take(200).collect();
        let id = users::insert(change, &email, Some(&name))?;
        let details = json!({ "email": email, "provider": "google" });
        audit::record(change, &origin.user(&id), Action::UserCreate, &format!("user:{id}"), details)?;
        Ok(users::proved(change, &id)?)
    });
    written.await
}

/// Records a sign-in that was refused; `email` is the address of the Google account, once it is known.
pub async fn record_refused_google_sign_in(
    store: &Store,
    origin: Origin,
    email: Option<String>,
    code: &'static str,
) -> Result<(), StoreError> {
    let user = email.as_ref().and_then(|email| store.snapshot().users.by_email(email).cloned());
    let actor = Actor { user_id: user.map(|user| user.id.clone()), origin };
    let mut details = json!({ "provider": "google" });
    if let Some(email) = email {
        details["email"] = attempted(&email).into();
    }
    store.write(move |change| audit::record_result(change, &actor, Action::LoginFailed, "auth", details, code)).await
}
