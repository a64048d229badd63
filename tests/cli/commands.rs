//! What all commands have in common: names, `--json`, tables on a terminal, error texts.

use std::process::Command;

use serde_json::{Value, json};

use crate::sandbox::{Ran, Sandbox};
use crate::server_stand_in::StandIn;

/// Names of older versions, and the commands they stand for.
const ALIASES: [(&str, &[&str]); 17] = [
    ("add-user", &["user", "add"]),
    ("list-users", &["user", "list"]),
    ("remove-user", &["user", "remove"]),
    ("activate", &["user", "activate"]),
    ("deactivate", &["user", "deactivate"]),
    ("reset-password", &["user", "reset-password"]),
    ("set-password", &["user", "set-password"]),
    ("register-table", &["table", "register"]),
    ("update-table", &["table", "update"]),
    ("unregister-table", &["table", "unregister"]),
    ("discover-tables", &["table", "discover"]),
    ("list-tables", &["table", "list"]),
    ("upload-table", &["table", "upload"]),
    ("rotate-key", &["signing-key", "rotate"]),
    ("trigger-sync", &[]),
    ("discover-and-register", &[]),
    ("set-role", &[]),
];

#[test]
fn names_of_older_versions_are_hidden_aliases() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let help = sandbox.run(&["admin", "--help"]).stdout;
    let listed: Vec<&str> = help.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(listed.contains(&"user") && listed.contains(&"table"), "{help}");
    for (old, new) in ALIASES {
        assert!(!listed.contains(&old), "{help}");
        let help_of = |command: &[&str]| {
            let ran = sandbox.run(&[&["admin"], command, &["--help"]].concat());
            assert_eq!(ran.code, 0, "{command:?}: {}", ran.text);
            ran.stdout.replace(&format!("agnes admin {}", command.join(" ")), "agnes admin COMMAND")
        };
        let help = help_of(&[old]);
        if !new.is_empty() {
            assert_eq!(help, help_of(new), "{old}");
        }
    }
}

fn user() -> Value {
    json!({"id": "0123456789", "email": "bob@example.com", "name": "x", "role": "user", "is_admin": false,
        "is_sso_user": false, "groups": [], "active": true, "created_at": null, "deactivated_at": null,
        "invite_url": null, "invite_email_sent": null, "newer": 1})
}

#[test]
fn json_is_a_result_of_every_command() {
    let server = StandIn::start();
    server.answer("POST /api/users", 201, user());
    server.answer("GET /api/users", 200, json!([user()]));
    server.answer("DELETE /api/users/0123456789", 204, Value::Null);
    server.answer("POST /api/users/0123456789/deactivate", 200, json!({}));
    let answer = json!({"columns": ["n"], "rows": [[1]], "row_count": 1, "truncated": true});
    server.answer("POST /api/query", 200, answer);
    let sandbox = Sandbox::signed_in(&server);
    for (args, expected) in [
        // The response of the server, including fields that this version does not know.
        (vec!["admin", "user", "add", "bob@example.com", "--json"], user()),
        (vec!["--json", "admin", "user", "list"], json!([user()])),
        (vec!["admin", "--json", "list-users"], json!([user()])),
        (vec!["admin", "user", "remove", "bob@example.com", "--yes", "--json"], json!({"message": "User removed."})),
        (vec!["admin", "deactivate", "--json", "0123456789"], json!({"message": "Deactivated 0123456789"})),
    ] {
        let ran = sandbox.run(&args);
        assert_eq!((ran.code, ran.json(), ran.stderr.as_str()), (0, expected, ""), "{args:?}");
    }
    let ran = sandbox.run(&["query", "--remote", "SELECT 1 AS n", "--json", "--limit", "1"]);
    assert_eq!(ran.json(), json!([{"n": 1}]), "{}", ran.text);
    assert_eq!(ran.stderr, "(truncated at 1 rows)\n", "the rows have no place for it");
    let ran = sandbox.run(&["query", "--json", "SELECT 1"]);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!((ran.code, &error["error"]["kind"]), (1, &json!("no_data")), "{}", ran.text);
    assert!(sandbox.run(&["completions", "fish", "--json"]).json()["message"].is_string());
}

/// Runs a command on a terminal of its own, by util-linux's `script`.
pub fn on_terminal(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let command = sandbox.command(args);
    let line = format!("stty cols 80; exec '{}' {}", env!("CARGO_BIN_EXE_agnes"), args.join(" "));
    let mut on_terminal = Command::new("script");
    on_terminal.args(["-qec", &line, "/dev/null"]).stdin(std::process::Stdio::null());
    on_terminal.env_clear().env("PATH", "/usr/bin:/bin").env("TERM", "xterm").current_dir(&sandbox.workspace);
    on_terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    sandbox.finished(on_terminal.output().unwrap())
}

#[test]
fn tables_wrap_on_a_terminal_and_nowhere_else() {
    let server = StandIn::start();
    let text = "word ".repeat(30);
    let rows = json!({"columns": ["id", "text"], "rows": [[1, text.trim_end()]], "row_count": 1, "truncated": false});
    server.answer("POST /api/query", 200, rows);
    let sandbox = Sandbox::signed_in(&server);
    let args = ["query", "--remote", "SELECT"];
    let piped = sandbox.run(&args).stdout;
    assert_eq!(piped.lines().count(), 5, "{piped}");
    assert!(piped.contains(text.trim_end()), "{piped}");
    let shown = on_terminal(&sandbox, &args);
    let widths: Vec<usize> = shown.stdout.lines().map(|line| line.trim_end().chars().count()).collect();
    assert!(widths.len() > 5 && widths.iter().all(|width| *width <= 80), "{}", shown.text);
    assert_eq!(shown.stdout.matches("word").count(), 30, "{}", shown.text);
}

#[test]
fn one_place_prefixes_errors() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    for file in walkdir::WalkDir::new(root).into_iter().map(Result::unwrap) {
        let is_source = file.path().extension().is_some_and(|extension| extension == "rs");
        if is_source && !file.path().ends_with("cli/error.rs") {
            let text = std::fs::read_to_string(file.path()).unwrap();
            assert!(!text.contains("\"Error: "), "{} writes the prefix itself", file.path().display());
        }
    }
}

#[test]
fn prompts_name_commands_that_exist() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let texts =
        [include_str!("../../templates/prompts/workspace.md"), include_str!("../../templates/prompts/setup.txt")];
    let named = texts.iter().flat_map(|text| text.split("agnes ").skip(1));
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let words = named.map(|rest| {
        let line = rest.lines().next().unwrap_or_default();
        line.split(&[' ', '`'][..])
            .take_while(is_word)
            .take(2)
            .filter(|word| !word.starts_with('-'))
            .collect::<Vec<_>>()
    });
    let commands: std::collections::BTreeSet<Vec<&str>> = words.collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let ran = sandbox.run(&[&command[..], &["--help"]].concat());
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.text);
    }
}
