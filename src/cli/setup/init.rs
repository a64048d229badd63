use serde_json::json;

use crate::cli::{Context, Output, Run, credentials};
use crate::config::env_vars;

/// Remember the server that this command line uses: --server, else http://localhost:8000
#[derive(clap::Args, Debug)]
pub struct Init {}

impl Run for Init {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let server = context.server()?;
        let path = context.config_dir()?.save_server(&server)?;
        let address = credentials::key(&server);
        let output = Output::message(format_args!("Server: {address}"))
            .line(format_args!("Config saved to {}", path.display()))
            .line("Next: agnes setup test-connection");
        let output = match context.env.get(&env_vars::AGNES_SERVER) {
            Some(other) if context.globals.server.is_some() && other.trim_end_matches('/') != address => {
                output.warn(format_args!("AGNES_SERVER is set to {other}, which is used instead until you unset it"))
            }
            _ => output,
        };
        output.json(&json!({"server": address, "config": path}))
    }
}
