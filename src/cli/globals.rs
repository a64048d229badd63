use std::path::PathBuf;

use clap::Args;

/// Options of every command, accepted before or after it.
#[derive(Args, Clone, Debug, Default)]
pub struct Globals {
    /// Print the result, or the error, as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Address of the server for this run
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub server: Option<String>,
    /// Token to use for this run, or @FILE to read it from a file
    #[arg(long, global = true, value_name = "TOKEN|@FILE", help_heading = "Global options")]
    pub token: Option<String>,
    /// Show no notes and no progress: only results, warnings and errors
    #[arg(long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Use no colors, like the variable NO_COLOR
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_color: bool,
    /// Workspace to use instead of the one found from the current directory upwards
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub workspace: Option<PathBuf>,
}
