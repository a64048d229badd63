//! Every command, where it succeeds and where it fails.

mod failures;
mod successes;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::sandbox::Sandbox;

/// The commands below one, as its help lists them.
fn leaves(sandbox: &Sandbox, path: &[String], found: &mut BTreeSet<String>) {
    let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    let help = sandbox.run(&args).stdout;
    let list = help.split_once("\nCommands:\n").map(|(_, list)| list.split("\n\n").next().unwrap_or_default());
    let names = list.into_iter().flat_map(str::lines).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<_> =
        names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    if names.is_empty() {
        found.insert(path.join(" "));
    }
    for name in names {
        leaves(sandbox, &[path, &[name.to_owned()]].concat(), found);
    }
}

#[test]
fn no_command_is_forgotten() {
    let sandbox = Sandbox::signed_out("");
    let mut found = BTreeSet::new();
    leaves(&sandbox, &[], &mut found);
    assert!(found.len() > 90, "{found:?}");
    let missing = |commands: &[String]| {
        let is_one = |command: &String, leaf: &str| {
            command.strip_prefix(leaf).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        found.iter().filter(|leaf| !commands.iter().any(|command| is_one(command, leaf))).cloned().collect::<Vec<_>>()
    };
    assert_eq!(missing(&failures::named()), [""; 0], "has no row where it fails");
    assert_eq!(missing(&successes::named()), [""; 0], "has no row where it succeeds");
}

/// Patterns of what differs from run to run, or from machine to machine, and what is shown instead.
static CHANGING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        // Before what takes eight of its digits for an id.
        (r#""seconds":[\d.e-]+"#, r#""seconds":[TIME]"#),
        (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "[TOKEN]"),
        (r"token=[\w-]+", "token=[TOKEN]"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[ID]"),
        (r"\b([0-9a-f]{64}|[0-9a-f]{32})\b", "[HEX]"),
        (r"\b[0-9a-f]{8}\b", "[ID]"),
        (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(\+00:00)?", "[TIME]"),
        (r"backup_\d{8}_\d{6}", "backup_[TIME]"),
        (r"\d+ ms\b", "[TIME]"),
        (r" +\d+\.\d s\b", " [TIME]"),
        (r"\d+(\.\d+)? [KMGT]?B\b", "[SIZE]"),
        (r"bytes: +\d+( -> \d+)?", "bytes: [SIZE]"),
        (r"\((linux|darwin); \w+\)", "([PLATFORM])"),
        // In the access log and in the audit log.
        (r"(?m)( 200 +[\d-]+ +)\d+ +(\w+)$", "$1[SIZE]  $2"),
        (r"intact: \d+ rows", "intact: [N] rows"),
        // Fractions of seconds have up to six digits.
        (r"(\[(TIME|ID|HEX)\]( ok)?) {2,}", "$1  "),
    ];
    patterns.map(|(pattern, shown)| (Regex::new(pattern).unwrap(), shown)).into()
});

fn masked(text: &str) -> String {
    let text = text.replace(env!("CARGO_BIN_EXE_agnes"), "[PROGRAM]").replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
    CHANGING.iter().fold(text, |text, (pattern, shown)| pattern.replace_all(&text, *shown).into())
}
