//! Keeps the house in shape: who may use whom, who knows the engine, who reads the environment, how long a file gets.

#![expect(clippy::expect_used, reason = "a test ends where its preparation fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the ground up. A module may use what stands on a lower floor.
const FLOORS: &[&[&str]] = &[
    &["base", "config", "protocol"],
    &["engine", "extract", "store", "access", "logging"],
    &["connectors", "profiler", "query", "sync"],
    &["client", "domain"],
    &["cli", "roles", "server"],
];

/// Who may use a neighbour on its own floor: (user, used, from this file only).
const NEIGHBOURS: &[(&str, &str, Option<&str>)] = &[
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

/// Not to be used although it stands lower: the server never talks to itself over HTTP.
const FORBIDDEN: &[(&str, &str)] = &[("server", "client")];

/// Where asking why a file is so long turns into failing.
const MAX_LINES: usize = 500;

struct Source {
    /// From the root of the project, e.g. `src/server/app.rs`.
    path: String,
    /// The text with comment lines blanked, so that positions still tell lines.
    code: String,
}

impl Source {
    /// The module at the root of the crate; `None` for `main.rs` and `lib.rs`.
    fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        match inside.split_once('/') {
            Some((module, _)) => Some(module),
            None => inside.strip_suffix(".rs").filter(|name| !matches!(*name, "main" | "lib")),
        }
    }

    /// `path:line` of a position in the code.
    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.code[..at].matches('\n').count() + 1)
    }

    /// Positions right behind `word`, where it is not the tail of a longer name.
    fn behind<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.match_indices(word).filter_map(move |(at, _)| {
            let longer = self.code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            (!longer).then_some(at + word.len())
        })
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<PathBuf> = walkdir::WalkDir::new(root.join("src"))
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("a readable source folder").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).expect("a readable source file");
            let without_comments = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
            let path = file.strip_prefix(root).expect("a file of the project").to_string_lossy().into_owned();
            Source { path, code: without_comments.collect::<Vec<_>>().join("\n") }
        })
        .collect()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// Modules that follow `crate::` at a position: one name, or the first names of a `{…}` group.
fn modules_at(code: &str) -> Vec<&str> {
    fn first_name(text: &str) -> &str {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        &text[..end]
    }
    let Some(group) = code.strip_prefix('{') else { return vec![first_name(code)] };
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(first_name(&group[start..at]));
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// What is wrong with `user` using `used` in the file `path`.
fn objection(user: &str, used: &str, path: &str) -> Option<String> {
    if user == used {
        return None;
    }
    let (Some(here), Some(there)) = (floor(user), floor(used)) else {
        return Some(format!("'{used}' has no floor; add it to FLOORS"));
    };
    if FORBIDDEN.contains(&(user, used)) {
        return Some(format!("'{user}' never uses '{used}'"));
    }
    let invited =
        NEIGHBOURS.iter().any(|&(from, to, file)| (from, to) == (user, used) && file.is_none_or(|file| file == path));
    if there < here || (there == here && invited) {
        return None;
    }
    let direction = if there > here { "up" } else { "sideways" };
    Some(format!("'{user}' (floor {here}) reaches {direction} to '{used}' (floor {there})"))
}

#[test]
fn imports_point_down() {
    let mut objections = BTreeSet::new();
    for source in sources() {
        let Some(user) = source.module() else { continue };
        if floor(user).is_none() {
            objections.insert(format!("{}: '{user}' has no floor; add it to FLOORS", source.path));
            continue;
        }
        for at in source.behind("crate::") {
            for used in modules_at(&source.code[at..]) {
                if let Some(objection) = objection(user, used, &source.path) {
                    objections.insert(format!("{}: {objection}", source.place(at)));
                }
            }
        }
    }
    report("A module uses what it may not (docs/architecture.md tells the floors)", objections);
}

#[test]
fn only_the_engine_names_the_duckdb_crate() {
    let found = sources()
        .iter()
        .filter(|source| source.module() != Some("engine"))
        .flat_map(|source| source.behind("duckdb::").chain(source.behind("use duckdb;")).map(|at| source.place(at)))
        .collect();
    report("Use crate::engine instead of the duckdb crate", found);
}

#[test]
fn only_config_reads_the_environment() {
    let found = sources()
        .iter()
        .filter(|source| source.module() != Some("config"))
        .flat_map(|source| source.behind("env::var").map(|at| source.place(at)))
        .collect();
    report("Declare the variable in src/config/env_vars.rs and read it through config::Environment", found);
}

#[test]
fn files_stay_short() {
    let found = sources()
        .iter()
        .map(|source| (source.path.clone(), source.code.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    report(&format!("A file of more than {MAX_LINES} lines is two files"), found);
}

/// The checks above are worth something only if they find what they look for.
#[test]
fn the_checks_themselves_see() {
    let source = Source {
        path: "src/store/writer.rs".into(),
        code: "use crate::{base::{a, b}, server::App,\n sync};\nfn f() { crate::cli::x() }\nmycrate::query".into(),
    };
    let used: Vec<_> = source.behind("crate::").flat_map(|at| modules_at(&source.code[at..])).collect();
    assert_eq!(used, ["base", "server", "sync", "cli"]);
    let told = |user, used, path| objection(user, used, path).is_some();
    assert!(told("store", "server", "") && told("store", "access", "") && told("server", "client", ""));
    assert!(told("cli", "server", "src/cli/pull.rs") && !told("cli", "server", "src/cli/serve.rs"));
    assert!(!told("store", "engine", "") && !told("store", "base", "") && told("store", "unheard_of", ""));
}

fn report(rule: &str, found: BTreeSet<String>) {
    let list: Vec<_> = found.into_iter().collect();
    assert!(list.is_empty(), "{rule}:\n  {}\n", list.join("\n  "));
}
