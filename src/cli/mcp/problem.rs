//! The one place that makes a tool's result of an error: what happened, and what to do next.

use rmcp::model::{CallToolResult, ContentBlock};

use crate::cli::CliError;

pub fn result(error: &CliError) -> CallToolResult {
    let mut text = error.message.clone();
    let steps = error.hint.as_deref().into_iter().chain(next_step(error));
    for step in steps {
        text.push_str("\n\n");
        text.push_str(step);
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(error.to_json());
    result
}

/// What a model can do, or ask of the person that it works for, beyond the hint for people.
fn next_step(error: &CliError) -> Option<&'static str> {
    let is_about = |words: &str| error.message.contains(words);
    match (error.kind, error.status) {
        ("auth_failed", _) | (_, Some(401)) => Some(
            "Ask the person to do that in a terminal: signing in needs their password. Then call this again; nothing has to \
             be restarted.",
        ),
        (_, Some(403)) => Some(
            "The person has no grant on it, or it does not exist. search_catalog and list_tables show what may be read. If \
             it is needed, ask the person whether to request access to it: request_access does that.",
        ),
        (_, Some(404)) => {
            Some("search_catalog finds tables and metrics by words; list_tables and list_metrics list them.")
        }
        (_, Some(429)) => Some("Wait a little, then call this again."),
        ("server_unreachable", _) => Some(
            "Tables that were pulled can be queried meanwhile, with scope local. Otherwise tell the person that the server \
             cannot be reached.",
        ),
        ("no_data", _) => Some("The tool pull does that. Or run the query with scope remote."),
        ("query_error" | "refused", _) if is_about("Table with name") => {
            Some("search_catalog and list_tables show what there is; list_snapshots shows snapshots.")
        }
        ("query_error", _) if is_about("Referenced column") => Some("describe_table shows the columns of a table."),
        ("query_error", _) if is_about("INTERRUPT") => {
            Some("It took too long: aggregate, filter, or split it into steps.")
        }
        ("query_error", _) if is_about("Permission Error") => {
            Some("SQL given to this tool reads tables and snapshots of the workspace, and no other files.")
        }
        ("refused_statement", _) => Some(
            "What works is one SELECT (or WITH, FROM, DESCRIBE, SUMMARIZE, PIVOT) over tables, with functions whose result \
             depends on their arguments only. Nothing can be changed, and no file is read by its name.",
        ),
        _ => None,
    }
}
