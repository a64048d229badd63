//! `agnes skills`: guides for agents and admins that are part of the program, so that they fit its version.

use serde::Serialize;

use super::{CliError, Context, Output, Run, commands};

/// A Markdown text, and the name by which it is asked for.
struct Guide {
    name: &'static str,
    text: &'static str,
}

/// By name.
const GUIDES: [Guide; 9] = [
    Guide { name: "agnes-data-querying", text: include_str!("agnes-data-querying.md") },
    Guide { name: "agnes-table-registration", text: include_str!("agnes-table-registration.md") },
    Guide { name: "connectors", text: include_str!("connectors.md") },
    Guide { name: "corporate-memory", text: include_str!("corporate-memory.md") },
    Guide { name: "deploy", text: include_str!("deploy.md") },
    Guide { name: "notifications", text: include_str!("notifications.md") },
    Guide { name: "security", text: include_str!("security.md") },
    Guide { name: "setup", text: include_str!("setup.md") },
    Guide { name: "troubleshoot", text: include_str!("troubleshoot.md") },
];

commands! {
    Skills {
        List(List),
        Show(Show),
    }
}

/// List the guides
#[derive(clap::Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, _: &Context) -> anyhow::Result<Output> {
        #[derive(Serialize)]
        struct Listed {
            name: &'static str,
            title: &'static str,
        }
        let listed: Vec<_> = GUIDES.iter().map(|guide| Listed { name: guide.name, title: guide.title() }).collect();
        let output = listed.iter().fold(Output::default(), |output, Listed { name, title }| {
            output.line(format_args!("  {name:<25} {title}"))
        });
        output.note("Read one with: agnes skills show NAME").json(&listed)
    }
}

/// Show a guide, in Markdown
#[derive(clap::Args, Debug)]
pub struct Show {
    /// Name of the guide, as `agnes skills list` shows it
    name: String,
}

impl Run for Show {
    fn run(self, _: &Context) -> anyhow::Result<Output> {
        #[derive(Serialize)]
        struct Shown {
            name: &'static str,
            title: &'static str,
            text: &'static str,
        }
        let Some(guide) = GUIDES.iter().find(|guide| guide.name == self.name) else {
            let names = GUIDES.map(|guide| guide.name).join(", ");
            let error = CliError::new("not_found", format!("there is no guide '{}'", self.name));
            return Err(error.hint(format!("The guides are: {names}")).into());
        };
        let shown = Shown { name: guide.name, title: guide.title(), text: guide.text };
        Output::script(guide.text.trim_end()).json(&shown)
    }
}

impl Guide {
    /// Its first heading; two guides begin with properties for agents.
    fn title(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.name)
    }
}
