use reqwest::Method;

use crate::cli::{Context, Output, Run, Table};
use crate::protocol::sessions::{EndedSessions, Session};

const SESSIONS: [&str; 2] = ["auth", "sessions"];

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum Sessions {
    /// List where you are signed in
    List,
    /// End a session
    End {
        /// Id, as listed
        #[arg(value_name = "SESSION")]
        id: String,
    },
    /// End all your sessions but this one
    EndOthers,
}

impl Run for Sessions {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        match self {
            Self::List => {
                let sessions = api.get::<Vec<Session>>(&SESSIONS, &[])?;
                let columns = [("ID", 32), ("SIGNED IN", 20), ("LAST USED", 20), ("ADDRESS", 16), ("PROGRAM", 0)];
                let mut table = Table::listing(columns);
                for session in &sessions.body {
                    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
                    let time = |value: &Option<String>| text(value).chars().take(19).collect::<String>();
                    let mark = if session.is_current { " (this one)" } else { "" };
                    table.row([
                        session.id.as_str(),
                        &time(&session.created_at),
                        &time(&session.last_used_at),
                        &text(&session.last_used_ip),
                        &format!("{}{mark}", text(&session.user_agent)),
                    ]);
                }
                Output::default().table(table).json(&sessions.json)
            }
            Self::End { id } => {
                api.call(Method::DELETE, &[SESSIONS[0], SESSIONS[1], &id])?;
                Ok(Output::message("Session ended."))
            }
            Self::EndOthers => {
                let ended = api.send::<EndedSessions>(Method::DELETE, &SESSIONS, &serde_json::json!({}))?;
                Output::message(format_args!("Sessions ended: {}", ended.body.ended)).json(&ended.json)
            }
        }
    }
}
