//! What the company has agreed on, as rules for agents: `.claude/rules/km_*.md`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::base::{atomic_file, if_exists};
use crate::cli::workspace::Workspace;
use crate::client::{Client, ClientError, TIMEOUT};
use crate::protocol::memory::{Bundle, Item};

/// The one file with all approved items.
const APPROVED: &str = "km_approved.md";

/// How long a hook waits for the rules.
const HOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// Gets the rules; `None` from a server that does not know of any.
pub async fn fetch(client: &Client, is_hook: bool) -> Result<Option<Bundle>, ClientError> {
    let path = ["api", "memory", "bundle"];
    let request = tokio::time::timeout(if is_hook { HOOK_TIMEOUT } else { TIMEOUT }, client.get(&path, &[]));
    let slow = |_| ClientError::Unreachable { server: client.server().to_owned(), reason: "timed out".into() };
    match request.await.map_err(slow)? {
        Err(error) if error.any_status() == Some(404) => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Replaces the rules of the workspace by these, and returns how many files there are.
pub fn install(bundle: &Bundle, workspace: &Workspace) -> io::Result<usize> {
    write(&workspace.rules_dir(), &files(bundle))
}

/// The files of a bundle, by name.
fn files(bundle: &Bundle) -> BTreeMap<String, String> {
    let mandatory = bundle.mandatory.iter().filter(|item| is_id(&item.id));
    let mut files: BTreeMap<String, String> =
        mandatory.map(|item| (format!("km_{}.md", item.id), rule(item))).collect();
    if !bundle.approved.is_empty() {
        let section =
            |item: &Item| format!("\n## {}\n\n{}\n", title(item), item.content.as_deref().unwrap_or_default());
        let sections: String = bundle.approved.iter().map(section).collect();
        files.insert(APPROVED.to_owned(), format!("# Approved Corporate Knowledge\n{sections}"));
    }
    files
}

fn rule(item: &Item) -> String {
    let mut text = format!("# {}\n", title(item));
    for (label, value) in [("Domain", &item.domain), ("Category", &item.category)] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            text.push_str(&format!("_{label}: {value}_\n"));
        }
    }
    format!("{text}\n{}", item.content.as_deref().unwrap_or_default())
}

fn title(item: &Item) -> &str {
    item.title.as_deref().filter(|title| !title.is_empty()).unwrap_or("Untitled")
}

fn is_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Writes what has changed, and deletes the other `km_*.md`. A folder that is empty then is deleted too.
fn write(folder: &Path, files: &BTreeMap<String, String>) -> io::Result<usize> {
    for (name, text) in files {
        let path = folder.join(name);
        if if_exists(fs::read(&path))?.is_none_or(|stored| stored != text.as_bytes()) {
            atomic_file::write(&path, text.as_bytes())?;
        }
    }
    let mut has_removed = false;
    for entry in if_exists(fs::read_dir(folder))?.into_iter().flatten() {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = name.starts_with("km_") && name.ends_with(".md") || atomic_file::is_temporary(&name);
        if is_ours && !files.contains_key(&name) && !entry.file_type()?.is_dir() {
            atomic_file::remove(&entry.path())?;
            has_removed = true;
        }
    }
    if has_removed && files.is_empty() {
        // Fails if it has other files.
        let _ = fs::remove_dir(folder);
    }
    Ok(files.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_as_v0_35_writes_them() {
        let bundle: Bundle = serde_json::from_str(
            r#"{"mandatory": [
                {"id": "a-1", "title": "Use EUR", "domain": "finance", "category": null, "content": "All amounts."},
                {"id": "../x", "title": "t", "content": "c"}, {"id": "b", "title": null, "content": null, "category": "k"}],
              "approved": [{"id": "c", "title": "One", "content": "1"}, {"id": "d", "title": "Two", "content": "2"}],
              "token_estimate": 9, "token_budget": 6000}"#,
        )
        .unwrap();
        let expected = [
            ("km_a-1.md", "# Use EUR\n_Domain: finance_\n\nAll amounts."),
            ("km_approved.md", "# Approved Corporate Knowledge\n\n## One\n\n1\n\n## Two\n\n2\n"),
            ("km_b.md", "# Untitled\n_Category: k_\n\n"),
        ];
        assert_eq!(files(&bundle), expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    }
}
