//! `.claude/settings.json`: the commands that Claude Code runs when a session begins and ends.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use super::workspace::Workspace;
use crate::base::{atomic_file, if_exists};

/// Event and command.
const HOOKS: [(&str, &str); 2] = [("SessionStart", "agnes pull --hook"), ("SessionEnd", "agnes push --hook")];
/// Commands of this and of older versions contain one of these.
const OURS: [&str; 3] = ["agnes pull", "agnes push", "da sync"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HookState {
    pub pull: bool,
    pub push: bool,
}

impl HookState {
    /// That of a workspace with both hooks.
    pub const ALL: Self = Self { pull: true, push: true };
}

impl fmt::Display for HookState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.pull, self.push) {
            (true, true) => "pull at the start of a session, push at its end",
            (true, false) => "pull at the start of a session",
            (false, true) => "push at the end of a session",
            (false, false) => "none",
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum HookError {
    #[error("{} is not valid JSON ({problem}), so it was left as it is, and without hooks", path.display())]
    Unreadable { path: PathBuf, problem: String },
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.root().join(".claude").join("settings.json")
}

/// Which hooks of Agnes are there.
pub fn state(workspace: &Workspace) -> HookState {
    let settings = fs::read(path(workspace)).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let has = |event: &str, part: &str| {
        let entries = settings.as_ref().and_then(|settings| settings["hooks"][event].as_array());
        entries.into_iter().flatten().flat_map(commands).any(|command| command.contains(part))
    };
    HookState { pull: has("SessionStart", "agnes pull"), push: has("SessionEnd", "agnes push") }
}

/// Adds the hooks in place of those of older versions; everything else stays as it is.
pub fn install(workspace: &Workspace) -> Result<(), HookError> {
    let path = path(workspace);
    let failed = |error| HookError::Io { path: path.clone(), error };
    let unreadable = |problem: String| HookError::Unreadable { path: path.clone(), problem };
    let stored = if_exists(fs::read(&path)).map_err(failed)?;
    let mut settings = match &stored {
        // Windows editors begin a file with a byte order mark.
        Some(bytes) => serde_json::from_slice(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
            .map_err(|error| unreadable(error.to_string()))?,
        None => json!({"model": "sonnet", "permissions": {"allow": ["Read", "Bash", "Grep", "Glob"]}}),
    };
    merge(&mut settings).ok_or_else(|| unreadable("hooks are not where they should be".into()))?;
    let mut text = serde_json::to_string_pretty(&settings).map_err(|error| unreadable(error.to_string()))?;
    text.push('\n');
    if stored.as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    let write = || {
        fs::create_dir_all(workspace.root().join(".claude"))?;
        atomic_file::write(&path, text.as_bytes())
    };
    write().map_err(failed)
}

/// `None` if the settings have another shape than Claude Code's.
fn merge(settings: &mut Value) -> Option<()> {
    let hooks = settings.as_object_mut()?.entry("hooks").or_insert_with(|| json!({})).as_object_mut()?;
    for (event, command) in HOOKS {
        let entries = hooks.entry(event).or_insert_with(|| json!([])).as_array_mut()?;
        entries.retain(|entry| !is_ours(entry));
        entries.push(json!({"hooks": [{"type": "command", "command": command}]}));
    }
    Some(())
}

/// Whether all commands of an entry are ours; people's own, also beside ours, stay.
fn is_ours(entry: &Value) -> bool {
    let mut commands = commands(entry).peekable();
    commands.peek().is_some() && commands.all(|command| OURS.iter().any(|part| command.contains(part)))
}

fn commands(entry: &Value) -> impl Iterator<Item = &str> {
    entry["hooks"].as_array().into_iter().flatten().map(|hook| hook["command"].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(commands: &[&str]) -> Value {
        let hooks: Vec<_> = commands.iter().map(|command| json!({"type": "command", "command": command})).collect();
        json!({"hooks": hooks})
    }

    #[test]
    fn only_entries_that_are_all_ours_are_replaced() {
        let old = entry(&["agnes pull --quiet 2>/dev/null || true"]);
        let mixed = entry(&["agnes pull --quiet", "make notes"]);
        let foreign = json!({"matcher": "startup", "hooks": [{"type": "command", "command": "echo hi", "timeout": 5}]});
        let mut settings = json!({"model": "opus", "hooks": {
            "SessionStart": [old, mixed, foreign, entry(&["da sync"]), {"hooks": []}],
            "Stop": [entry(&["agnes push"])]}});
        merge(&mut settings).unwrap();
        let first = entry(&["agnes pull --hook"]);
        let expected = json!({"model": "opus", "hooks": {
            "SessionStart": [mixed, foreign, {"hooks": []}, first],
            "Stop": [entry(&["agnes push"])],
            "SessionEnd": [entry(&["agnes push --hook"])]}});
        assert_eq!(settings, expected);
        merge(&mut settings).unwrap();
        assert_eq!(settings, expected, "again");
    }

    #[test]
    fn settings_of_another_shape_are_not_touched() {
        for mut settings in [json!([]), json!({"hooks": []}), json!({"hooks": {"SessionStart": {}}})] {
            assert_eq!(merge(&mut settings), None, "{settings}");
        }
    }
}
