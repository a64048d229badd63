//! The connector as a child process.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use super::{Connector, CustomError, Settings};
use crate::base::process;

/// How much of the end of its output goes into an error, in bytes.
const MAX_ERROR_BYTES: usize = 500;

/// Runs it to its end. It dies with this process: `agnes extract tied` ensures that before it becomes the connector.
pub(super) fn run(connector: &Connector, staging: &Path, settings: &Settings) -> Result<(), CustomError> {
    let failed = |error| CustomError::Start { program: connector.program.clone(), error };
    let mut program: Vec<OsString> = Vec::new();
    if connector.is_python {
        program.push(settings.python.clone());
    }
    program.push(std::path::absolute(&connector.program).map_err(failed)?.into());
    let environment = settings.environment.iter().map(|(name, value)| (name, value));
    let mut command = process::command(&std::env::current_exe().map_err(failed)?, environment);
    command
        .args(["extract", "tied"])
        .arg(std::process::id().to_string())
        .args(program)
        .current_dir(connector.program.parent().unwrap_or(Path::new(".")))
        .env("DATA_DIR", settings.data_dir.root())
        .env("AGNES_EXTRACT_DIR", staging)
        .env("AGNES_CONNECTOR", &connector.name)
        .stdin(Stdio::null());
    let mut stdout = String::new();
    let on_line = |line: &str| {
        stdout = process::last_bytes(&format!("{stdout}\n{line}"), MAX_ERROR_BYTES).to_owned();
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let output = runtime.block_on(process::run(&mut command, &[], settings.timeout, on_line)).map_err(failed)?;
    let (stdout, stderr) = (stdout.trim(), process::last_bytes(&output.stderr, MAX_ERROR_BYTES).trim());
    tracing::info!(connector = connector.name, stdout, stderr, "connector ended");
    let text = if stderr.is_empty() { stdout } else { stderr };
    let text = if text.is_empty() { String::new() } else { format!(": {text}") };
    match output.status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(CustomError::Failed(status, text)),
        None => Err(CustomError::Late(settings.timeout.as_secs(), text)),
    }
}
