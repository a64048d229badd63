//! Running an extractor as a child process, so that its memory and crashes are its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdout, Command};

use crate::config::Environment;
use crate::connectors::{Extraction, Finished, Report, Request};

/// Variables that every extractor sees; each source names those that it needs besides.
const NAMES: [&str; 14] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LOG_LEVEL",
    "DEBUG",
    "CONFIG_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "DATA_SOURCE",
    "LD_LIBRARY_PATH",
    "AGNES_EXTENSION_DIR",
];
const PREFIX: &str = "AGNES_EXTRACT_";
const SUFFIXES: [&str; 2] = ["_PROXY", "_proxy"];
/// How much of the end of the child's output goes into an error, in bytes.
const MAX_ERROR_BYTES: usize = 500;
/// How much of its output is retained, in bytes.
const RETAINED_BYTES: usize = 1024 * 1024;

pub(super) struct Extractor {
    /// The `agnes` executable.
    pub program: PathBuf,
    pub environment: Environment,
    pub data_dir: PathBuf,
    pub timeout: Duration,
}

impl Extractor {
    /// Runs `agnes extract …` and returns its report, or why there is none. `on_finished` is called for each table as
    /// soon as it is done. Dropping the future kills the child.
    pub(super) async fn run(
        &self,
        extraction: &Extraction,
        request: &Request,
        mut on_finished: impl FnMut(Finished),
    ) -> Result<Report, String> {
        let on_line = |line: &str| {
            serde_json::from_str(line).is_ok_and(|table| {
                on_finished(table);
                true
            })
        };
        self.answer(extraction, request, on_line).await
    }

    /// As [`Self::run`], for any answer. Lines for which `on_line` returns true are not part of it.
    pub(super) async fn answer<T: DeserializeOwned>(
        &self,
        extraction: &Extraction,
        request: &Request,
        on_line: impl FnMut(&str) -> bool,
    ) -> Result<T, String> {
        let input = serde_json::to_vec(&request.from_process(std::process::id())).map_err(|error| error.to_string())?;
        let visible = self.environment.pairs().filter(|(name, _)| is_common(name) || extraction.sees(name));
        let mut command = Command::new(&self.program);
        command
            .arg("extract")
            .args(&extraction.arguments)
            .arg("--stdin")
            .env_clear()
            .envs(visible)
            .envs(extraction.secrets.iter().map(|(name, value)| (name, value.expose())))
            .env("DATA_DIR", &self.data_dir)
            .env("AGNES_LOG_FORMAT", "json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .process_group(0);
        let mut child = command.spawn().map_err(|error| format!("cannot start {}: {error}", self.program.display()))?;
        let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let work = async {
            if let Some(stdin) = &mut stdin {
                // A child that ends early closes its input; its exit status says why.
                let _ = stdin.write_all(&input).await;
            }
            drop(stdin.take());
            let (report, stderr) = tokio::join!(read_answer(stdout, on_line), read_end(stderr));
            (report, stderr, child.wait().await)
        };
        let Ok((report, stderr, status)) = tokio::time::timeout(self.timeout, work).await else {
            return Err(format!(
                "the extractor was ended after {} s; raise AGNES_EXTRACT_TIMEOUT",
                self.timeout.as_secs()
            ));
        };
        let status = status.map_err(|error| error.to_string())?;
        if !stderr.is_empty() {
            tracing::debug!(stderr = last_lines(&stderr), "extractor");
        }
        report.ok_or_else(|| format!("the extractor ended with {status}: {}", last_lines(&stderr)))
    }
}

fn is_common(name: &str) -> bool {
    NAMES.contains(&name) || name.starts_with(PREFIX) || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// The last line that is an answer.
async fn read_answer<T: DeserializeOwned>(
    stdout: Option<ChildStdout>,
    mut on_line: impl FnMut(&str) -> bool,
) -> Option<T> {
    let mut lines = BufReader::new(stdout?).lines();
    let mut answer = None;
    while let Ok(Some(line)) = lines.next_line().await {
        if !on_line(&line) {
            answer = serde_json::from_str(&line).ok();
        }
    }
    answer
}

/// The end of a stream; all of it is read, so that the child never waits.
async fn read_end(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut retained, mut chunk) = (Vec::new(), vec![0; 16 * 1024]);
    // What was read before a failure is still useful.
    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
        retained.extend_from_slice(&chunk[..read]);
        if retained.len() > 2 * RETAINED_BYTES {
            retained.drain(..retained.len() - RETAINED_BYTES);
        }
    }
    String::from_utf8_lossy(&retained).into_owned()
}

/// The last lines that the child wrote, without its log.
fn last_lines(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('{')).collect();
    let text = if lines.is_empty() { stderr.trim().to_owned() } else { lines.join("\n") };
    let mut start = text.len().saturating_sub(MAX_ERROR_BYTES);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..].to_owned()
}
