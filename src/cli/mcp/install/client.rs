//! The programs that use tools, and where each keeps its configuration.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::entry::Entry;
use crate::cli::{CliError, Context};
use crate::config::Environment;

#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub enum Client {
    /// Claude Code: .mcp.json in the workspace
    #[default]
    ClaudeCode,
    /// Claude Desktop: claude_desktop_config.json of this user
    ClaudeDesktop,
    /// Cursor: .cursor/mcp.json in the workspace
    Cursor,
}

impl Client {
    pub fn file(self, workspace: &Path, env: &Environment) -> Result<PathBuf, CliError> {
        match self {
            Self::ClaudeCode => Ok(workspace.join(".mcp.json")),
            Self::Cursor => Ok(workspace.join(".cursor").join("mcp.json")),
            Self::ClaudeDesktop => {
                let folder = settings_folder(std::env::consts::OS, env);
                let folder = folder.ok_or_else(|| CliError::new("no_home", "HOME is not set"))?;
                Ok(folder.join("Claude").join("claude_desktop_config.json"))
            }
        }
    }

    /// How the program starts us.
    pub fn entry(self, workspace: &Path, context: &Context) -> anyhow::Result<Entry> {
        let mut args = vec!["mcp".to_owned()];
        // Claude Code starts its servers in the folder of the project.
        let workspace = match self {
            Self::ClaudeCode => None,
            Self::Cursor => Some("${workspaceFolder}".to_owned()),
            Self::ClaudeDesktop => Some(workspace.display().to_string()),
        };
        args.extend(workspace.into_iter().flat_map(|workspace| ["--workspace".to_owned(), workspace]));
        if context.globals.server.is_some() {
            let server = context.server()?;
            args.extend(["--server".to_owned(), server.as_str().trim_end_matches('/').to_owned()]);
        }
        // The files in a workspace may be shared with others, who have the program elsewhere.
        let program = std::env::current_exe()?;
        let is_shared = self != Self::ClaudeDesktop && is_on_path(&program, &context.env);
        let command = if is_shared { "agnes".to_owned() } else { program.display().to_string() };
        let transport = (self != Self::ClaudeDesktop).then_some("stdio");
        Ok(Entry { transport, command, args })
    }

    pub fn next_step(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Start Claude Code in this folder and approve agnes; /mcp shows its state.",
            Self::ClaudeDesktop => "Quit Claude Desktop and start it again.",
            Self::Cursor => "Switch agnes on in Cursor's settings, under MCP.",
        }
    }
}

/// Where the programs of a user keep their settings.
fn settings_folder(system: &str, env: &Environment) -> Option<PathBuf> {
    let at_home = |folder: &str| env.home().map(|home| home.join(folder));
    let named = |variable: &str| env.named(variable).map(PathBuf::from);
    match system {
        "macos" => at_home("Library/Application Support"),
        "windows" => named("APPDATA").or_else(|| at_home("AppData/Roaming")),
        _ => named("XDG_CONFIG_HOME").or_else(|| at_home(".config")),
    }
}

/// Whether `agnes` alone is this program.
fn is_on_path(program: &Path, env: &Environment) -> bool {
    let Ok(program) = program.canonicalize() else { return false };
    let (folders, name) =
        (env.named("PATH").map(std::env::split_paths), format!("agnes{}", std::env::consts::EXE_SUFFIX));
    let found = folders.into_iter().flatten().map(|folder| folder.join(&name)).find(|file| file.is_file());
    found.and_then(|file| file.canonicalize().ok()).is_some_and(|file| file == program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_its_folder_for_settings() {
        let env =
            Environment::from_pairs([("HOME", "/home/ann"), ("APPDATA", "/roaming"), ("XDG_CONFIG_HOME", "/xdg")]);
        let folder = |system| settings_folder(system, &env).unwrap();
        assert_eq!(folder("macos"), Path::new("/home/ann/Library/Application Support"));
        assert_eq!([folder("windows"), folder("linux")], [Path::new("/roaming"), Path::new("/xdg")]);
        let env = Environment::from_pairs([("USERPROFILE", "/users/ann")]);
        assert_eq!(settings_folder("windows", &env).unwrap(), Path::new("/users/ann/AppData/Roaming"));
        assert_eq!(settings_folder("linux", &env).unwrap(), Path::new("/users/ann/.config"));
    }
}
