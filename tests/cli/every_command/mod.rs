//! Every command where nothing works: without settings, without a server, refused, in front of a page, with a bad token.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

/// Each command once, with arguments that it accepts.
const COMMANDS: &[&str] = &[
    "init",
    "pull",
    "push",
    "query SELECT",
    "query --remote SELECT",
    "status",
    "diagnose",
    "diagnose system",
    "catalog",
    "catalog search words",
    "catalog --metrics",
    "schema orders",
    "describe orders",
    "explore orders",
    "explore --remote orders",
    "snapshot create orders",
    "snapshot create orders --estimate",
    "snapshot list",
    "snapshot refresh orders",
    "snapshot drop orders",
    "snapshot prune --all",
    "disk-info",
    "metric run finance/revenue",
    "saved list",
    "saved show mine",
    "saved save mine SELECT",
    "saved run mine",
    "saved share mine sales",
    "saved unshare mine sales",
    "saved schedule mine --every 1h",
    "saved refresh mine",
    "saved delete mine --yes",
    "mcp install --print",
    "auth login --email ann@example.com",
    "auth logout",
    "auth whoami",
    "auth password",
    "auth import-token",
    "auth sessions list",
    "auth sessions end x",
    "auth sessions end-others",
    "auth token create --name ci",
    "auth token list",
    "auth token revoke ci",
    "admin user add bob@example.com",
    "admin user list",
    "admin user access bob@example.com",
    "admin user activate bob@example.com",
    "admin user deactivate bob@example.com",
    "admin user set-password bob@example.com",
    "admin user reset-password bob@example.com",
    "admin user reset-second-factor bob@example.com",
    "admin user remove bob@example.com --yes",
    "admin group list",
    "admin group create sales",
    "admin group rename sales selling",
    "admin group delete sales",
    "admin group members sales",
    "admin group add-member sales bob@example.com",
    "admin group remove-member sales bob@example.com",
    "admin grant list",
    "admin grant create sales table orders",
    "admin grant delete 7",
    "admin grant resource-types",
    "admin access-request list",
    "admin access-request approve 7",
    "admin access-request deny 7",
    "admin token list",
    "admin token revoke ci",
    "admin table list",
    "admin table register orders --source-type local",
    "admin table update orders --description x",
    "admin table types orders",
    "admin table unregister orders",
    "admin table discover",
    "admin table upload orders.csv",
    "admin metric import metrics",
    "admin metric export",
    "admin metric validate",
    "admin metric delete finance/revenue",
    "admin metadata show orders",
    "admin metadata apply proposal.json",
    "admin catalog-export",
    "admin sync",
    "admin audit list",
    "admin audit verify",
    "admin access-log",
    "admin signing-key rotate",
    "admin second-factor-key rotate",
    "admin break-glass grant-admin bob@example.com --yes",
    "sync status",
    "setup bootstrap ann@example.com",
    "setup test-connection",
    "setup first-sync",
    "setup verify",
    "self update",
];

/// What is tested elsewhere: roles of the server, what needs no server, and what goes on until it is stopped.
const ELSEWHERE: &[&str] = &[
    "serve",
    "schedule",
    "extract files",
    "extract custom",
    "extract materialize",
    "extract keboola",
    "rebuild",
    "setup init",
    "server status",
    "server logs",
    "server restart",
    "server deploy",
    "server rollback",
    "server backup",
    "skills list",
    "skills show",
    "completions",
    "man",
    "shell",
];

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
    let is_named = |leaf: &String| {
        COMMANDS.iter().chain(ELSEWHERE).any(|command| {
            command.strip_prefix(leaf.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    };
    let forgotten: Vec<_> = found.iter().filter(|leaf| !is_named(leaf)).collect();
    assert!(found.len() > 90 && forgotten.is_empty(), "{forgotten:?}");
}

/// The exit code and the kind of error, such as `7 server_unreachable`.
fn outcome(sandbox: &Sandbox, command: &str) -> String {
    let args: Vec<&str> = command.split(' ').chain(["--json"]).collect();
    let ran = sandbox.run(&args);
    let all = format!("{}{}", ran.stdout, ran.stderr);
    for trace in ["panicked", "RUST_BACKTRACE", "stack backtrace", "<html"] {
        assert!(!all.contains(trace), "{command}: {}", ran.text);
    }
    let error: Option<Value> = ran.stderr.lines().find_map(|line| serde_json::from_str(line).ok());
    let Some(error) = error else {
        if !ran.stdout.is_empty() {
            ran.json();
        }
        assert!(ran.code == 0 || !ran.stdout.is_empty(), "{command}: {}", ran.text);
        return format!("{}", ran.code);
    };
    let error = &error["error"];
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{command}: {}", ran.text);
    assert_ne!(ran.code, 0, "{command}: {}", ran.text);
    format!("{} {}", ran.code, error["kind"].as_str().unwrap())
}

#[test]
fn every_command_fails_with_a_code_and_a_kind() {
    let refusing = StandIn::start();
    refusing.answer_everything(403, json!({"detail": "Not for you"}));
    let page = StandIn::start();
    page.answer_everything(200, "<!DOCTYPE html><html><body>Sign in to the network</body></html>".into());
    let strict = StandIn::start();
    let unreachable = "http://127.0.0.1:1";
    let surroundings: [(&str, Sandbox); 5] = [
        ("no settings", Sandbox::signed_out("")),
        ("no server", Sandbox::behind(unreachable)),
        ("refused", Sandbox::signed_in(&refusing)),
        ("a page", Sandbox::signed_in(&page)),
        ("bad token", Sandbox::with_token(&strict.url, "a.b.c")),
    ];
    let columns: Vec<Vec<String>> = std::thread::scope(|scope| {
        let running = surroundings.each_ref().map(|(_, sandbox)| {
            scope.spawn(move || COMMANDS.iter().map(|command| outcome(sandbox, command)).collect::<Vec<_>>())
        });
        running.into_iter().map(|column| column.join().unwrap()).collect()
    });
    let mut table = format!("{:<50}", "");
    surroundings.iter().for_each(|(name, _)| table.push_str(&format!(" | {name:<22}")));
    for (row, command) in COMMANDS.iter().enumerate() {
        table.push_str(&format!("\n{command:<50}"));
        columns.iter().for_each(|column| table.push_str(&format!(" | {:<22}", column[row])));
    }
    let table = table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(table);
}
