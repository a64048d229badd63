//! How calls and the program end: a client that cancels, a pipe that closes, one that says nothing sensible.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{PATIENCE, wait};
use crate::session::{Desk, MODES};

/// Takes longer than any test.
const ENDLESS: &str = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b";

/// `agnes mcp` without the client, for what no client does.
struct Raw {
    child: Child,
    lines: Receiver<String>,
}

impl Raw {
    fn start(desk: &Desk) -> Self {
        let mut command = desk.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    fn initialized(desk: &Desk) -> Self {
        let mut raw = Self::start(desk);
        raw.send(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
        }}));
        assert_eq!(raw.next()["result"]["serverInfo"]["name"], "agnes");
        raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        raw
    }

    fn write(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn send(&mut self, message: &Value) {
        self.write(&format!("{message}\n"));
    }

    fn call(&mut self, id: u32, name: &str, arguments: &Value) {
        let params = json!({"name": name, "arguments": arguments});
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}));
    }

    /// The next message; every line is one.
    fn next(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Processor time so far, in ticks.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn wait_until(&self, what: &str, is_reached: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_reached(self) {
            assert!(Instant::now() < deadline, "{what}");
        }
    }

    /// Waits until a statement is at work.
    fn wait_for_work(&self) {
        let before = self.ticks();
        self.wait_until("nothing is computed", |raw| raw.ticks() > before + 30);
    }

    fn is_idle(&self) -> bool {
        let before = self.ticks();
        std::thread::sleep(Duration::from_millis(300));
        self.ticks() <= before + 1
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_cancelled_statement_stops() {
    let desk = Desk::new();
    let mut raw = Raw::initialized(&desk);
    raw.call(1, "query", &json!({"sql": ENDLESS, "scope": "local"}));
    raw.wait_for_work();
    raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}));
    raw.wait_until("it goes on", Raw::is_idle);
    // There is no answer to it, and others are answered.
    raw.call(2, "query", &json!({"sql": "SELECT 1", "scope": "local"}));
    assert_eq!(raw.next()["id"], 2);
}

#[test]
fn the_official_client_cancels() {
    let desk = Desk::new();
    for mode in MODES {
        let mut session = desk.session(mode, &[]);
        // More than run at once, so that the last call waits for those that are cancelled.
        for id in 0..6 {
            let arguments = json!({"sql": ENDLESS, "scope": "local"});
            session.step(&json!({"do": "begin", "id": id, "name": "query", "arguments": arguments}));
        }
        for id in 0..6 {
            assert_eq!(session.step(&json!({"do": "cancel", "id": id}))["cancelled"], true);
        }
        let (rows, _) = session.data("query", json!({"sql": "FROM mine", "scope": "local"}));
        assert_eq!(rows["rows"], json!([[42]]));
    }
}

/// A server that takes a request and never answers learns that nobody waits.
#[test]
fn a_cancelled_request_is_closed() {
    let desk = Desk::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut session = desk.session("auto", &[("AGNES_SERVER", &url), ("AGNES_TOKEN", "a-token")]);
    let calls = [
        ("query", json!({"sql": "SELECT 1", "scope": "remote"})),
        ("search_catalog", json!({"query": "flights"})),
        ("describe_table", json!({"table": "flights"})),
        ("run_metric", json!({"id": "finance/revenue"})),
        ("pull", json!({})),
    ];
    for (id, (name, arguments)) in calls.into_iter().enumerate() {
        session.step(&json!({"do": "begin", "id": id, "name": name, "arguments": arguments}));
        let (mut connection, _) = silent.accept().unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut buffer = [0; 4096];
        assert!(connection.read(&mut buffer).unwrap() > 0, "the request of {name}");
        session.step(&json!({"do": "cancel", "id": id}));
        while connection.read(&mut buffer).unwrap() > 0 {}
    }
}

#[test]
fn the_program_ends_with_its_input_whatever_runs() {
    let desk = Desk::new();
    let mut raw = Raw::initialized(&desk);
    raw.call(1, "query", &json!({"sql": ENDLESS, "scope": "local"}));
    raw.wait_for_work();
    let closed = Instant::now();
    drop(raw.child.stdin.take());
    assert_eq!(wait(&mut raw.child), Some(0));
    assert!(closed.elapsed() < Duration::from_secs(4), "{:?}", closed.elapsed());

    // Nor does it wait when it was never spoken to.
    let mut silent = Raw::start(&desk);
    drop(silent.child.stdin.take());
    assert_eq!(wait(&mut silent.child), Some(0));
}

#[test]
fn nonsense_does_not_end_it() {
    let desk = Desk::new();
    let mut raw = Raw::initialized(&desk);
    for nonsense in
        ["\n", "{}\n", "not json\n", "[]\n", "{\"jsonrpc\": \"2.0\"}\n", "\"x\"\n", "{\"jsonrpc\":\"2.0\",\"id\":9}\n"]
    {
        raw.write(nonsense);
    }
    raw.send(&json!({"jsonrpc": "2.0", "id": 5, "method": "no/such/method"}));
    raw.send(&json!({"jsonrpc": "2.0", "id": 6, "method": "tools/call", "params": {"name": 7}}));
    raw.call(7, "query", &json!({"sql": "SELECT 1", "scope": "local"}));
    let mut answered = std::collections::BTreeMap::new();
    while !answered.contains_key("7") {
        let message = raw.next();
        answered.insert(message["id"].to_string(), message);
    }
    assert!(answered["5"]["error"]["code"].is_number(), "{answered:?}");
    assert_eq!(answered["7"]["result"]["structuredContent"]["rows"], json!([[1]]));
}

/// Nothing is opened or asked before it is needed. Counted in processor time, since other tests run beside this one.
#[test]
fn it_starts_at_once() {
    let desk = Desk::new();
    let ticks = Raw::initialized(&desk).ticks();
    assert!(ticks < 10, "{} ms", ticks * 10);
    let made: Vec<_> = std::fs::read_dir(&desk.workspace).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["user"]);
}
