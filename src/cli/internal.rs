use std::io;

use super::{Context, Output, Run};
use crate::domain::prompts;
use crate::query::worker;

#[derive(clap::Subcommand, Debug)]
pub enum Internal {
    /// Run callers' SQL as the server asks on standard input
    QueryWorker,
    /// Render a template that the server sends on standard input
    RenderTemplate,
}

impl Run for Internal {
    fn run(self, _: &Context) -> anyhow::Result<Output> {
        match self {
            Self::QueryWorker => worker::serve(io::stdin().lock(), io::stdout())?,
            Self::RenderTemplate => prompts::serve(io::stdin().lock(), io::stdout())?,
        }
        Ok(Output::default())
    }
}
