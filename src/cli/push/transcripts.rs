//! Where the agent's program keeps the transcripts of a workspace's sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::if_exists;
use crate::cli::workspace::Workspace;
use crate::config::Environment;

/// The transcripts, in order of their names. Of several with one name the newest counts.
pub fn find(workspace: &Workspace, env: &Environment) -> io::Result<Vec<PathBuf>> {
    let mut found: BTreeMap<OsString, (SystemTime, PathBuf)> = BTreeMap::new();
    for folder in folders(workspace.root(), env) {
        for (name, modified, path) in in_folder(&folder)? {
            match found.get(&name) {
                Some((newest, _)) if *newest >= modified => {}
                _ => drop(found.insert(name, (modified, path))),
            }
        }
    }
    // Older versions of Agnes copied them here.
    for (name, modified, path) in in_folder(&workspace.root().join("user").join("sessions"))? {
        found.entry(name).or_insert((modified, path));
    }
    Ok(found.into_values().map(|(_, path)| path).collect())
}

fn in_folder(folder: &Path) -> io::Result<Vec<(OsString, SystemTime, PathBuf)>> {
    let Some(entries) = if_exists(fs::read_dir(folder))? else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        // A file may vanish meanwhile.
        let Some(file) = if_exists(fs::metadata(&path))?.filter(fs::Metadata::is_file) else { continue };
        let name = path.file_name().unwrap_or_default().to_owned();
        files.push((name, file.modified()?, path));
    }
    Ok(files)
}

/// Claude Code has a folder for each directory that it was started in, below `~/.claude/projects`.
fn folders(root: &Path, env: &Environment) -> BTreeSet<PathBuf> {
    let home = || Some(env.home()?.join(".claude"));
    let Some(base) = env.named("CLAUDE_CONFIG_DIR").map(PathBuf::from).or_else(home) else { return BTreeSet::new() };
    // It may know the directory by the path that symbolic links lead to.
    let roots = [Some(root.to_owned()), fs::canonicalize(root).ok()];
    let names = roots.iter().flatten().flat_map(|root| encodings(&root.to_string_lossy()));
    // A path of Windows would lead elsewhere.
    let names = names.filter(|name| Path::new(name).components().count() == 1);
    names.map(|name| base.join("projects").join(name)).collect()
}

/// The names that versions of Claude Code have given to the folder of a path.
fn encodings(path: &str) -> [String; 3] {
    let dashed: String = path.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    let mut collapsed = String::with_capacity(dashed.len());
    for it in dashed.chars() {
        if it != '-' || !collapsed.ends_with('-') {
            collapsed.push(it);
        }
    }
    [path.replace('/', "-"), dashed, collapsed]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_names_of_all_versions() {
        assert_eq!(encodings("/home/ann/my.ws")[0], "-home-ann-my.ws");
        assert_eq!(encodings("/home/ann/my.ws")[1], "-home-ann-my-ws");
        assert_eq!(encodings(r"C:\Users\foo"), [r"C:\Users\foo", "C--Users-foo", "C-Users-foo"]);
    }
}
