//! The modules of the crate from the ground up, and what only one of them may do.

use std::collections::BTreeSet;

use crate::project::Project;
use crate::{assert_none, found};

/// A module may use what stands on a lower layer.
const LAYERS: &[&[&str]] = &[
    &["base", "config", "protocol"],
    &["engine", "extract", "store", "access", "access_log", "logging"],
    &["connectors", "openmetadata", "profiler", "query", "search", "sync"],
    &["client", "domain"],
    &["cli", "roles", "server"],
];

/// Exceptions on one layer: (user, used, from this file only).
const NEIGHBORS: &[(&str, &str, Option<&str>)] = &[
    ("config", "base", None),
    ("protocol", "base", None),
    ("extract", "engine", None),
    ("store", "engine", None),
    ("access", "store", None),
    ("access", "extract", None),
    ("sync", "connectors", None),
    ("sync", "profiler", None),
    ("cli", "server", Some("src/cli/serve.rs")),
    ("cli", "roles", None),
];

/// Not to be used although it stands lower: the server does not send requests to itself.
const FORBIDDEN: &[(&str, &str)] = &[("server", "client")];

#[test]
fn imports_point_down() {
    assert_none("A module uses one that it may not use (see docs/architecture.md)", upward(&Project::read()));
    let project = Project::of(&[
        ("src/store/writer.rs", "use crate::{base::{a, b}, engine::C, server::App,\n access};"),
        ("src/server/a.rs", "fn f() { crate::client::get(); crate::query::run(); }"),
        ("src/cli/serve.rs", "use crate::server::Server;"),
        ("src/cli/pull.rs", "use crate::server::Server;"),
        ("src/unheard_of.rs", ""),
    ]);
    let expected = [
        "src/store/writer.rs:1: 'store' (layer 1) reaches sideways to 'access' (layer 1)",
        "src/store/writer.rs:1: 'store' (layer 1) reaches up to 'server' (layer 4)",
        "src/server/a.rs:1: 'server' never uses 'client'",
        "src/cli/pull.rs:1: 'cli' (layer 4) reaches sideways to 'server' (layer 4)",
        "src/unheard_of.rs: 'unheard_of' has no layer; add it to LAYERS",
    ];
    assert_eq!(upward(&project), found(expected));
}

fn upward(project: &Project) -> BTreeSet<String> {
    let mut objections = BTreeSet::new();
    for (at, source) in project.sources.iter().enumerate() {
        let Some(user) = source.top() else { continue };
        if layer(user).is_none() {
            objections.insert(format!("{}: '{user}' has no layer; add it to LAYERS", source.path));
        }
        for reference in project.references(at) {
            let objection = reference.path.first().and_then(|used| objection(user, used, &source.path));
            objections.extend(objection.map(|text| format!("{}: {text}", source.place(reference.line))));
        }
    }
    objections
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// What is wrong with `user` using `used` in the file `path`.
fn objection(user: &str, used: &str, path: &str) -> Option<String> {
    let (here, there) = (layer(user)?, layer(used)?);
    if FORBIDDEN.contains(&(user, used)) {
        return Some(format!("'{user}' never uses '{used}'"));
    }
    let invited =
        NEIGHBORS.iter().any(|&(from, to, file)| (from, to) == (user, used) && file.is_none_or(|file| file == path));
    if user == used || there < here || (there == here && invited) {
        return None;
    }
    let direction = if there > here { "up" } else { "sideways" };
    Some(format!("'{user}' (layer {here}) reaches {direction} to '{used}' (layer {there})"))
}

#[test]
fn only_the_engine_names_the_duckdb_crate() {
    let rule = "Use crate::engine instead of the duckdb crate";
    assert_none(rule, outside(&Project::read(), "engine", &["duckdb", ":", ":"]));
    let project = Project::of(&[("src/engine/a.rs", "use duckdb::A;"), ("src/query/a.rs", "\nuse duckdb::{A};")]);
    assert_eq!(outside(&project, "engine", &["duckdb", ":", ":"]), found(["src/query/a.rs:2"]));
}

#[test]
fn only_config_reads_the_environment() {
    let rule = "Declare the variable in src/config/env_vars.rs and read it through config::Environment";
    let reads = |project: &Project| {
        let names = ["var", "vars", "var_os", "vars_os"];
        names.map(|name| outside(project, "config", &["env", ":", ":", name])).into_iter().flatten().collect()
    };
    assert_none(rule, reads(&Project::read()));
    let project = Project::of(&[("src/config/a.rs", "env::var(x)"), ("src/base/a.rs", "std::env::vars_os()")]);
    assert_eq!(reads(&project), found(["src/base/a.rs:1"]));
}

#[test]
fn only_two_folders_name_interfaces_of_one_system() {
    let homes = ["src/base/platform/", "src/query/worker/sandbox/"];
    let names: [&[&str]; 8] = [
        &["os", ":", ":", "unix"],
        &["os", ":", ":", "windows"],
        &["signal", ":", ":", "unix"],
        &["rustix", ":", ":"],
        &["libc", ":", ":"],
        &["landlock", ":", ":"],
        &["seccompiler", ":", ":"],
        &["winapi_util", ":", ":"],
    ];
    let named = |project: &Project| -> BTreeSet<String> {
        let mut places = BTreeSet::new();
        for source in project.sources.iter().filter(|source| !homes.iter().any(|home| source.path.starts_with(home))) {
            let found = names.iter().flat_map(|name| source.sequences(name));
            // Tests run where the developers are.
            places.extend(found.filter(|token| !token.is_test).map(|token| source.place(token.line)));
        }
        places
    };
    assert_none("Use crate::base::platform, which has the same functions for every system", named(&Project::read()));
    let project = Project::of(&[
        ("src/base/platform/unix/a.rs", "use rustix::fs::A;"),
        ("src/cli/a.rs", "use std::os::unix::fs::A;\nfn f() { libc::g() }"),
    ]);
    assert_eq!(named(&project), found(["src/cli/a.rs:1", "src/cli/a.rs:2"]));
}

/// Where a sequence of tokens occurs outside of a module.
fn outside(project: &Project, module: &str, sequence: &[&str]) -> BTreeSet<String> {
    let sources = project.sources.iter().filter(|source| source.top() != Some(module));
    sources.flat_map(|source| source.sequences(sequence).map(|token| source.place(token.line))).collect()
}
