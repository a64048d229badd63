//! Where nothing works: without settings or a server, refused, in front of a page, with a bad token, without a grant.

use serde_json::{Value, json};

use super::masked;
use crate::program::{Place, Serving, finish};
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
    "sync cancel",
    "setup bootstrap ann@example.com",
    "setup test-connection",
    "setup first-sync",
    "setup verify",
    "self update",
];

/// What needs no server, or is tried in other tests.
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

pub fn named() -> Vec<String> {
    COMMANDS.iter().chain(ELSEWHERE).map(|command| (*command).to_owned()).collect()
}

/// Where commands run, and the servers there.
struct Surroundings {
    sandboxes: [(&'static str, Sandbox); 6],
    _stand_ins: [StandIn; 3],
    _serving: (Serving, Place),
}

fn surroundings() -> Surroundings {
    let refusing = StandIn::start();
    refusing.answer_everything(403, json!({"detail": "Not for you"}));
    let page = StandIn::start();
    page.answer_everything(200, "<!DOCTYPE html><html><body>Sign in to the network</body></html>".into());
    let strict = StandIn::start();
    let (serving, place, empty) = empty_workspace();
    Surroundings {
        sandboxes: [
            ("no settings", Sandbox::signed_out("")),
            ("no server", Sandbox::behind("http://127.0.0.1:1")),
            ("refused", Sandbox::signed_in(&refusing)),
            ("a page", Sandbox::signed_in(&page)),
            ("bad token", Sandbox::with_token(&strict.url, "a.b.c")),
            ("nothing granted", empty),
        ],
        _stand_ins: [refusing, page, strict],
        _serving: (serving, place),
    }
}

/// A workspace of somebody who may read nothing, and the server that says so.
fn empty_workspace() -> (Serving, Place, Sandbox) {
    let place = Place::new(&[("SERVER_URL", "")]);
    let server = place.serve(&[]);
    let run = |args: &[&str], input: &str| {
        let ran = finish(place.command(args).env("AGNES_SERVER", &server.url), input);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        ran.stdout.trim_end().to_owned()
    };
    run(&["setup", "bootstrap", "ada@example.com", "--password-stdin"], "a long password 7");
    run(&["admin", "user", "add", "ann@example.com"], "");
    run(&["admin", "user", "set-password", "ann@example.com", "--password-stdin"], "battery staple 22");
    run(&["auth", "login", "--email", "ann@example.com", "--password-stdin"], "battery staple 22");
    let token = run(&["auth", "token", "create", "--name", "laptop", "--raw"], "");
    let sandbox = Sandbox::with_token(&server.url, &token);
    let ran = sandbox.run(&["init", "--server-url", &server.url]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    (server, place, sandbox)
}

/// Runs `each` for every command, in all surroundings at the same time.
fn in_all<T: Send>(surroundings: &Surroundings, each: impl Fn(&Sandbox, &str) -> T + Sync) -> Vec<Vec<T>> {
    let each = &each;
    std::thread::scope(|scope| {
        let running = surroundings
            .sandboxes
            .each_ref()
            .map(|(_, sandbox)| scope.spawn(move || COMMANDS.iter().map(|it| each(sandbox, it)).collect::<Vec<_>>()));
        running.into_iter().map(|column| column.join().unwrap()).collect()
    })
}

fn shows_no_trace(command: &str, text: &str) {
    for trace in ["panicked", "RUST_BACKTRACE", "stack backtrace", "<html"] {
        assert!(!text.contains(trace), "{command}: {text}");
    }
}

/// The exit code and the kind of error, such as `7 server_unreachable`.
fn outcome(sandbox: &Sandbox, command: &str) -> String {
    let args: Vec<&str> = command.split(' ').chain(["--json"]).collect();
    let ran = sandbox.run(&args);
    shows_no_trace(command, &ran.text);
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
    let surroundings = surroundings();
    let columns = in_all(&surroundings, outcome);
    let mut table = format!("{:<50}", "");
    surroundings.sandboxes.iter().for_each(|(name, _)| table.push_str(&format!(" | {name:<22}")));
    for (row, command) in COMMANDS.iter().enumerate() {
        table.push_str(&format!("\n{command:<50}"));
        columns.iter().for_each(|column| table.push_str(&format!(" | {:<22}", column[row])));
    }
    let table = table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(table);
}

/// Commands, and the surroundings in which they are meant.
type Places<'a> = Vec<(&'a str, Vec<&'a str>)>;

#[test]
fn what_people_read_when_a_command_fails() {
    let surroundings = surroundings();
    let columns = in_all(&surroundings, |sandbox, command| {
        let ran = sandbox.run(&command.split(' ').collect::<Vec<_>>());
        shows_no_trace(command, &ran.text);
        masked(&ran.text)
    });
    // A text comes once, below all commands that show it, with where they do.
    let mut groups: Vec<(String, Places)> = Vec::new();
    for ((name, _), texts) in surroundings.sandboxes.iter().zip(columns) {
        for (command, text) in COMMANDS.iter().zip(texts) {
            let at = groups.iter().position(|(known, _)| *known == text).unwrap_or_else(|| {
                groups.push((text, Vec::new()));
                groups.len() - 1
            });
            let commands = &mut groups[at].1;
            match commands.iter_mut().find(|(known, _)| known == command) {
                Some((_, names)) => names.push(name),
                None => commands.push((command, vec![name])),
            }
        }
    }
    let groups = groups.into_iter().map(|(text, commands)| {
        let commands =
            commands.iter().map(|(command, names)| format!("$ agnes {command:<50} # {}\n", names.join(", ")));
        format!("{}{text}", commands.collect::<String>())
    });
    insta::assert_snapshot!(groups.collect::<Vec<_>>().join("\n"));
}
