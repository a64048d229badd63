use minijinja::{Value, context};

use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, reach};

/// People who are offered for a search.
const OFFERED: usize = 20;

/// What one person can read, and why. Whoever is not named in full is searched for.
pub fn show(page: &PageContext, list: &Listing) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let typed = list.filter("person").unwrap_or_default();
    let found = snapshot.users.get(typed).or_else(|| snapshot.users.by_email(typed));
    let (id, reach) = match found {
        Some(user) => (Some(&user.id), Some(reach::values(page, list, &user.id)?)),
        None => (None, None),
    };
    let searched = typed.to_lowercase();
    let is_meant = |text: &str| text.to_lowercase().contains(&searched);
    let offered: Vec<Value> = match found {
        Some(_) => Vec::new(),
        None => {
            let mut users = snapshot.users.all();
            users.retain(|user| is_meant(&user.email) || user.name.as_deref().is_some_and(is_meant));
            let link = |user: &&std::sync::Arc<crate::store::users::User>| {
                let href = list.address(&[("person", Some(&user.id)), ("page", None)]);
                context! { href, email => &user.email, name => &user.name }
            };
            users.iter().take(OFFERED).map(link).collect()
        }
    };
    page.render("access_person.html", context! { typed, id, reach, offered })
}
