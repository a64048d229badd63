//! Running an extractor as a child process, so that its memory and crashes are its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::config::Environment;
use crate::connectors::{Report, Request};

/// Variables that extractors get besides those that begin with one of [`PREFIXES`].
const NAMES: [&str; 13] = [
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
];
const PREFIXES: [&str; 3] = ["KEBOOLA_", "KBC_", "AGNES_EXTRACT_"];
const SUFFIXES: [&str; 2] = ["_PROXY", "_proxy"];
/// How much of the child's last words goes into an error.
const TAIL: usize = 500;

pub(super) struct Extractor {
    /// The `agnes` executable.
    pub program: PathBuf,
    pub environment: Environment,
    pub data_dir: PathBuf,
    /// A further variable that configuration names for a token.
    pub token_env: Option<String>,
    pub timeout: Duration,
}

impl Extractor {
    /// Runs `agnes extract …` and returns its report, or why there is none. Dropping the future kills the child.
    pub(super) async fn run(&self, arguments: &[OsString], request: &Request) -> Result<Report, String> {
        let input = serde_json::to_vec(request).map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.program);
        command
            .arg("extract")
            .args(arguments)
            .arg("--stdin")
            .env_clear()
            .envs(self.environment.pairs().filter(|(name, _)| self.hands_on(name)))
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
            let (stdout, stderr) = tokio::join!(text(stdout), text(stderr));
            (stdout, stderr, child.wait().await)
        };
        let Ok((stdout, stderr, status)) = tokio::time::timeout(self.timeout, work).await else {
            return Err(format!(
                "the extractor was ended after {} s; raise AGNES_EXTRACT_TIMEOUT",
                self.timeout.as_secs()
            ));
        };
        let status = status.map_err(|error| error.to_string())?;
        if !stderr.is_empty() {
            tracing::debug!(stderr = tail(&stderr), "extractor");
        }
        let report = stdout.lines().last().and_then(|line| serde_json::from_str(line).ok());
        report.ok_or_else(|| format!("the extractor ended with {status}: {}", tail(&stderr)))
    }

    fn hands_on(&self, name: &str) -> bool {
        NAMES.contains(&name)
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
            || self.token_env.as_deref() == Some(name)
    }
}

async fn text(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // What was read before a failure is still worth showing.
        let _ = stream.read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tail(text: &str) -> &str {
    let text = text.trim();
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}
