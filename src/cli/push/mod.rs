//! `agnes push`: what the server keeps of a person's work here, each file once.

mod sent;
mod transcripts;

use std::path::PathBuf;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use super::workspace::Workspace;
use super::{CliError, Context, Output, Run, exit};
use crate::client::{Client, ClientError};
use sent::{File, Sent};

/// Uploads at the same time, as many as the server takes of one person.
const CONCURRENCY: usize = 2;

/// A smaller file gains nothing from being compressed, in bytes.
const WORTH_PACKING: u64 = 4 * 1024;

/// Upload the transcripts of this workspace's sessions, and your private notes
#[derive(clap::Args, Debug)]
pub struct Push {
    /// Show warnings and errors only
    #[arg(long, short)]
    quiet: bool,
    /// Show what would be uploaded, and upload nothing
    #[arg(long)]
    dry_run: bool,
    /// For the end of an agent's session: print nothing, and always succeed
    #[arg(long, conflicts_with = "dry_run")]
    hook: bool,
}

impl Run for Push {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let outcome = self.push(context);
        if self.hook {
            return Ok(Output::streamed().quiet(true));
        }
        outcome
    }
}

/// What has not been uploaded yet.
struct Pending {
    sent: Sent,
    transcripts: Vec<File>,
    notes: Option<File>,
    /// Transcripts that were uploaded before, and those that the server refused.
    unchanged: usize,
}

#[derive(Default)]
struct Report {
    sessions: usize,
    local_md: bool,
    /// `{"file", "status"}` or `{"file", "error"}`.
    errors: Vec<Value>,
}

impl Pending {
    fn find(workspace: &Workspace, server: &str, context: &Context) -> std::io::Result<Self> {
        let sent = Sent::load(workspace, server);
        let (mut transcripts, mut unchanged) = (Vec::new(), 0);
        for path in transcripts::find(workspace, &context.env)? {
            match sent.changed(path)? {
                Some(file) => transcripts.push(file),
                None => unchanged += 1,
            }
        }
        let notes = notes(workspace);
        let notes = if notes.is_file() { sent.changed(notes)? } else { None };
        Ok(Self { sent, transcripts, notes, unchanged })
    }
}

/// How many transcripts there are to upload.
pub fn pending_sessions(workspace: &Workspace, server: &str, context: &Context) -> std::io::Result<usize> {
    let sent = Sent::load(workspace, server);
    let mut pending = 0;
    for path in transcripts::find(workspace, &context.env)? {
        pending += usize::from(sent.has_changed(&path)?);
    }
    Ok(pending)
}

/// The person's own instructions to the agent.
pub fn notes(workspace: &Workspace) -> PathBuf {
    workspace.root().join(".claude").join("CLAUDE.local.md")
}

impl Push {
    fn push(&self, context: &Context) -> anyhow::Result<Output> {
        let workspace = Workspace::locate(context, false)?;
        if !workspace.is_meant(context) {
            return Err(CliError::new("no_workspace", "there is no workspace here")
                .hint("Run this in a workspace, or name one with --workspace DIR. agnes init makes one.")
                .into());
        }
        let client = context.client()?;
        let pending = Pending::find(&workspace, client.server(), context)?;
        if self.dry_run {
            return plan(&workspace, &pending);
        }
        let unchanged = pending.unchanged;
        let report = context.block_on(upload(&client, &workspace, pending, context))??;
        report.output(unchanged, self.quiet)
    }
}

/// Uploads everything that is new. Only errors that concern all files end it.
async fn upload(client: &Client, workspace: &Workspace, pending: Pending, context: &Context) -> anyhow::Result<Report> {
    let Pending { mut sent, transcripts, notes, .. } = pending;
    let mut report = Report::default();
    let bar = context.printer.progress(transcripts.iter().map(File::size_bytes).sum());
    let is_large = |file: &File| file.size_bytes() >= WORTH_PACKING;
    let unpacks = transcripts.iter().any(is_large) && client.unpacks_uploads().await;
    let mut uploads = futures_util::stream::iter(transcripts)
        .map(|file| {
            let moved = bar.clone();
            async move {
                let count = move |bytes| moved.inc(bytes);
                let path = ["api", "upload", "sessions"];
                let outcome: Result<Value, _> = match unpacks && is_large(&file) {
                    true => client.upload_packed(&path, file.path(), count).await,
                    false => client.upload(&path, &[], None, file.path(), count).await,
                };
                (file, outcome.map(drop))
            }
        })
        .buffer_unordered(CONCURRENCY);
    let mut fatal = None;
    while let Some((file, outcome)) = uploads.next().await {
        report.sessions += usize::from(outcome.is_ok());
        fatal = report.record(file, outcome, &mut sent).err();
        if fatal.is_some() {
            break;
        }
    }
    drop(uploads);
    bar.finish_and_clear();
    if let (None, Some(file)) = (&fatal, notes) {
        let content = String::from_utf8_lossy(&std::fs::read(file.path())?).into_owned();
        let outcome = client.tell(Method::POST, &["api", "upload", "local-md"], &json!({"content": content})).await;
        report.local_md = outcome.is_ok();
        fatal = report.record(file, outcome, &mut sent).err();
    }
    sent.save(workspace)?;
    match fatal {
        Some(error) => Err(CliError::from(error).into()),
        None => Ok(report),
    }
}

impl Report {
    /// Returns an error that other files would have, too.
    fn record(&mut self, file: File, outcome: Result<(), ClientError>, sent: &mut Sent) -> Result<(), ClientError> {
        let Err(error) = outcome else {
            sent.accepted(file);
            return Ok(());
        };
        let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        match error.any_status() {
            None | Some(401 | 407 | 511) => return Err(error),
            Some(status) => {
                self.errors.push(json!({"file": name, "status": status, "error": error.detail()}));
                // Of these the server says the same again as long as the file is what it is.
                if [400, 413, 415, 422].contains(&status) {
                    sent.refused(file);
                }
            }
        }
        Ok(())
    }

    fn output(&self, unchanged: usize, quiet: bool) -> anyhow::Result<Output> {
        let before = if unchanged > 0 { format!(" ({unchanged} sent before)") } else { String::new() };
        let mut output = Output::message(format_args!("Uploaded {} sessions{before}", self.sessions));
        if self.local_md {
            output = output.line("Uploaded CLAUDE.local.md");
        }
        for error in &self.errors {
            let text = |key: &str| error[key].as_str().unwrap_or_default();
            output = output.warn(format_args!("{}: HTTP {}: {}", text("file"), error["status"], text("error")));
        }
        let code = match (self.errors.is_empty(), self.sessions > 0 || self.local_md) {
            (true, _) => 0,
            (false, true) => exit::PARTIAL,
            (false, false) => exit::FAILED,
        };
        let json = json!({"sessions": self.sessions, "local_md": self.local_md, "errors": self.errors,
            "ok": self.errors.is_empty(), "unchanged": unchanged});
        output.quiet(quiet).exit(code).json_line(&json)
    }
}

/// What `--dry-run` shows.
fn plan(workspace: &Workspace, pending: &Pending) -> anyhow::Result<Output> {
    let paths: Vec<_> = pending.transcripts.iter().map(|file| file.path().display().to_string()).collect();
    let notes = pending.notes.as_ref().map(|file| file.path().display().to_string());
    let count = paths.len();
    let mut output = Output::message(format_args!("Dry run - would upload {count} session file(s)"));
    for path in &paths {
        output = output.line(format_args!("  {path}"));
    }
    output = match &notes {
        Some(path) => output.line(format_args!("Would upload CLAUDE.local.md  ({path})")),
        None if self::notes(workspace).is_file() => output.line("CLAUDE.local.md has not changed"),
        None => output.line("No CLAUDE.local.md to upload"),
    };
    output.json(&json!({"dry_run": true, "would_upload": {"sessions": paths, "local_md": notes},
        "summary": {"sessions_count": count, "local_md_present": notes.is_some()}}))
}
