//! The layers inside of the server, and what its handlers and the commands leave to the domain.

use std::collections::BTreeSet;

use crate::project::{Project, Source};
use crate::{assert_none, found};

/// From the ground up. A part may use what stands in a lower layer.
const LAYERS: &[&[&str]] = &[
    &["services"],
    &["settings"],
    &["app"],
    &["http"],
    &["auth"],
    &["api", "web"],
    &["router"],
    &["serve"],
    &["start"],
    &["demo"],
];

/// What only translates: changes go through `domain`.
const TRANSLATORS: &[&str] = &["src/server/", "src/cli/"];

#[test]
fn server_layers_point_down() {
    assert_none("A part of the server uses one that it may not use", upward(&Project::read()));
    let project = Project::of(&[
        ("src/server/mod.rs", "pub use app::App; pub use http::error::ApiError;"),
        ("src/server/app.rs", "use super::services::rate_limits; use super::auth::Google;"),
        ("src/server/services/rate_limits.rs", "use crate::server::ApiError;"),
        ("src/server/http/mod.rs", "pub mod error;"),
        ("src/server/http/error.rs", "use crate::server::App; #[cfg(test)] mod tests { use crate::server::router; }"),
        ("src/server/auth/mod.rs", "use crate::server::http::error; use crate::{server::api::x, domain};"),
        ("src/server/api/x.rs", "use crate::server::auth;"),
        ("src/server/router.rs", "use super::api;"),
        ("src/server/novelty.rs", ""),
    ]);
    let expected = [
        "src/server/app.rs:1: 'app' uses 'auth'",
        "src/server/services/rate_limits.rs:1: 'services' uses 'http'",
        "src/server/auth/mod.rs:1: 'auth' uses 'api'",
        "src/server/novelty.rs: 'novelty' has no layer; add it to LAYERS",
    ];
    assert_eq!(upward(&project), found(expected));
}

fn upward(project: &Project) -> BTreeSet<String> {
    let mut objections = BTreeSet::new();
    for (at, source) in project.below("src/server/") {
        let Some(user) = source.module.get(1) else { continue };
        let Some(here) = layer(user) else {
            objections.insert(format!("{}: '{user}' has no layer; add it to LAYERS", source.path));
            continue;
        };
        for (used, line) in project.used_files(at) {
            let [top, used, ..] = project.sources[used].module.as_slice() else { continue };
            if top == "server" && used != user && layer(used).is_none_or(|there| there >= here) {
                objections.insert(format!("{}: '{user}' uses '{used}'", source.place(line)));
            }
        }
    }
    objections
}

fn layer(part: &str) -> Option<usize> {
    LAYERS.iter().position(|parts| parts.contains(&part))
}

#[test]
fn changes_are_written_in_the_domain() {
    let rule = "Write the change and its audit row in an operation of `domain`, and call that";
    assert_none(rule, writes(&Project::read()));
    let project = Project::of(&[
        ("src/server/api/a.rs", "async fn f() { app.store\n.write(f).await }"),
        ("src/server/auth/a.rs", "async fn f() { store().write(move |change| f(change)).await }"),
        ("src/server/web/a.rs", "use crate::store::audit::record;"),
        ("src/cli/a.rs", "fn f() { audit::record_result(x) } #[cfg(test)] mod tests { fn f() { store.write(g) } }"),
        ("src/domain/a.rs", "async fn f() { store.write(f).await; audit::record(x) }"),
        ("src/cli/b.rs", "fn f() { file.write(bytes); audit::search() }"),
    ]);
    let expected = ["src/server/api/a.rs:1", "src/server/auth/a.rs:1", "src/server/web/a.rs:1", "src/cli/a.rs:1"];
    assert_eq!(writes(&project), found(expected));
}

fn writes(project: &Project) -> BTreeSet<String> {
    const PATTERNS: &[&[&str]] = &[
        &["store", ".", "write", "("],
        &[".", "write", "(", "move", "|", "change", "|"],
        &[".", "write", "(", "|", "change", "|"],
        &["audit", ":", ":", "record"],
        &["audit", ":", ":", "record_result"],
    ];
    let translators = TRANSLATORS.iter().flat_map(|folder| project.below(folder));
    translators
        .flat_map(|(_, source)| {
            let starts = PATTERNS.iter().flat_map(|pattern| source.sequences(pattern));
            starts.filter(|token| !token.is_test).map(|token| source.place(token.line))
        })
        .collect()
}

#[test]
fn handlers_do_not_use_each_other() {
    let rule =
        "Files with handlers use each other; move what they share to the domain, a `mod.rs` or a file without handlers";
    assert_none(rule, shared_handlers(&Project::read()));
    let handler = "#[utoipa::path(get, path = \"/a\")] pub async fn list_a() {} pub fn helper() {}";
    let project = Project::of(&[
        ("src/server/api/a/mod.rs", "pub mod list; pub fn shared() { list::helper() }"),
        ("src/server/api/a/list.rs", handler),
        ("src/server/api/a/create.rs", "use super::{list::helper, shared};"),
        ("src/server/api/b.rs", "\nfn f() { crate::server::api::a::list::list_a() }"),
        ("src/server/router.rs", "use super::api::a::list::list_a;"),
        // A page does the same as a handler of the API, which is in a lower layer.
        ("src/server/auth/c.rs", handler),
        ("src/server/web/c.rs", "use crate::server::auth::c::helper;"),
    ]);
    assert_eq!(shared_handlers(&project), found(["src/server/api/a/create.rs:1", "src/server/api/b.rs:2"]));
}

fn shared_handlers(project: &Project) -> BTreeSet<String> {
    let mut objections = BTreeSet::new();
    for (at, source) in project.below("src/server/") {
        for (used, line) in project.used_files(at) {
            let used = &project.sources[used];
            let is_same_layer = source.module.get(1) == used.module.get(1);
            if has_handlers(used) && is_same_layer && !used.module.starts_with(&source.module) {
                objections.insert(source.place(line));
            }
        }
    }
    objections
}

fn has_handlers(source: &Source) -> bool {
    source.attributes.iter().any(|attribute| attribute.starts_with("utoipa::path("))
}

#[test]
fn handler_names_are_unique() {
    assert_none("The same name for two handlers", ambiguous_handlers(&Project::read()));
    let router =
        "fn api() { x().routes(routes!(a::list, a::make)).routes(routes!(b::list)).routes(routes!(c::get_c)) }";
    let project = Project::of(&[("src/server/router.rs", router)]);
    assert_eq!(ambiguous_handlers(&project), found(["list", "list: say what it does, e.g. `list_groups`"]));
}

/// Names of handlers in the router that occur twice, or consist of one word that every area could have.
fn ambiguous_handlers(project: &Project) -> BTreeSet<String> {
    const VAGUE: &[&str] = &["add", "all", "create", "delete", "get", "list", "own", "remove", "set", "update"];
    let mut names = BTreeSet::new();
    let mut objections = BTreeSet::new();
    for (_, source) in project.below("src/server/router.rs") {
        let mut is_in_routes = false;
        for tokens in source.tokens.windows(3) {
            let [word, next, behind] = [&tokens[0].text, &tokens[1].text, &tokens[2].text];
            is_in_routes = (word == "routes" && next == "!" && behind == "(") || (is_in_routes && word != ")");
            let is_name = word.starts_with(char::is_alphabetic) && matches!(next.as_str(), "," | ")");
            if is_in_routes && is_name && !names.insert(word.clone()) {
                objections.insert(word.clone());
            }
            if is_in_routes && is_name && VAGUE.contains(&word.as_str()) && !objections.contains(word) {
                objections.insert(format!("{word}: say what it does, e.g. `list_groups`"));
            }
        }
    }
    objections
}
