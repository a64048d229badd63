//! Running an extractor as a child process, so that its memory and crashes are its own.

use std::future::pending;

use serde::de::DeserializeOwned;
use tokio::process::Command;

use super::current_run::Cancelled;
use super::runner::Runner;
use crate::base::process;
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

impl Runner {
    /// Runs `agnes extract …` for the current run and returns its report, or why there is none. `on_finished` is called for
    /// each table as soon as it is done. When the run is cancelled, the child has ended on return. Dropping the future
    /// kills it.
    pub(super) async fn run_extractor(
        &self,
        extraction: &Extraction,
        request: &Request,
        mut on_finished: impl FnMut(Finished),
    ) -> Result<Result<Report, String>, Cancelled> {
        let on_line = |line: &str| {
            serde_json::from_str(line).is_ok_and(|table| {
                on_finished(table);
                true
            })
        };
        let report = self.extractor_answer_until(self.current.cancelled(), extraction, request, on_line).await;
        self.current.goes_on()?;
        Ok(report)
    }

    /// As [`Self::run_extractor`], outside of a run and for any answer. Lines for which `on_line` returns true are not part
    /// of it.
    pub(super) async fn extractor_answer<T: DeserializeOwned>(
        &self,
        extraction: &Extraction,
        request: &Request,
        on_line: impl FnMut(&str) -> bool,
    ) -> Result<T, String> {
        self.extractor_answer_until(pending(), extraction, request, on_line).await
    }

    async fn extractor_answer_until<T: DeserializeOwned>(
        &self,
        stop: impl Future<Output = ()>,
        extraction: &Extraction,
        request: &Request,
        mut on_line: impl FnMut(&str) -> bool,
    ) -> Result<T, String> {
        let input = serde_json::to_vec(&request.from_process(std::process::id())).map_err(|error| error.to_string())?;
        let timeout = self.settings.extract_timeout;
        let mut command = self.extractor_command(extraction);
        let mut answer = None;
        let on_line = |line: &str| {
            if !on_line(line) {
                answer = serde_json::from_str(line).ok();
            }
        };
        let output = process::run_until(stop, &mut command, &input, timeout, on_line).await;
        let output = output.map_err(|error| format!("cannot start {}: {error}", self.program.display()))?;
        let Some(status) = output.status else {
            let seconds = timeout.as_secs();
            return Err(format!("the extractor was ended after {seconds} s; raise AGNES_EXTRACT_TIMEOUT"));
        };
        if !output.stderr.is_empty() {
            tracing::debug!(stderr = last_lines(&output.stderr), "extractor");
        }
        answer.ok_or_else(|| format!("the extractor ended with {status}: {}", last_lines(&output.stderr)))
    }

    /// `agnes extract … --stdin` with the variables that it may see.
    pub(super) fn extractor_command(&self, extraction: &Extraction) -> Command {
        let visible = self.settings.variables.iter().filter(|(name, _)| is_common(name) || extraction.sees(name));
        let mut command = process::command(&self.program, visible.map(|(name, value)| (name, value.expose())));
        command
            .arg("extract")
            .args(&extraction.arguments)
            .arg("--stdin")
            .envs(extraction.secrets.iter().map(|(name, value)| (name, value.expose())))
            .env("DATA_DIR", self.settings.data_dir.root())
            .env("AGNES_LOG_FORMAT", "json");
        command
    }
}

fn is_common(name: &str) -> bool {
    let is_named = NAMES.contains(&name) || Environment::is_of_system(name);
    is_named || name.starts_with(PREFIX) || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// The last lines that the child wrote, without its log.
pub(super) fn last_lines(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('{')).collect();
    let text = if lines.is_empty() { stderr.trim().to_owned() } else { lines.join("\n") };
    process::last_bytes(&text, MAX_ERROR_BYTES).to_owned()
}
