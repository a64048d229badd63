//! The audit log.

pub mod export;
pub mod list;

use crate::base::time;
use crate::domain::audit::Search;
use crate::server::web::listing::Listing;
use crate::store::audit::{Filter, Position};

/// What the address asks for; `Err` is the name of a filter that cannot be read, and what was given.
fn search(list: &Listing, limit: usize) -> Result<Search, (&'static str, String)> {
    let text = |name: &str| list.filter(name).map(str::to_owned);
    let at = |name: &'static str| {
        let given = list.filter(name);
        given.map(|given| time::parse(given).ok_or_else(|| (name, given.to_owned()))).transpose()
    };
    let after = match list.filter("before") {
        Some(given) => Some(Position::parse(given).ok_or_else(|| ("before", given.to_owned()))?),
        None => None,
    };
    let filter = Filter {
        action: text("action"),
        resource: text("resource"),
        result: text("result"),
        since: at("since")?,
        until: at("until")?,
        ..Filter::default()
    };
    Ok(Search { filter, email: text("user"), after, limit })
}
