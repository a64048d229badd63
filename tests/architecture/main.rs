//! Checks the structure of the code: which module and which layer may use which, where changes are written, and how long
//! a file may be. `docs/architecture.md` describes the rules.

#![expect(clippy::expect_used, reason = "a test ends where its preparation fails")]

mod circles;
mod layers;
mod lexer;
mod project;
mod server;
mod vocabulary;

use std::collections::BTreeSet;

use project::Project;

const MAX_LINES: usize = 400;

#[test]
fn files_stay_short() {
    assert_none(&format!("A file of more than {MAX_LINES} lines is two files"), long_files(&Project::read()));
    let lines = |count| "\n".repeat(count);
    let project = Project::of(&[("src/a.rs", &lines(MAX_LINES)), ("src/b.rs", &lines(MAX_LINES + 1))]);
    assert_eq!(long_files(&project), found(["src/b.rs: 401 lines"]));
}

fn long_files(project: &Project) -> BTreeSet<String> {
    let long = project.sources.iter().filter(|source| source.lines > MAX_LINES);
    long.map(|source| format!("{}: {} lines", source.path, source.lines)).collect()
}

/// Fails with the list of what breaks the rule.
fn assert_none(rule: &str, found: BTreeSet<String>) {
    let list: Vec<_> = found.into_iter().collect();
    assert!(list.is_empty(), "{rule}:\n  {}\n", list.join("\n  "));
}

fn found<const N: usize>(list: [&str; N]) -> BTreeSet<String> {
    list.map(str::to_owned).into()
}
