//! A fresh HOME and a workspace for each test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use agnes::engine;

use crate::server_stand_in::{StandIn, TOKEN};

pub struct Sandbox {
    dir: tempfile::TempDir,
    pub workspace: PathBuf,
    server: String,
    token: Option<String>,
}

/// The result of a command.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// All three, with changing parts replaced: for snapshots.
    pub text: String,
}

impl Sandbox {
    /// Signed in to `server` by AGNES_TOKEN.
    pub fn signed_in(server: &StandIn) -> Self {
        Self { token: Some(TOKEN.into()), ..Self::signed_out(&server.url) }
    }

    /// Signed in, through a proxy at `url`.
    pub fn behind(url: &str) -> Self {
        Self { token: Some(TOKEN.into()), ..Self::signed_out(url) }
    }

    pub fn with_token(url: &str, token: &str) -> Self {
        Self { token: Some(token.into()), ..Self::signed_out(url) }
    }

    pub fn signed_out(server: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let workspace = dir.path().join("ws");
        std::fs::create_dir(&workspace).unwrap();
        Self { dir, workspace, server: server.to_owned(), token: None }
    }

    /// Another directory of this sandbox as the workspace.
    pub fn in_workspace(mut self, name: &str) -> Self {
        self.workspace = self.dir.path().join(name);
        std::fs::create_dir_all(&self.workspace).unwrap();
        self
    }

    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agnes"));
        command.args(args).env_clear().env("HOME", self.home()).env("AGNES_SERVER", &self.server);
        command.env("AGNES_NO_UPDATE_CHECK", "1");
        command.env("NO_PROXY", "*").current_dir(&self.workspace).stdin(Stdio::null());
        if let Some(token) = &self.token {
            command.env("AGNES_TOKEN", token);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.finished(self.command(args).output().unwrap())
    }

    pub fn run_with_input(&self, args: &[&str], input: &str) -> Ran {
        let mut child = self.spawn(self.command(args).stdin(Stdio::piped()));
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        self.finished(child.wait_with_output().unwrap())
    }

    pub fn spawn(&self, command: &mut Command) -> Child {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub fn finished(&self, output: Output) -> Ran {
        let code = output.status.code().expect("ended by itself");
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let text = format!("exit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}");
        let text = if self.server.is_empty() { text } else { text.replace(&self.server, "[SERVER]") };
        let text = text.replace(&*self.home().to_string_lossy(), "[HOME]");
        Ran { code, stdout, stderr, text }
    }

    /// The pulled file of a table, if there is one.
    pub fn pulled(&self, table: &str) -> Option<Vec<u8>> {
        std::fs::read(self.table_file(table)).ok()
    }

    pub fn table_file(&self, table: &str) -> PathBuf {
        self.workspace.join(format!("server/parquet/{table}.parquet"))
    }

    /// The one value of a local query.
    pub fn value(&self, sql: &str) -> String {
        let ran = self.run(&["query", sql, "-f", "csv"]);
        assert_eq!(ran.code, 0, "{}", ran.text);
        ran.stdout.lines().nth(1).unwrap_or_default().to_owned()
    }

    /// Every file below the workspace, in order.
    pub fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = walkdir::WalkDir::new(&self.workspace)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| entry.path().strip_prefix(&self.workspace).unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        files
    }
}

impl Ran {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// The rows of a query as a parquet file.
pub fn parquet(sql: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.parquet");
    let connection = engine::in_memory(&engine::Limits::small()).unwrap();
    connection.execute_batch(&format!("COPY ({sql}) TO '{}' (FORMAT parquet)", path.display())).unwrap();
    std::fs::read(&path).unwrap()
}

/// A file of some 100 KB that does not compress, with `n` numbered rows.
pub fn numbers(seed: u32) -> Vec<u8> {
    parquet(&format!("SELECT i AS id, md5((i + {seed})::VARCHAR) AS text FROM range(3000) t(i)"))
}
