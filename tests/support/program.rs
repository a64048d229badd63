//! The built program: commands, and servers as child processes, each with directories of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A HOME, a `DATA_DIR`, a `CONFIG_DIR` and a current directory, with a clean environment.
pub struct Place {
    pub dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A server that listens. Dropping it kills it.
pub struct Serving {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    pub child: Child,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
}

/// Lines of standard output and standard error as they come.
#[derive(Default)]
struct Output {
    lines: Mutex<Vec<String>>,
    news: Condvar,
}

impl Place {
    pub fn new(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { dir: tempfile::tempdir().unwrap(), variables }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agnes"));
        command.args(args).env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("HOME", self.dir.path()).env("NO_PROXY", "*").env("AGNES_LOG_FORMAT", "json");
        command.env("AGNES_NO_UPDATE_CHECK", "1");
        command.env("DATA_DIR", self.data_dir()).env("CONFIG_DIR", self.dir.path().join("config"));
        command.env("AGNES_HOST", "127.0.0.1").env("AGNES_PORT", "0");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        finish(&mut self.command(args), "")
    }

    /// Starts `agnes serve` and waits until it listens.
    pub fn serve(&self, args: &[&str]) -> Serving {
        let mut serve = vec!["serve"];
        serve.extend(args);
        Serving::start(&mut self.command(&serve))
    }
}

/// Runs a command to its end.
pub fn finish(command: &mut Command, input: &str) -> Ran {
    finish_within(command, input, PATIENCE)
}

/// As [`finish`], for a command that takes longer.
pub fn finish_within(command: &mut Command, input: &str, patience: Duration) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may be gone by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let (stdout, stderr) = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
    let code = wait_within(&mut child, patience).unwrap_or_else(|| panic!("{command:?} was ended by a signal"));
    Ran { code, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

impl Serving {
    pub fn start(command: &mut Command) -> Self {
        let mut serving = Self::start_until(command, "\"msg\":\"listening\"");
        let line = serving.wait_for("\"msg\":\"listening\"", 1);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        serving.url = format!("http://{}", line["address"].as_str().unwrap());
        serving
    }

    /// Starts another program that runs on, and waits for a line that contains `ready`.
    pub fn start_until(command: &mut Command, ready: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Arc::new(Output::default());
        let readers = vec![output.follow(child.stdout.take().unwrap()), output.follow(child.stderr.take().unwrap())];
        let serving = Self { url: String::new(), child, output, readers };
        serving.wait_for(ready, 1);
        serving
    }

    /// Waits for the `nth` line that contains `part`.
    pub fn wait_for(&self, part: &str, nth: usize) -> String {
        let found = |lines: &Vec<String>| lines.iter().filter(|line| line.contains(part)).nth(nth - 1).cloned();
        let lines = self.output.lines.lock().unwrap();
        let waiting = |lines: &mut Vec<String>| found(lines).is_none() && !lines.iter().any(|line| line == END);
        let (lines, _) = self.output.news.wait_timeout_while(lines, PATIENCE, waiting).unwrap();
        found(&lines).unwrap_or_else(|| panic!("no line {nth} with {part} in:\n{}", lines.join("\n")))
    }

    /// Sends a signal and waits for the end: the exit code (`None`: ended by the signal) and all that was written.
    pub fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let code = wait(&mut self.child);
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let text = self.output.lines.lock().unwrap().join("\n");
        (code, text)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const END: &str = "[end of output]";

impl Output {
    fn follow(self: &Arc<Self>, stream: impl Read + Send + 'static) -> JoinHandle<()> {
        let output = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                output.lines.lock().unwrap().push(line);
                output.news.notify_all();
            }
            output.lines.lock().unwrap().push(END.into());
            output.news.notify_all();
        })
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
}

/// The exit code; `None` after a signal.
pub fn wait(child: &mut Child) -> Option<i32> {
    wait_within(child, PATIENCE)
}

fn wait_within(child: &mut Child, patience: Duration) -> Option<i32> {
    let give_up = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > give_up {
            child.kill().unwrap();
            panic!("process {} did not end", child.id());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
