//! Checks that texts name commands and options that exist: `agnes …` in documentation, guides, help texts and messages.

mod texts;
mod words;

use std::path::Path;

use clap::{Command, CommandFactory};

use super::Cli;
use texts::{Mention, mentions};
use words::objection;

fn built() -> Command {
    let mut root = Cli::command();
    root.build();
    root
}

/// What is wrong in a text, with the line.
fn objections(root: &Command, path: &str, text: &str) -> (usize, Vec<String>) {
    let found = mentions(path, text);
    let wrong = found.iter().filter_map(|Mention { line, text, is_prose }| {
        objection(root, text, *is_prose).map(|reason| format!("{path}:{line}: agnes {text}: {reason}"))
    });
    (found.len(), wrong.collect())
}

/// The texts that people read: documents, templates, and the literals and doc comments of the program.
fn is_text(path: &str) -> bool {
    let name = |ending: &str| path.ends_with(ending);
    // The mark of PIVOT is a text of ours, too.
    let is_other = path.starts_with("src/cli/mentioned/") || path.starts_with("src/query/pivot/");
    !is_other
        && (name(".md") || name(".html") && path.starts_with("templates/") || name(".rs") && path.starts_with("src/"))
}

#[test]
fn commands_in_texts_exist() {
    let (root, folder) = (built(), Path::new(env!("CARGO_MANIFEST_DIR")));
    let (mut count, mut wrong) = (0, Vec::new());
    let documents = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", "demo", "src", "templates"];
    for entry in documents.iter().flat_map(|name| walkdir::WalkDir::new(folder.join(name))).map(Result::unwrap) {
        let path = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        if entry.file_type().is_file() && is_text(&path) {
            let (found, objections) = objections(&root, &path, &std::fs::read_to_string(entry.path()).unwrap());
            count += found;
            wrong.extend(objections);
        }
    }
    assert!(count > 400, "only {count} were found");
    assert!(wrong.is_empty(), "{} of {count} do not exist:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn wrong_commands_are_found() {
    let root = built();
    for (path, text, expected) in [
        ("a.md", "Run `agnes trigger`.", "no command 'trigger'"),
        ("a.md", "one\n`agnes admin\nusers list`", "no command 'users'"),
        ("a.md", "```sh\nexport A=1 && agnes pull --fast   # or agnes pull\n```", "no option '--fast'"),
        ("a.md", "```\nagnes query --limit 5 -x \"--not-one\"\n```", "no option '-x'"),
        ("a.md", "```\nagnes admin table register orders \\\n   --colour red\n```", "no option '--colour'"),
        ("a.md", "`agnes pull orders`", "takes no 'orders'"),
        ("a.md", "`agnes admin group create|destroy Sales`", "no command 'destroy'"),
        ("a.md", "`agnes auth token list [--all]`", "no option '--all'"),
        ("a.rs", "/// See `agnes admin grants`.", "no command 'grants'"),
        ("a.rs", "x(\"Run: agnes sign-in, or else\")", "no command 'sign-in'"),
        ("a.rs", "x(\"First \\\n   agnes auth \\\n   token renew\")", "no command 'renew'"),
        ("a.rs", "after_help = \"\\\nExamples:\n  agnes pull nothing   with a comment\"", "takes no 'nothing'"),
    ] {
        let (_, wrong) = objections(&root, path, text);
        assert!(wrong.len() == 1 && wrong[0].contains(expected), "{text}: {wrong:?}");
    }
    for (path, text) in [
        ("a.md", "Not code: agnes does this. `/usr/bin/agnes x`, `agnes:dev x`, `the agnes`"),
        (
            "a.md",
            "`agnes --json admin user list --server=URL`; `agnes query -f csv \"SELECT 'it''s' AS agnes x\" | head`",
        ),
        ("a.md", "`agnes admin table types orders --set amount=integer when=date --null n/a --sync`"),
        ("a.md", "`agnes catalog search delay by airline -n 5`; `agnes catalog --metrics --show a/b`; `agnes admin …`"),
        ("a.rs", "// agnes nothing\nx(\"what agnes pull brings, and agnes snapshot. Remove agnes from it\")"),
        ("a.rs", "x(\"agnes auth login --email \\\"you\\\" and more --words\")"),
    ] {
        let (_, wrong) = objections(&root, path, text);
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
