//! `agnes shell`, from a script and on a terminal.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::StandIn;

fn pulled() -> (StandIn, Sandbox) {
    let server = StandIn::start();
    server.offer("weather", &parquet("SELECT i AS id, 'day ' || i AS label FROM range(3) t(i)"));
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    (server, sandbox)
}

#[test]
fn statements_and_commands_of_a_script_run_in_order() {
    let (_server, sandbox) = pulled();
    let script = "\
-- two lines; one statement
SELECT count(*) AS n,
       'a;b' AS text FROM weather;
.mode csv
.tables
SELECT id, label FROM weather ORDER BY id DESC LIMIT 2
;
.output rows.csv
SELECT * FROM weather ORDER BY id;
.mode json
.limit 1
SELECT id FROM weather ORDER BY id";
    insta::assert_snapshot!(sandbox.run_with_input(&["shell"], script).text, @r#"
    exit 0
    --- stdout
    ┌───┬──────┐
    │ n │ text │
    ├───┼──────┤
    │ 3 │ a;b  │
    └───┴──────┘
    weather
    id,label
    2,day 2
    1,day 1
    Wrote 3 rows to rows.csv (33.0 B).
    [
      {
        "id": 0
      }
    ]
    --- stderr
    (the next result is shown again)
    (truncated at 1 rows)
    "#);
    assert_eq!(
        std::fs::read_to_string(sandbox.workspace.join("rows.csv")).unwrap(),
        "id,label\n0,day 0\n1,day 1\n2,day 2\n"
    );
}

#[test]
fn a_script_ends_with_its_first_error() {
    let (_server, sandbox) = pulled();
    let ran = sandbox
        .run_with_input(&["shell", "-f", "csv"], "SELECT 1 AS a;\nSELECT nothing FROM weather;\nSELECT 2 AS b;\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "a\n1\n"), "{}", ran.text);
    assert!(ran.stderr.contains("nothing"), "{}", ran.text);
    let ran = sandbox.run_with_input(&["shell"], ".nonsense\n");
    assert!(ran.code == 1 && ran.stderr.contains(".help lists the commands"), "{}", ran.text);
    let ran = sandbox.run_with_input(&["shell"], "CREATE TABLE x AS SELECT 1;\n");
    assert!(ran.code == 1 && ran.stderr.contains("read-only"), "{}", ran.text);
}

#[test]
fn on_a_terminal_names_are_completed_and_lines_are_kept() {
    let (_server, sandbox) = pulled();
    let base = sandbox.command(&[]);
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &format!("exec '{}' shell -f csv", env!("CARGO_BIN_EXE_agnes")), "/dev/null"]);
    terminal.env_clear().env("PATH", "/usr/bin:/bin").env("TERM", "xterm").current_dir(&sandbox.workspace);
    terminal.envs(base.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = sandbox.spawn(terminal.stdin(Stdio::piped()));
    let mut keys = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let mut text = String::new();
    // What is typed while a statement runs is lost, so the next keys wait for its result.
    let mut until = |part: &str| {
        let mut piece = [0; 4096];
        while !text.contains(part) {
            let read = screen.read(&mut piece).unwrap();
            assert_ne!(read, 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
    };
    until("agnes> ");
    keys.write_all(b"SELECT count(*) + 40 AS answer\rFROM wea\t;\r").unwrap();
    until("answer\r\n43\r\n");
    until(" ms)");
    keys.write_all(b".quit\r").unwrap();
    assert!(child.wait().unwrap().success());
    let history = std::fs::read_to_string(sandbox.home().join(".config/agnes/history")).unwrap();
    assert!(history.contains("weather"), "{history}");
}
