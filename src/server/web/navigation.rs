//! The links beside every page for people who are signed in.

use minijinja::{Value, context};

/// Path, label and icon of a page.
type Link = (&'static str, &'static str, &'static str);

const EVERYBODY: &[Link] = &[
    ("/dashboard", "Dashboard", "home"),
    ("/catalog", "Catalog", "grid"),
    ("/query", "Query", "query"),
    ("/setup", "Connect an agent", "laptop"),
];

/// Its link says how many are pending.
const REQUESTS: &str = "/admin/access-requests";

const ADMINS: &[Link] = &[
    ("/admin", "Overview", "home"),
    ("/admin/tables", "Tables", "grid"),
    ("/admin/sync", "Sync", "sync"),
    ("/admin/sources", "Sources", "plug"),
    ("/admin/users", "Users", "user"),
    ("/admin/groups", "Groups", "users"),
    ("/admin/access", "Access", "shield"),
    (REQUESTS, "Requests", "inbox"),
    ("/admin/tokens", "Tokens", "key"),
    ("/admin/agent-prompt", "Agent setup prompt", "text"),
    ("/admin/workspace-prompt", "Workspace prompt", "text"),
    ("/admin/audit", "Audit log", "list"),
    ("/admin/system", "System", "pulse"),
    ("/admin/server-config", "Settings", "settings"),
];

const OWN: &[Link] =
    &[("/profile", "Profile", "user"), ("/tokens", "My tokens", "key"), ("/reads", "My reads", "list")];

const DEBUG: &[Link] = &[("/me/debug", "Sign-in", "pulse")];

/// Pages that belong to another one, although their addresses do not say so: ids of tables stand behind `/admin/tables/`.
const PARENTS: &[(&str, &str)] = &[
    ("/admin/register-table", "/admin/tables"),
    ("/admin/discover-tables", "/admin/tables"),
    ("/admin/upload-table", "/admin/tables"),
];

/// The groups of links for a person, with the one of the page at `path` marked. Of the requests for access, so many are
/// pending. `has_debug`: the page about the sign-in exists.
pub fn values(path: &str, is_admin: bool, pending: usize, has_debug: bool) -> Value {
    let groups = [
        ("", EVERYBODY),
        ("Administration", if is_admin { ADMINS } else { &[] }),
        ("Debugging", if has_debug { DEBUG } else { &[] }),
        ("Your account", OWN),
    ];
    let path = PARENTS.iter().find(|(page, _)| *page == path).map_or(path, |(_, parent)| parent);
    let current = groups.iter().flat_map(|(_, links)| *links).map(|(link, ..)| *link);
    let current = current.filter(|link| is_below(path, link)).max_by_key(|link| link.len());
    let group = |&(label, links): &(&str, &[Link])| {
        let link = |&(path, label, icon): &Link| {
            let pending = (path == REQUESTS && pending > 0).then_some(pending);
            context! { path, label, icon, pending, is_current => current == Some(path) }
        };
        context! { label, links => links.iter().map(link).collect::<Vec<_>>() }
    };
    groups.iter().filter(|(_, links)| !links.is_empty()).map(group).collect()
}

fn is_below(path: &str, parent: &str) -> bool {
    // The overview of all other pages.
    if parent == "/admin" {
        return path == parent;
    }
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
