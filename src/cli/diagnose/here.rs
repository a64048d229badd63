//! Checks of this machine: settings, workspace, disk, hooks.

use std::fs;

use super::check::Check;
use crate::base::platform::files;
use crate::base::{disk, time};
use crate::cli::hooks::{self, HookState};
use crate::cli::installed::State;
use crate::cli::units::human_size;
use crate::cli::workspace::Workspace;
use crate::cli::{Context, credentials, push};

/// Below this a pull of anything is likely to fail.
const LITTLE: u64 = 1 << 30;
/// In seconds; the hook pulls more often.
const OLD: i64 = 24 * 3600;

/// Which server is meant.
pub fn server(context: &Context) -> anyhow::Result<Check> {
    Ok(match context.chosen_server()? {
        Some(server) => Check::ok("server", credentials::key(&server)),
        None => Check::error("server", "no server is configured", "Run: agnes init --server-url URL --token TOKEN"),
    })
}

/// Who can read the stored tokens.
pub fn token_file(context: &Context) -> anyhow::Result<Option<Check>> {
    let Some((path, file)) = context.config_dir()?.token_file() else { return Ok(None) };
    Ok(Some(match files::open_mode(&file) {
        None => Check::ok("token_file", path.display().to_string()),
        Some(mode) => Check::warning(
            "token_file",
            format!("others on this machine can read {} (mode {mode:o})", path.display()),
            format!("Run: chmod 600 '{}'", path.display()),
        ),
    }))
}

/// What a pull has left here.
pub fn workspace(workspace: &Workspace) -> anyhow::Result<Vec<Check>> {
    let root = workspace.root().display();
    if !workspace.is_made() {
        let action = "Run agnes init in the folder that should become one, or go to one.";
        return Ok(vec![Check::warning("workspace", format!("{root} is not a workspace"), action)]);
    }
    let state = State::read(workspace).unwrap_or_default();
    let last = state.last_sync.as_deref().and_then(time::parse);
    let check = match last.map(|last| time::now().as_second() - last.as_second()) {
        None => Check::warning("workspace", format!("{root}, never pulled"), "Run: agnes pull"),
        Some(age) if age > OLD => {
            let detail = format!("{root}, last pulled {} hours ago", age / 3600);
            Check::warning("workspace", detail, "Run: agnes pull")
        }
        Some(_) => Check::ok("workspace", root.to_string()),
    };
    let mut checks = vec![check];
    let damaged: Vec<_> = state
        .tables
        .iter()
        .filter(|(table, entry)| {
            let mut files = entry.files.iter();
            !files.all(|file| fs::metadata(file.path(table, workspace)).is_ok_and(|found| file.matches(&found)))
        })
        .map(|(table, _)| table.as_str())
        .collect();
    let total = state.tables.len();
    checks.push(match damaged.as_slice() {
        [] => Check::ok("local_tables", format!("{total} tables")).fact("tables", total),
        _ => Check::error(
            "local_tables",
            format!("{} of {total} are missing or were changed: {}", damaged.len(), some(&damaged)),
            "Run: agnes pull --verify",
        ),
    });
    Ok(checks)
}

pub fn disk(workspace: &Workspace) -> Check {
    match disk::space(workspace.root()) {
        Ok(space) if space.free < LITTLE => {
            let action = "Free some space, or use a workspace on another disk (--workspace DIR).";
            Check::warning("local_disk", format!("only {} are free", human_size(space.free)), action)
        }
        Ok(space) => Check::ok("local_disk", format!("{} free", human_size(space.free))).fact("free_bytes", space.free),
        Err(error) => Check::unknown("local_disk", error.to_string()),
    }
}

/// What keeps the workspace fresh.
pub fn hooks(workspace: &Workspace, context: &Context) -> Option<Check> {
    if !workspace.is_made() {
        return None;
    }
    let is_on_path = context.env.named("PATH").is_some_and(|path| {
        std::env::split_paths(path)
            .any(|folder| folder.join(format!("agnes{}", std::env::consts::EXE_SUFFIX)).is_file())
    });
    Some(match hooks::state(workspace) {
        HookState::ALL if !is_on_path => Check::warning(
            "hooks",
            "they run agnes, which is not in any folder of PATH",
            "Add the folder of the program to PATH.",
        ),
        HookState::ALL => Check::ok("hooks", HookState::ALL.to_string()),
        _ => Check::warning("hooks", "Claude Code does not pull and push by itself here", "Run: agnes init --force"),
    })
}

pub fn uploads(workspace: &Workspace, context: &Context) -> anyhow::Result<Option<Check>> {
    let Some(server) = context.chosen_server()?.filter(|_| workspace.is_made()) else { return Ok(None) };
    let waiting = push::pending_sessions(workspace, &credentials::key(&server), context)?;
    Ok(Some(Check::ok("uploads", format!("{waiting} sessions to upload")).fact("sessions_pending_upload", waiting)))
}

/// The first names of a list that may be long.
pub fn some(names: &[&str]) -> String {
    let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown}, …") } else { shown }
}
