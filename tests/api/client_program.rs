//! Handing out the command line, and the script that installs it, as run by shells.

use std::path::Path;
use std::process::{Command, Output};

use agnes::base::hash::sha256_file;
use agnes::protocol::client_program::{this_arch, this_os};
use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

/// A program for this platform that says its version, and takes `setup init`.
const PROGRAM: &str = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'agnes 9.9.9' || echo \"$*\" >> \"$HOME/called\"\n";

fn own_name(version: &str) -> String {
    format!("agnes-{version}-{}-{}", this_os(), this_arch())
}

/// A server with these files in its directory of programs.
async fn offering(files: &[(&str, &str)]) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let dir = folder.path().to_str().unwrap().to_owned();
    (TestApp::start_with(&[("AGNES_CLI_DIST_DIR", &dir), ("SERVER_URL", "")]).await, folder)
}

#[tokio::test]
async fn a_server_alone_offers_its_own_program() {
    let app = TestApp::start().await;
    let latest = app.get("/cli/latest").await.ok();
    assert_eq!(latest["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&latest["wheel_filename"], &latest["download_url_path"]), (&json!(null), &json!(null)));
    let binary = &latest["binaries"][0];
    let program = Path::new(env!("CARGO_BIN_EXE_agnes"));
    assert_eq!(binary["sha256"], sha256_file(program).unwrap());
    assert_eq!(binary["size"], std::fs::metadata(program).unwrap().len());
    let path = binary["download_url_path"].as_str().unwrap();
    let asked = app.get(&format!("/cli/latest?os={}&arch={}", this_os(), this_arch())).await.ok();
    assert_eq!(asked["download_url_path"], path);
    let other = app.get("/cli/latest?os=plan9&arch=mips").await.ok();
    assert_eq!(other["download_url_path"], json!(null));

    let sum = app.get(&format!("{path}.sha256")).await;
    assert_eq!(
        sum.text(),
        format!("{}  {}\n", binary["sha256"].as_str().unwrap(), binary["filename"].as_str().unwrap())
    );
    let part = app.get_with(path, &[("range", "bytes=0-3"), ("accept-encoding", "gzip")]).await;
    assert_eq!((part.status.as_u16(), &part.body[..]), (206, &b"\x7fELF"[..]));
    let etag = part.header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", binary["sha256"].as_str().unwrap()));
    assert_eq!(app.get_with(path, &[("if-none-match", &etag)]).await.status, 304);
    assert_eq!(app.send(app.request(Method::HEAD, path)).await.status, 200);
    for nothing in ["/cli/bin/agnes", "/cli/bin/..%2fagnes", "/cli/wheel/x.whl", "/cli/agnes.whl"] {
        assert_eq!(app.get(nothing).await.status, 404, "{nothing}");
    }
    let missing = app.get("/cli/download?os=windows&arch=aarch64").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["detail"]["reason"], "cli_platform_unavailable");
}

#[tokio::test]
async fn programs_for_other_platforms_come_from_a_directory() {
    let wheel = "agnes_the_ai_analyst-0.36.0-py3-none-any.whl";
    let (app, folder) = offering(&[("agnes-0.2.0-darwin-aarch64", "mac"), (wheel, "wheel"), ("notes.txt", "x")]).await;
    let latest = app.get("/cli/latest").await.ok();
    assert_eq!(latest["wheel_filename"], wheel);
    assert_eq!(latest["download_url_path"], format!("/cli/wheel/{wheel}"));
    assert_eq!(latest["binaries"].as_array().unwrap().len(), 2, "{latest}");
    assert_eq!(app.get("/cli/download").await.text(), "wheel");
    let mac = app.get("/cli/download?os=darwin&arch=aarch64").await;
    assert_eq!(
        (mac.text(), mac.header("content-disposition")),
        ("mac", "attachment; filename=\"agnes-0.2.0-darwin-aarch64\"")
    );

    std::fs::write(folder.path().join("agnes-0.3.0-darwin-aarch64"), "newer").unwrap();
    assert_eq!(app.get("/cli/download?os=darwin&arch=aarch64").await.text(), "newer");
    assert_eq!(app.get("/cli/bin/agnes-0.2.0-darwin-aarch64").await.status, 404);
}

#[tokio::test]
async fn a_script_names_no_address_that_could_be_code() {
    let app = TestApp::start_with(&[("SERVER_URL", "")]).await;
    for host in ["a'b", "a$(id)", "a`id`", "a b", "user@a"] {
        let answer = app.get_with("/cli/install.sh", &[("host", host)]).await;
        assert_eq!(answer.status, 400, "{host}: {answer}");
    }
    let configured = TestApp::start_with(&[("SERVER_URL", "https://agnes.example.com")]).await;
    let script = configured.get_with("/cli/install.sh", &[("host", "evil.example")]).await;
    assert!(
        script.text().contains("server='https://agnes.example.com'") && !script.text().contains("evil"),
        "{script}"
    );
    let script = configured.get("/cli/install.ps1").await;
    assert!(script.text().contains("$server = 'https://agnes.example.com'"), "{script}");
}

/// Runs the script with a home of its own.
async fn install(app: &TestApp, shell: &str, home: &Path, env: &[(&str, &str)]) -> Output {
    let script = app.get("/cli/install.sh").await;
    assert_eq!(script.status, 200, "{script}");
    let mut command = Command::new(shell);
    command.arg("-s").env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").env("NO_PROXY", "*");
    command.envs(env.iter().copied());
    run(command, script.text().to_owned()).await
}

/// Feeds a script to a shell, as `curl … | sh` does.
async fn run(mut command: Command, script: String) -> Output {
    use std::io::Write;
    use std::process::Stdio;
    tokio::task::spawn_blocking(move || {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    })
    .await
    .unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn the_script_installs_in_every_shell_and_replaces_a_link() {
    let (app, _folder) = offering(&[(&own_name("9.9.9"), PROGRAM)]).await;
    for shell in ["sh", "bash"] {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join(".local/bin");
        std::fs::create_dir_all(&bin).unwrap();
        let old = home.path().join("old");
        std::fs::write(&old, "the older version").unwrap();
        std::os::unix::fs::symlink(&old, bin.join("agnes")).unwrap();
        let output = install(&app, shell, home.path(), &[]).await;
        assert!(output.status.success(), "{shell}: {}", text(&output));
        assert!(
            text(&output).contains("Installed agnes 9.9.9") && text(&output).contains("export PATH="),
            "{}",
            text(&output)
        );
        assert_eq!(std::fs::read_to_string(bin.join("agnes")).unwrap(), PROGRAM);
        assert!(!bin.join("agnes").is_symlink());
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "the older version", "not written through the link");
        let called = std::fs::read_to_string(home.path().join("called")).unwrap();
        assert_eq!(called, format!("setup init --server {}\n", app.url));
        assert_eq!(std::fs::read_dir(&bin).unwrap().count(), 1, "nothing else is left");
    }
}

#[tokio::test]
async fn what_is_not_the_program_is_not_installed() {
    let name = own_name("9.9.9");
    let (app, folder) = offering(&[(&name, PROGRAM)]).await;
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin dir");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("agnes"), "the previous one").unwrap();
    let env = [("AGNES_INSTALL_DIR", bin.to_str().unwrap())];
    let script = app.get("/cli/install.sh").await.text().to_owned();
    let previous = || {
        assert_eq!(std::fs::read_to_string(bin.join("agnes")).unwrap(), "the previous one");
        assert_eq!(std::fs::read_dir(&bin).unwrap().count(), 1, "nothing else is left");
    };

    // Other bytes than those of the script's checksum.
    std::fs::write(folder.path().join(&name), PROGRAM.replace("9.9.9", "6.6.6")).unwrap();
    let mut command = Command::new("sh");
    command.arg("-s").env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").env("NO_PROXY", "*").envs(env);
    let output = run(command, script.clone()).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("error: what was downloaded is not the program"), "{}", text(&output));
    previous();

    // A program that does not run.
    std::fs::write(folder.path().join(&name), "#!/bin/sh\necho broken; exit 3\n").unwrap();
    let output = install(&app, "sh", home.path(), &env).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("error: the program does not run on this machine: broken"), "{}", text(&output));
    previous();

    // A script that arrived in part does nothing.
    let mut command = Command::new("sh");
    command.arg("-s").env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").envs(env);
    let output = run(command, script[..script.len() * 2 / 3].to_owned()).await;
    assert!(!text(&output).contains("Installed"), "{}", text(&output));
    previous();

    let (none, _folder) = offering(&[]).await;
    drop(app);
    let missing = none.get("/cli/bin/agnes-9.9.9-linux-x86_64").await;
    assert_eq!(missing.status, 404);
}

/// A copy of the program, which may replace itself, and a home for it.
fn copied() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_agnes"), home.path().join("agnes")).unwrap();
    home
}

async fn agnes(home: &Path, app: &TestApp, args: &[&str]) -> Output {
    let mut command = Command::new(home.join("agnes"));
    command.args(args).env_clear().env("HOME", home).env("AGNES_SERVER", &app.url).env("NO_PROXY", "*");
    command.env("AGNES_TOKEN", app.admin().await.token());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_program_updates_itself_if_what_comes_is_right() {
    let name = own_name("9.9.9");
    let (app, folder) = offering(&[(&name, PROGRAM)]).await;
    let home = copied();
    let check = agnes(home.path(), &app, &["self", "update", "--check", "--json"]).await;
    let check: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!((&check["latest"], &check["update_available"]), (&json!("9.9.9"), &json!(true)));

    // Every other command says so once a day.
    let first = text(&agnes(home.path(), &app, &["catalog"]).await);
    assert!(first.contains("[update] agnes 0.1.0 is out of date; this server has 9.9.9."), "{first}");
    assert!(!text(&agnes(home.path(), &app, &["catalog"]).await).contains("[update]"));

    // A program that does not run changes nothing.
    std::fs::write(folder.path().join(&name), "#!/bin/sh\nexit 3\n").unwrap();
    let failed = agnes(home.path(), &app, &["self", "update"]).await;
    assert!(!failed.status.success() && text(&failed).contains("does not run on this machine"), "{}", text(&failed));
    assert!(text(&agnes(home.path(), &app, &["--version"]).await).starts_with("agnes 0.1.0"));

    std::fs::write(folder.path().join(&name), PROGRAM).unwrap();
    let updated = agnes(home.path(), &app, &["self", "update"]).await;
    assert!(updated.status.success() && text(&updated).contains("Updated to agnes 9.9.9"), "{}", text(&updated));
    assert_eq!(std::fs::read_to_string(home.path().join("agnes")).unwrap(), PROGRAM);
    assert_eq!(
        sha256_file(&home.path().join("agnes.previous")).unwrap(),
        sha256_file(Path::new(env!("CARGO_BIN_EXE_agnes"))).unwrap()
    );
}

#[tokio::test]
async fn an_update_can_be_taken_back() {
    let app = TestApp::start_with(&[("SERVER_URL", "")]).await;
    let home = copied();
    let same = agnes(home.path(), &app, &["self", "update"]).await;
    assert!(text(&same).contains("is up to date"), "{}", text(&same));
    let nothing = agnes(home.path(), &app, &["self", "update", "--rollback"]).await;
    assert!(!nothing.status.success() && text(&nothing).contains("no previous version"), "{}", text(&nothing));
    // Something that shows which of the two it is.
    let mark = std::fs::metadata(home.path().join("agnes")).unwrap().modified().unwrap();
    let forced = agnes(home.path(), &app, &["self", "update", "--force"]).await;
    assert!(forced.status.success(), "{}", text(&forced));
    assert_ne!(std::fs::metadata(home.path().join("agnes")).unwrap().modified().unwrap(), mark);
    let back = agnes(home.path(), &app, &["self", "update", "--rollback"]).await;
    assert!(back.status.success(), "{}", text(&back));
    assert_eq!(std::fs::metadata(home.path().join("agnes")).unwrap().modified().unwrap(), mark);
}
