//! The connector as a process: with a chosen environment, a deadline, and no child of its own that outlives it.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Connector, CustomError, Settings};

/// How much of its last words goes into an error, in bytes.
const TAIL: usize = 500;
/// How much of its output is kept, in bytes.
const KEPT: usize = 64 * 1024;
/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Runs it to its end. It dies with this process: `agnes extract tied` sees to that before it becomes the connector.
pub(super) fn run(connector: &Connector, staging: &Path, settings: &Settings) -> Result<(), CustomError> {
    let start = |error| CustomError::Start { program: connector.program.clone(), error };
    let folder = connector.program.parent().unwrap_or(Path::new("."));
    let mut program: Vec<OsString> = Vec::new();
    if connector.is_python {
        program.push(settings.python.clone());
    }
    program.push(std::path::absolute(&connector.program).map_err(start)?.into());
    let mut command = Command::new(std::env::current_exe().map_err(start)?);
    command
        .args(["extract", "tied"])
        .arg(std::process::id().to_string())
        .args(program)
        .current_dir(folder)
        .env_clear()
        .envs(settings.environment.iter().map(|(name, value)| (name, value)))
        .env("DATA_DIR", settings.data_dir.root())
        .env("AGNES_EXTRACT_DIR", staging)
        .env("AGNES_CONNECTOR", &connector.name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = command.spawn().map_err(start)?;
    let (stdout, stderr) = (child.stdout.take().map(tail), child.stderr.take().map(tail));
    let status = wait(&mut child, settings.timeout).map_err(start);
    // Also what it started itself; its pipes close with it.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let said = |stream: Option<JoinHandle<String>>| stream.and_then(|reader| reader.join().ok()).unwrap_or_default();
    let (stdout, stderr) = (said(stdout), said(stderr));
    tracing::info!(connector = connector.name, stdout, stderr, "connector ended");
    let words = if stderr.is_empty() { stdout } else { stderr };
    let words = if words.is_empty() { words } else { format!(": {words}") };
    match status? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(CustomError::Failed(status, words)),
        None => {
            let _ = child.wait();
            Err(CustomError::Late(settings.timeout.as_secs(), words))
        }
    }
}

/// Its exit status; `None` when it runs on at the deadline.
fn wait(child: &mut Child, timeout: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

/// Reads a stream to its end and returns its last words.
fn tail(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut kept, mut chunk) = (Vec::new(), vec![0; 8 * 1024]);
        while let Ok(read @ 1..) = stream.read(&mut chunk) {
            kept.extend_from_slice(&chunk[..read]);
            if kept.len() > 2 * KEPT {
                kept.drain(..kept.len() - KEPT);
            }
        }
        let text = String::from_utf8_lossy(&kept[kept.len().saturating_sub(TAIL)..]).into_owned();
        text.trim().to_owned()
    })
}
