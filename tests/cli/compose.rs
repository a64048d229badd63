//! `agnes server` with programs in place of docker and kamal that write down how they were called.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::sandbox::{Ran, Sandbox};

/// Writes its name and arguments, one on each line, to $CALLS; what $DOES says comes after that.
const PROGRAM: &str = "#!/bin/sh
{ echo \"${0##*/}\"; for argument in \"$@\"; do echo \"$argument\"; done; } >> \"$CALLS\"
eval \"$DOES\"
";

struct Host {
    sandbox: Sandbox,
    programs: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        let programs = tempfile::tempdir().unwrap();
        for name in ["docker", "kamal"] {
            let path = programs.path().join(name);
            std::fs::write(&path, PROGRAM).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { sandbox: Sandbox::signed_out("http://127.0.0.1:1"), programs }
    }

    fn run(&self, args: &[&str], does: &str) -> Ran {
        let mut command = self.sandbox.command(&[&["server"], args].concat());
        command.env("PATH", self.programs.path()).env("CALLS", self.calls()).env("DOES", does);
        self.sandbox.finished(command.output().unwrap())
    }

    fn calls(&self) -> std::path::PathBuf {
        self.programs.path().join("calls")
    }

    /// What was called since the last time, with spaces between the words.
    fn called(&self) -> String {
        let calls = std::fs::read_to_string(self.calls()).unwrap_or_default();
        let _ = std::fs::remove_file(self.calls());
        calls.lines().collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn arguments_reach_the_programs_as_they_are() {
    let host = Host::new();
    for (args, expected) in [
        (&["status"][..], "docker compose ps"),
        (&["logs"], "docker compose logs app --tail 100"),
        (
            &["logs", "scheduler", "-f", "--since", "1h; rm -rf x", "-n", "5"],
            "docker compose logs scheduler --tail 5 --since 1h; rm -rf x --follow",
        ),
        (&["restart"], "docker compose restart app"),
        (&["restart", "scheduler"], "docker compose restart scheduler"),
        (&["deploy"], "kamal deploy"),
        (&["deploy", "--staging"], "kamal deploy -d staging"),
        (&["rollback"], "kamal rollback"),
        (&["rollback", "abc123"], "kamal rollback abc123"),
    ] {
        let ran = host.run(args, "");
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}: {}", ran.text);
        assert_eq!(host.called(), expected);
    }
    assert_eq!(host.run(&["restart"], "").stdout, "Restarted app\n");
    host.called();
    for args in [&["restart", "--", "-t"][..], &["logs", "a b"], &["logs", "--tail", "many"], &["logs", "-f", "--json"]]
    {
        assert_eq!(host.run(args, "").code, 2, "{args:?}");
        assert_eq!(host.called(), "");
    }
}

#[test]
fn the_result_is_that_of_the_program() {
    let host = Host::new();
    let ran = host.run(&["status"], "echo running; echo careful >&2; exit 3");
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (3, "running\n", "careful\n"));
    let ran = host.run(&["restart"], "exit 14");
    assert_eq!((ran.code, ran.stdout.as_str()), (14, ""));
    assert_eq!(host.run(&["deploy"], "kill -TERM $$").code, 143);
    let ran = host.run(&["status", "--json"], "echo running; exit 3");
    let expected = json!({"command": ["docker", "compose", "ps"], "exit_code": 3, "output": "running\n"});
    assert_eq!((ran.code, ran.json()), (3, expected));
}

#[test]
fn a_missing_program_is_named() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let run = |args: &[&str]| sandbox.finished(sandbox.command(args).env("PATH", sandbox.home()).output().unwrap());
    insta::assert_snapshot!(run(&["server", "status"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Error: docker is not installed
      hint: Install Docker with its compose plugin, or run the server without
        containers: agnes serve
    ");
    insta::assert_snapshot!(run(&["server", "deploy"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Error: kamal is not installed
      hint: Install kamal, or deploy with: docker compose up -d
    ");
    assert_eq!(run(&["server", "backup"]).code, 1);
    assert_eq!(std::fs::read_dir(sandbox.workspace.join("backup")).unwrap().count(), 0);
}

/// What `docker compose cp` does: the last argument becomes a copy of the folder.
const COPIES: &str = "for to; do :; done; /bin/mkdir \"$to\"; echo x > \"$to/system.duckdb\"";

#[test]
fn a_backup_is_there_only_if_it_was_copied() {
    let host = Host::new();
    let ran = host.run(&["backup", "--output", "copies of it"], COPIES);
    assert_eq!(ran.code, 0, "{}", ran.text);
    let files = host.sandbox.files();
    let [file] = &files[..] else { panic!("{files:?}") };
    let directory = file.strip_suffix("/state/system.duckdb").unwrap();
    assert_eq!(ran.stdout, format!("Backup saved to {directory}\n"));
    let called = host.called();
    assert_eq!(called, format!("docker compose cp app:/data/state/ {directory}/state/"));
    let digits: String =
        directory.chars().map(|character| if character.is_ascii_digit() { '9' } else { character }).collect();
    assert_eq!(digits, "copies of it/backup_99999999_999999");

    for (does, code) in [(format!("{COPIES}; exit 9"), 9), (String::new(), 1)] {
        let ran = host.run(&["backup", "--output", "failed"], &does);
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{}", ran.text);
        assert!(ran.stderr.contains("so there is no backup"), "{}", ran.text);
        assert_eq!(std::fs::read_dir(host.sandbox.workspace.join("failed")).unwrap().count(), 0);
    }
    std::fs::write(host.sandbox.workspace.join("file"), "").unwrap();
    let ran = host.run(&["backup", "--output", "file"], COPIES);
    assert!(ran.code == 1 && ran.stderr.contains("--output DIR"), "{}", ran.text);
}
