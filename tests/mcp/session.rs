//! Somebody at their own machine, and the official client that drives `agnes mcp` there.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use agnes::engine;
use serde_json::{Value, json};

use crate::program::{self, PATIENCE, Place, Ran, Serving};

/// Protocol versions that clients start with: the newest, by discovery, and the ones before, by a handshake.
pub const MODES: [&str; 2] = ["auto", "legacy"];

/// A workspace with a table of its owner's, and no server.
pub struct Desk {
    person: Place,
    pub workspace: PathBuf,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self::with(&[]);
        std::fs::create_dir_all(desk.workspace.join("user/duckdb")).unwrap();
        let own = engine::open(&desk.workspace.join("user/duckdb/analytics.duckdb"), &engine::Limits::small()).unwrap();
        own.execute_batch("CREATE TABLE mine AS SELECT 42 AS answer").unwrap();
        own.close().unwrap();
        desk
    }

    fn with(variables: &[(&str, &str)]) -> Self {
        let person = Place::new(variables);
        let workspace = person.dir.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap();
        Self { person, workspace }
    }

    /// `agnes mcp`, for this person.
    pub fn command(&self) -> Command {
        let mut command = self.person.command(&["mcp"]);
        command.current_dir(&self.workspace);
        command
    }

    pub fn session(&self, mode: &str, env: &[(&str, &str)]) -> Session {
        Session::start(mode, env, &self.workspace)
    }
}

/// A server with the demo's tables, and a person who may read all of them.
pub struct World {
    pub server: Serving,
    pub token: String,
    _host: Place,
    desk: Desk,
    pub workspace: PathBuf,
}

impl World {
    pub fn new() -> Self {
        let host = Place::new(&[]);
        let server = host.serve(&["--demo"]);
        let line = server.wait_for("Token ", 1);
        let token = line.split_whitespace().nth(1).unwrap().to_owned();
        let desk = Desk::with(&[("AGNES_SERVER", &server.url), ("AGNES_TOKEN", &token)]);
        let workspace = desk.workspace.clone();
        Self { server, token, _host: host, desk, workspace }
    }

    pub fn run_with(&self, args: &[&str]) -> Ran {
        program::finish(self.desk.person.command(args).current_dir(&self.workspace), "")
    }

    /// Runs a command that succeeds.
    pub fn run(&self, args: &[&str]) -> String {
        let ran = self.run_with(args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        ran.stdout
    }

    pub fn session(&self, mode: &str) -> Session {
        self.session_with(mode, &[])
    }

    /// With other variables.
    pub fn session_with(&self, mode: &str, variables: &[(&str, &str)]) -> Session {
        let mut env = vec![("AGNES_SERVER", self.server.url.as_str()), ("AGNES_TOKEN", &self.token)];
        env.extend(variables);
        self.desk.session(mode, &env)
    }

    /// A token of somebody who has no grant.
    pub fn stranger(&self) -> String {
        const PASSWORD: &str = "a long password 7";
        let email = "ann@example.com";
        self.run(&["admin", "add-user", email]);
        let set = ["admin", "set-password", email, "--password-stdin"];
        let ran = program::finish(&mut self.desk.person.command(&set), PASSWORD);
        assert_eq!(ran.code, 0, "{ran:?}");
        let home = Place::new(&[("AGNES_SERVER", &self.server.url)]);
        let login = ["auth", "login", "--email", email, "--password-stdin"];
        let ran = program::finish(&mut home.command(&login), PASSWORD);
        assert_eq!(ran.code, 0, "{ran:?}");
        let tokens = std::fs::read_to_string(home.dir.path().join(".config/agnes/tokens.json")).unwrap();
        let tokens: Value = serde_json::from_str(&tokens).unwrap();
        tokens["servers"].as_object().unwrap().values().next().unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    /// A table on the server, from the text of a CSV file.
    pub fn upload(&self, name: &str, csv: &[u8]) {
        let file = self.desk.person.dir.path().join(format!("{name}.csv"));
        std::fs::write(&file, csv).unwrap();
        self.run(&["admin", "table", "upload", file.to_str().unwrap()]);
    }
}

/// The client with its connection.
pub struct Session {
    child: Child,
    steps: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Session {
    pub fn start(mode: &str, env: &[(&str, &str)], folder: &Path) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = Command::new(here.join(".ci/mcp-client")).output().unwrap();
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        let python = String::from_utf8(found.stdout).unwrap();
        let mut command = Command::new(python.trim());
        command.arg(here.join("tests/mcp/client.py")).env_clear().env("HOME", folder).env("PATH", "/usr/bin:/bin");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, answers) = channel();
        for pipe in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        let mut env: serde_json::Map<String, Value> =
            env.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        env.extend([("NO_PROXY".to_owned(), json!("*")), ("AGNES_LOG_FORMAT".to_owned(), json!("json"))]);
        let how = json!({
            "command": env!("CARGO_BIN_EXE_agnes"), "args": ["mcp"], "env": env, "cwd": folder, "mode": mode,
        });
        let mut session = Self { steps: child.stdin.take(), child, answers };
        session.send(&how);
        session
    }

    fn send(&mut self, line: &Value) {
        writeln!(self.steps.as_mut().unwrap(), "{line}").unwrap();
    }

    pub fn step(&mut self, step: &Value) -> Value {
        self.send(step);
        // Between the answers are the logs of `agnes mcp`, and what the client complains about.
        let mut logs = Vec::new();
        loop {
            let Ok(line) = self.answers.recv_timeout(PATIENCE) else { panic!("{step}: {}", logs.join("\n")) };
            match serde_json::from_str::<Value>(&line) {
                Ok(answer) if answer.get("lvl").is_none() => return answer,
                _ => logs.push(line),
            }
        }
    }

    /// Calls a tool, whatever comes of it.
    pub fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.step(&json!({"do": "call", "name": name, "arguments": arguments}))
    }

    /// The data and the sentence of a call that succeeds.
    pub fn data(&mut self, name: &str, arguments: Value) -> (Value, String) {
        let mut result = self.call(name, arguments.clone());
        assert_eq!(result["is_error"], false, "{name} {arguments}: {result:#}");
        let texts: Vec<String> = serde_json::from_value(result["texts"].take()).unwrap();
        assert_eq!(texts.len(), 2, "a sentence, and the data for clients that show nothing but texts");
        assert_eq!(serde_json::from_str::<Value>(&texts[1]).unwrap(), result["data"]);
        (result["data"].take(), texts[0].clone())
    }

    /// The kind and the text of a call that fails.
    pub fn refused(&mut self, name: &str, arguments: Value) -> (String, String) {
        let result = self.call(name, arguments.clone());
        assert_eq!(result["is_error"], true, "{name} {arguments}: {result:#}");
        let kind = result["data"]["error"]["kind"].as_str().unwrap_or_else(|| panic!("{result:#}"));
        (kind.to_owned(), result["texts"][0].as_str().unwrap().to_owned())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.steps.take());
        // The client ends `agnes mcp` first, in an orderly way.
        let _ = self.child.wait();
    }
}
