use minijinja::{Value, context};

use super::{ChosenToken, State, compare, is_shown};
use crate::access::Admin;
use crate::base::time;
use crate::domain::tokens::{revoke_any_token, view};
use crate::protocol::tokens::OwnedToken;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

const COLUMNS: &[(&str, &str)] = &[
    ("owner", "Owner"),
    ("name", "Name"),
    ("", "State"),
    ("created", "Created"),
    ("used", "Last used"),
    ("expires", "Expires"),
    ("", ""),
];

/// `GET /admin/tokens`; `?user=` shows those of one person.
pub async fn show_all_tokens(SignedIn(admin): SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    let tokens = view::all_tokens(&page.app.store, &admin, |id| page.app.token_uses.last(id)).await?;
    let now = time::now();
    let states = [State::Active, State::Expiring, State::Expired, State::Revoked];
    let counts = states.map(|state| {
        let count = tokens.iter().filter(|owned| State::of(&owned.token, now) == state).count();
        context! { state => state.to_string(), count }
    });
    let mut tokens: Vec<OwnedToken> = tokens
        .into_iter()
        .filter(|owned| list.matches(&[&owned.token.name, &owned.token.prefix, owner(owned)]))
        .filter(|owned| list.filter("user").is_none_or(|user| user == owner(owned)))
        .filter(|owned| is_shown(&list, &owned.token, now))
        .collect();
    list.sort(&mut tokens, "-created", |column, one, other| match column {
        "owner" => owner(one).cmp(owner(other)),
        column => compare(column, &one.token, &other.token),
    });
    let rows: Vec<Value> = list.page(&tokens).iter().map(|owned| row(owned, State::of(&owned.token, now))).collect();
    page.render("all_tokens.html", context! { list => list.values(tokens.len(), COLUMNS, "-created"), rows, counts })
}

/// `POST /admin/tokens/revoke`
pub async fn submit_revoke(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(form): Form<ChosenToken>,
) -> PageResult {
    revoke_any_token(&page.app.store, &admin, form.id).await?;
    Ok(page.with_flash(redirect("/admin/tokens"), &Flash::Notice("The token is revoked.".into())))
}

/// The address of the owner; nothing if the account is gone.
fn owner(owned: &OwnedToken) -> &str {
    owned.user_email.as_deref().unwrap_or_default()
}

fn row(owned: &OwnedToken, state: State) -> Value {
    let token = &owned.token;
    context! {
        id => &token.id, name => &token.name, prefix => &token.prefix, created_at => &token.created_at,
        last_used_at => &token.last_used_at, last_used_ip => &owned.last_used_ip, expires_at => &token.expires_at,
        owner => owner(owned), state => state.to_string(), kind => state.kind(),
        can_be_revoked => state.can_be_revoked(),
    }
}
