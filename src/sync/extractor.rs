//! Running an extractor as a child process, so that its memory and crashes are its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdout, Command};

use crate::base::secret::Secret;
use crate::config::{Environment, env_vars};
use crate::connectors::{Finished, Report, Request};

/// Variables that extractors get besides those that begin with one of [`PREFIXES`].
const NAMES: [&str; 16] = [
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
    "AGNES_PYTHON",
    "AGNES_EXTENSION_DIR",
    "AGNES_CONNECTOR_TIMEOUT",
];
const PREFIXES: [&str; 6] = ["KEBOOLA_", "KBC_", "AGNES_EXTRACT_", "AGNES_KEBOOLA_", "CONNECTORS_", "AGNES_REMOTE_"];
const SUFFIXES: [&str; 2] = ["_PROXY", "_proxy"];
/// How much of the child's last words goes into an error, in bytes.
const TAIL: usize = 500;
/// How much of its output is kept, in bytes.
const KEPT: usize = 1024 * 1024;

pub(super) struct Extractor {
    /// The `agnes` executable.
    pub program: PathBuf,
    pub environment: Environment,
    pub data_dir: PathBuf,
    /// Credentials as the server resolved them, under the names that the extractor looks for.
    pub credentials: Vec<(&'static str, Secret)>,
    pub timeout: Duration,
}

impl Extractor {
    /// Runs `agnes extract …` and returns its report, or why there is none. `finished` hears of each table as soon as it
    /// is done. Dropping the future kills the child.
    pub(super) async fn run(
        &self,
        arguments: &[OsString],
        request: &Request,
        mut finished: impl FnMut(Finished),
    ) -> Result<Report, String> {
        let hear = |line: &str| {
            serde_json::from_str(line).is_ok_and(|table| {
                finished(table);
                true
            })
        };
        self.ask(arguments, request, hear).await
    }

    /// As [`Self::run`], for any answer; lines that `hear` knows what to do with are no answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        arguments: &[OsString],
        request: &Request,
        hear: impl FnMut(&str) -> bool,
    ) -> Result<T, String> {
        let input = serde_json::to_vec(&request.from_process(std::process::id())).map_err(|error| error.to_string())?;
        // What was allowed for connectors of others, or may go to a source, goes to nobody else.
        let kind = arguments.first().and_then(|kind| kind.to_str());
        let allowed = match kind {
            Some("custom") => self.environment.list_if_set(&env_vars::CONNECTORS_ENV_ALLOW),
            Some("materialize") => self.environment.list_if_set(&env_vars::AGNES_REMOTE_ATTACH_TOKEN_ENVS),
            _ => Vec::new(),
        };
        let is_handed_on = |name: &str| hands_on(name) || allowed.iter().any(|allowed| allowed == name);
        let mut command = Command::new(&self.program);
        command
            .arg("extract")
            .args(arguments)
            .arg("--stdin")
            .env_clear()
            .envs(self.environment.pairs().filter(|(name, _)| is_handed_on(name)))
            .envs(self.credentials.iter().map(|(name, value)| (name, value.expose())))
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
                // A child that ends early closes its input; its exit code tells why.
                let _ = stdin.write_all(&input).await;
            }
            drop(stdin.take());
            let (report, stderr) = tokio::join!(listen(stdout, hear), text(stderr));
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
            tracing::debug!(stderr = last_words(&stderr), "extractor");
        }
        report.ok_or_else(|| format!("the extractor ended with {status}: {}", last_words(&stderr)))
    }
}

fn hands_on(name: &str) -> bool {
    NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// The last line that is an answer.
async fn listen<T: DeserializeOwned>(stdout: Option<ChildStdout>, mut hear: impl FnMut(&str) -> bool) -> Option<T> {
    let mut lines = BufReader::new(stdout?).lines();
    let mut answer = None;
    while let Ok(Some(line)) = lines.next_line().await {
        if !hear(&line) {
            answer = serde_json::from_str(&line).ok();
        }
    }
    answer
}

/// The end of what a stream says; all of it is read, so that the child never waits.
async fn text(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut kept, mut chunk) = (Vec::new(), vec![0; 16 * 1024]);
    // What was read before a failure is still worth showing.
    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..read]);
        if kept.len() > 2 * KEPT {
            kept.drain(..kept.len() - KEPT);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// The child's own last words, without its log.
fn last_words(stderr: &str) -> String {
    let said: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('{')).collect();
    let said = if said.is_empty() { stderr.trim().to_owned() } else { said.join("\n") };
    let mut start = said.len().saturating_sub(TAIL);
    while !said.is_char_boundary(start) {
        start += 1;
    }
    said[start..].to_owned()
}
