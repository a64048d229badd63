//! Starting where something is wrong: exit code 1, a word on what to do, and nothing is changed.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::http::Http;
use crate::mount::Mount;
use crate::program::Serving;
use crate::{SCHEDULER, assert_refused, contents, place, temporary_files};

#[test]
fn a_broken_instance_yaml_is_named_with_its_line() {
    let place = place();
    let config = place.dir.path().join("config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("instance.yaml"), "instance:\n  name: Acme\ndata_source: [local\nmore: 1\n").unwrap();
    let ran = place.run(&["serve"]);
    let path = config.join("instance.yaml").display().to_string();
    assert_refused(&ran, &[&path, "is not valid YAML", "line "]);
    std::fs::write(config.join("instance.yaml"), "instance:\n  name: Acme\ndata_source: local\n").unwrap();
    assert_refused(&place.run(&["serve"]), &[&path, "data_source"]);
    assert!(!place.data_dir().exists());
}

#[test]
fn a_port_that_cannot_be_had() {
    let place = place();
    assert_refused(
        &crate::program::finish(place.command(&["serve"]).env("AGNES_PORT", "abc"), ""),
        &["AGNES_PORT must be a whole number, not 'abc'"],
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = crate::program::finish(place.command(&["serve"]).env("AGNES_PORT", &port), "");
    assert_refused(&ran, &[&format!("port {port} on 127.0.0.1 is already in use"), "--port"]);
    let ran = place.run(&["serve", "--host", "192.0.2.1"]);
    assert_refused(&ran, &["cannot listen on 192.0.2.1", "--host"]);
    assert!(!place.data_dir().exists());
}

#[test]
fn a_second_server_names_the_first() {
    let place = place();
    let server = place.serve(&[]);
    let before = contents(&place.data_dir().join("state"));
    let ran = place.run(&["serve"]);
    assert_refused(&ran, &["is in use by another Agnes process", &format!("process {}", server.child.id())]);
    assert_eq!(contents(&place.data_dir().join("state")), before);
    let http = Http::new(&server.url, SCHEDULER);
    assert_eq!(http.post("/api/admin/groups", &json!({"name": "still here"})).status, 201);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}

#[test]
fn a_stop_is_orderly() {
    let place = place();
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    assert_eq!(http.post("/api/admin/groups", &json!({"name": "merged"})).status, 201);
    let started = Instant::now();
    let (code, log) = server.end(Signal::TERM);
    assert_eq!(code, Some(0), "{log}");
    // An idle connection is open; the limit for requests is 10 s.
    assert!(started.elapsed().as_secs() < 12, "{:?}", started.elapsed());
    assert!(log.contains("told to stop by SIGTERM") && log.contains("\"msg\":\"stopped\""), "{log}");
    let state = place.data_dir().join("state");
    assert!(state.join("system.duckdb").exists() && !state.join("system.duckdb.wal").exists());
    assert_eq!(temporary_files(&place.data_dir()), [""; 0]);
}

#[test]
fn a_server_that_logs_errors_only_goes_on() {
    let place = place();
    let mut command = place.command(&["serve"]);
    // And the line with the address.
    let server = Serving::start(command.env("LOG_LEVEL", "agnes::server::start=info,error"));
    for name in ["a", "b", "c", "d"] {
        let http = Http::new(&server.url, SCHEDULER);
        assert_eq!(http.post("/api/admin/groups", &json!({ "name": name })).status, 201);
    }
    let (code, log) = server.end(Signal::TERM);
    assert!(code == Some(0) && !log.contains("told to stop"), "{log}");
}

#[test]
fn the_demo_leaves_other_data_alone() {
    let place = place();
    let folder = place.data_dir().join("uploads/tables");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mine.csv"), "a\n1\n").unwrap();
    let before = contents(&folder);
    assert_refused(&place.run(&["serve", "--demo"]), &["holds data already", "start without --demo"]);
    assert_eq!(contents(&folder), before);

    let place = crate::place();
    let server = place.serve(&[]);
    let users = Http::new(&server.url, SCHEDULER).get("/api/users").json();
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    assert_refused(&place.run(&["serve", "--demo"]), &["holds data already"]);
    assert!(!place.data_dir().join("uploads").exists());
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    assert_eq!(http.get("/api/users").json(), users, "no demo account was made");
    assert_eq!(http.get("/api/admin/registry").json()["count"], 0);
}

#[test]
fn an_interrupted_demo_is_filled_again() {
    let place = crate::program::Place::new(&[]);
    let marker = place.data_dir().join("state/demo");
    for milliseconds in [300, 600, 900] {
        let mut child =
            place.command(&["serve", "--demo"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A kill at some moment of the fill is what is tested.
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        if marker.exists() {
            break;
        }
    }
    let _ = std::fs::remove_file(marker);
    let server = place.serve(&["--demo"]);
    let token = server.wait_for("Token        ", 1);
    let token = token.split_whitespace().nth(1).unwrap();
    let manifest = Http::new(&server.url, token).get("/api/sync/manifest").json();
    assert_eq!(manifest["tables"].as_object().unwrap().len(), 5);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let place = crate::program::Place::new(&[]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = place.command(&["serve", "--demo"]).stdout(Stdio::piped()).stderr(full).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut after = |label: &str| said.find_map(|line| Some(line.strip_prefix(label)?.trim().to_owned())).unwrap();
    let (url, token) = (after("Agnes demo"), after("Token"));
    let http = Http::new(&url, token.split_whitespace().next().unwrap());
    assert_eq!(http.post("/api/admin/groups", &json!({"name": "logged to nowhere"})).status, 201);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_data_dir_that_cannot_be_written() {
    let place = place();
    std::fs::write(place.data_dir(), "a file where the directory should be").unwrap();
    assert_refused(&place.run(&["serve"]), &[&place.data_dir().display().to_string()]);
    assert_eq!(std::fs::read_to_string(place.data_dir()).unwrap(), "a file where the directory should be");

    let place = crate::place();
    let Some(mount) = Mount::tmpfs(&place.data_dir(), "size=64m") else { return };
    let server = place.serve(&[]);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    let before = contents(&place.data_dir());
    mount.remount("ro");
    let ran = place.run(&["serve"]);
    assert_refused(&ran, &["cannot write to", &place.data_dir().display().to_string(), "writable directory"]);
    assert_eq!(contents(&place.data_dir()), before);
}
