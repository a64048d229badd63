use std::process::ExitCode;

use super::{Listing, listed, offline};
use crate::cli::{CliError, Context, Mode};
use crate::client::Client;
use crate::domain::audit::verify_audit_log;
use crate::protocol::audit::{AuditCheck, AuditEntry, AuditPage};
use crate::store::{Store, StoreError};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List what was done, newest first
    List(List),
    /// Check that nobody changed or removed a row; exit code 1 if so
    Verify(Verify),
}

#[derive(clap::Args, Debug)]
pub struct List {
    /// Only this action, or with * at the end all that begin so: token.*
    #[arg(long)]
    action: Option<String>,
    /// Only what this user did (e-mail address or id)
    #[arg(long)]
    user: Option<String>,
    /// From this time on, e.g. 2026-11-23 or 2026-11-23T02:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Most rows to show, up to 500
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    #[command(flatten)]
    listing: Listing,
}

#[derive(clap::Args, Debug)]
pub struct Verify {
    /// Hash of the last row as an earlier check showed it: the log must still hold it
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    /// Read DATA_DIR itself, with the server stopped
    #[arg(long)]
    pub offline: bool,
    #[command(flatten)]
    listing: Listing,
}

impl Command {
    pub fn json(&self) -> bool {
        match self {
            Self::List(List { listing, .. }) | Self::Verify(Verify { listing, .. }) => listing.json,
        }
    }
}

pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(args) => {
            let client = context.client()?;
            context.block_on(list(args, &client, context))??;
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify(args) => {
            let check = if args.offline {
                let store = offline::open(&offline::settings(context)?)?;
                let check = context.block_on(verify_offline(&store, args.head.as_deref()))?;
                check.map_err(|error| CliError::new("audit", format!("Error: {error}")))?
            } else {
                let client = context.client()?;
                let query: Vec<_> = args.head.as_deref().map(|head| ("head", head)).into_iter().collect();
                let check = client.get(&["api", "admin", "audit", "verify"], &query);
                context.block_on(check)?.map_err(CliError::failed)?
            };
            show(&check, context)
        }
    }
}

async fn list(args: List, client: &Client, context: &Context) -> anyhow::Result<()> {
    let limit = args.limit.to_string();
    let user = if args.user.as_ref().is_some_and(|user| user.contains('@')) { "user" } else { "user_id" };
    let filters = [
        ("action", args.action.as_deref()),
        (user, args.user.as_deref()),
        ("since", args.since.as_deref()),
        ("until", args.until.as_deref()),
        ("limit", Some(limit.as_str())),
    ];
    let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let Some(page) = listed::<AuditPage>(client, context, &["api", "admin", "audit"], &query).await? else {
        return Ok(());
    };
    context.printer.line(row(["TIME", "USER", "ACTION", "RESOURCE", "RESULT"]))?;
    for entry in &page.entries {
        context.printer.line(row(cells(entry)))?;
    }
    if let Some(oldest) = page.entries.last().filter(|_| page.next.is_some()) {
        context.printer.note(format_args!("There is more; see it with --until '{}'.", oldest.timestamp));
    }
    Ok(())
}

fn row([time, user, action, resource, result]: [&str; 5]) -> String {
    format!("{time:<26}  {user:<30}  {action:<26}  {resource:<42}  {result}").trim_end().to_owned()
}

fn cells(entry: &AuditEntry) -> [&str; 5] {
    let user = entry.user_email.as_deref().or(entry.user_id.as_deref()).unwrap_or("-");
    let resource = entry.resource.as_deref().unwrap_or("-");
    [&entry.timestamp, user, &entry.action, resource, entry.result.as_deref().unwrap_or("-")]
}

async fn verify_offline(store: &Store, head: Option<&str>) -> Result<AuditCheck, StoreError> {
    let check = verify_audit_log(store, head).await;
    store.close().await;
    check
}

fn show(check: &AuditCheck, context: &Context) -> anyhow::Result<ExitCode> {
    let printer = &context.printer;
    if printer.mode() == Mode::Json {
        printer.pretty_json(check)?;
    } else if check.ok {
        printer.line(format_args!("The audit log is intact: {} rows.\nhead: {}", check.rows, check.head.hash))?;
    } else {
        let broken = check.broken.as_deref().unwrap_or("it does not say where");
        printer.line(format_args!("The audit log is BROKEN after {} rows: {broken}", check.rows))?;
    }
    Ok(if check.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
