//! The page of one's own account: password, second factor and sessions.

pub mod access;
pub mod debug;
pub mod password;
pub mod second_factor;
pub mod sessions;
pub mod transcripts;

use minijinja::{Value, context};

use super::form::FormState;
use super::{PageContext, PageResult, SignedIn};
use crate::access::Principal;
use crate::domain::sessions::own_sessions;
use crate::protocol::sessions::Session;
use crate::server::auth::second_factor::state;

/// The forms of the page.
const FORMS: [&str; 4] = ["password", "begin", "renew", "remove"];

/// `GET /profile`
pub async fn show_profile(SignedIn(person): SignedIn, page: PageContext) -> PageResult {
    show(&page, &person, FormState::default())
}

/// The page, where `form` is the one that was submitted.
fn show(page: &PageContext, person: &Principal, form: FormState) -> PageResult {
    let sessions = own_sessions(&page.app.store.snapshot(), page.app.authenticator.sessions(), person);
    let has_password = person.user().password_hash.is_some();
    let factor = state(&page.app, person);
    let forms = FORMS.map(|id| (id, if form.id == id { form.clone() } else { FormState::new(id) }));
    let values = context! {
        sessions => sessions.iter().map(shown).collect::<Vec<Value>>(),
        has_password,
        forms => Value::from_pairs(forms),
        second_factor => context! { enabled => factor.enabled, required => factor.required },
    };
    page.render("profile.html", values)
}

fn shown(session: &Session) -> Value {
    let Session { id, is_current, created_at, last_used_at, last_used_ip, user_agent, .. } = session;
    context! { id, is_current => *is_current, created_at, last_used_at, last_used_ip, user_agent }
}
