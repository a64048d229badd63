//! Handing out the command line, and how it updates itself.

use std::path::Path;
use std::process::{Command, Output};

use agnes::base::hash::sha256_file;
use agnes::protocol::client_program::{this_arch, this_os};
use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

/// A program for this platform that says its version, and takes `setup init`.
pub const PROGRAM: &str =
    "#!/bin/sh\n[ \"$1\" = --version ] && echo 'agnes 9.9.9' || echo \"$*\" >> \"$HOME/called\"\n";

pub fn own_name(version: &str) -> String {
    format!("agnes-{version}-{}-{}", this_os(), this_arch())
}

/// A server with these files in its directory of programs.
pub async fn offering(files: &[(&str, &str)]) -> (TestApp, tempfile::TempDir) {
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

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
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
