//! The server's handle on one worker.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::protocol::{self, HEADER, Kind, Request, Start};
use crate::base::platform::kernel;
use crate::base::platform::processes::Group;
use crate::base::{atomic_file, process};
use crate::query::QueryError;

/// A process that runs callers' SQL. It is killed when this is dropped.
pub struct Worker {
    /// Killed on drop.
    child: Child,
    group: Group,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    _spill: SpillDirectory,
    memory: String,
}

/// Removed on drop.
struct SpillDirectory(std::path::PathBuf);

impl Drop for SpillDirectory {
    fn drop(&mut self) {
        let directory = std::mem::take(&mut self.0);
        let remove = move || {
            if let Err(error) = atomic_file::remove_directory(&directory) {
                tracing::warn!(directory = %directory.display(), %error, "cannot remove what a query spilled");
            }
        };
        // Hundreds of megabytes can take a second, and the answer does not wait for that.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

impl Worker {
    /// Starts a process with an engine and without tables.
    pub async fn spawn(program: &Path, environment: &[(String, String)], start: Start) -> io::Result<Self> {
        let spill = SpillDirectory(start.spill.clone());
        tokio::fs::create_dir_all(&spill.0).await?;
        let environment = environment.iter().map(|(name, value)| (name, value));
        let mut command = process::command(program, environment);
        let mut child = command.args(["internal", "query-worker"]).stderr(Stdio::null()).spawn()?;
        let lost = || io::Error::other("a query worker ended at once");
        let group = Group::of(&child)?;
        let (requests, answers) = (child.stdin.take().ok_or_else(lost)?, child.stdout.take().ok_or_else(lost)?);
        let answers = BufReader::with_capacity(64 * 1024, answers);
        let memory = start.memory.clone();
        let mut worker = Self { child, group, requests, answers, _spill: spill, memory };
        worker.ask(&Request::Start(start)).await.map_err(io::Error::other)?;
        Ok(worker)
    }

    /// Sends a request that has no answer but whether it was carried out.
    pub async fn ask(&mut self, request: &Request) -> Result<String, QueryError> {
        self.send(request).await?;
        match self.next().await? {
            (Kind::Done, body) => Ok(String::from_utf8_lossy(&body).into_owned()),
            _ => Err(QueryError::out_of_turn()),
        }
    }

    pub async fn send(&mut self, request: &Request) -> Result<(), QueryError> {
        let body = serde_json::to_vec(request).map_err(|error| QueryError::Internal(error.to_string()))?;
        let mut message = protocol::header(0, body.len()).to_vec();
        message.extend(body);
        // The next answer says why it is gone.
        let _ = self.requests.write_all(&message).await;
        Ok(())
    }

    /// The next message; an error if the request failed, or if the worker died.
    pub async fn next(&mut self) -> Result<(Kind, Vec<u8>), QueryError> {
        let mut header = [0; HEADER];
        if self.answers.read_exact(&mut header).await.is_err() {
            return Err(self.died());
        }
        let (length, kind) = protocol::parse_header(header);
        let kind = Kind::of(kind).filter(|kind| length <= kind.max_bytes()).ok_or_else(QueryError::out_of_turn)?;
        let mut body = Vec::with_capacity(length.min(1024 * 1024));
        match (&mut self.answers).take(length as u64).read_to_end(&mut body).await {
            Ok(read) if read == length => {}
            _ => return Err(self.died()),
        }
        match kind {
            Kind::Failed => Err(protocol::failure(&body)),
            _ => Ok((kind, body)),
        }
    }

    /// Kills it and waits until it is gone.
    pub async fn end(mut self) {
        self.group.kill();
        let _ = self.child.wait().await;
    }

    /// Memory that it holds now, in bytes, if that is known.
    pub fn resident_bytes(&self) -> Option<u64> {
        kernel::resident_bytes(self.group.id())
    }

    /// For signals, while it lives.
    pub fn group(&self) -> Group {
        self.group.clone()
    }

    fn died(&self) -> QueryError {
        QueryError::TooComplex(format!(
            "the query needed more memory than the {} that it may use, or is nested too deeply",
            self.memory
        ))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.group.kill();
    }
}
