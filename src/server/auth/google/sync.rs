//! What Google's groups mean here: who may come in at all, and who is in which group.

use super::callback::Refused;
use super::code;
use super::directory::Groups;
use crate::domain::accounts::view;
use crate::server::App;
use crate::store::audit::Origin;
use crate::store::google_sync::{self, Outcome};
use crate::store::members::SOURCE_GOOGLE;
use crate::store::{StoreError, users};

/// Asks Google for the groups of an address and returns those that count, in lower case; `None` when they are not known,
/// which is no reason to change anything. Who is in none of the groups with the prefix is refused, and loses what an
/// earlier sign-in brought.
pub async fn gate(app: &App, origin: &Origin, email: &str) -> Result<Option<Vec<String>>, Refused> {
    let prefix = app.config.google_groups.prefix.as_deref();
    let groups = match app.google.directory.groups_of(email).await {
        Groups::NotAsked => return Ok(None),
        // Whom Google let in before may come again; nobody else comes in unchecked.
        Groups::Unanswered if prefix.is_some() && !was_let_in(app, email) => {
            return Err(Refused::new(code::GROUP_UNKNOWN, "Google does not tell the groups"));
        }
        Groups::Unanswered => return Ok(None),
        Groups::Listed(groups) => relevant(&groups, prefix),
    };
    if prefix.is_none() || !groups.is_empty() {
        return Ok(Some(groups));
    }
    let (email, origin) = (email.to_owned(), origin.clone());
    let google = app.config.google_groups.clone();
    let outcome: Option<Outcome> = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let Some(id) = users::id_of(change, &email)? else { return Ok(None) };
            users::end_tokens(change, &id)?;
            google_sync::replace(change, &origin.user(&id), &id, &[], &google).map(Some)
        })
        .await?;
    if outcome.is_some_and(|outcome| outcome.kept_last_admin) {
        warn_of_last_admin();
    }
    Err(Refused::new(code::GROUP, "member of no group with the prefix"))
}

/// Whether the last sign-in that Google answered brought groups.
fn was_let_in(app: &App, email: &str) -> bool {
    let snapshot = app.store.snapshot();
    snapshot.users.by_email(email).is_some_and(|user| {
        let members = snapshot.members.of_user(&user.id);
        members.iter().any(|member| member.source == SOURCE_GOOGLE)
            || view::is_sso(&app.config.google_groups, &snapshot, &user.id)
    })
}

/// Makes the user's memberships from Google those of `groups`. That it fails is no reason to keep somebody out.
pub async fn apply(app: &App, origin: &Origin, user_id: &str, groups: Vec<String>) {
    let (id, actor) = (user_id.to_owned(), origin.clone().user(user_id));
    let google = app.config.google_groups.clone();
    let replaced: Result<Outcome, StoreError> =
        app.store.write(move |change| google_sync::replace(change, &actor, &id, &groups, &google)).await;
    match replaced {
        Ok(Outcome { kept_last_admin: true, .. }) => warn_of_last_admin(),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "cannot take over groups from Google; memberships stay as they were"),
    }
}

fn warn_of_last_admin() {
    tracing::warn!("Google says that the last admin is no admin; kept, since nobody else could let others in");
}

/// The groups that count, in lower case, each once.
pub fn relevant(groups: &[String], prefix: Option<&str>) -> Vec<String> {
    let mut groups: Vec<String> = groups
        .iter()
        .map(|group| group.trim().to_lowercase())
        // Nothing but an address can be a group of Google's, least of all `admin`.
        .filter(|group| group.contains('@') && group.len() <= 254 && group.starts_with(prefix.unwrap_or_default()))
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

#[cfg(test)]
mod tests {
    use super::relevant;

    #[test]
    fn what_counts() {
        let groups = ["GRP_b@x.cz", " grp_a@x.cz", "other@x.cz", "admin", "grp_a@x.cz", ""].map(String::from);
        assert_eq!(relevant(&groups, Some("grp_")), ["grp_a@x.cz", "grp_b@x.cz"]);
        assert_eq!(relevant(&groups, None), ["grp_a@x.cz", "grp_b@x.cz", "other@x.cz"]);
    }
}
