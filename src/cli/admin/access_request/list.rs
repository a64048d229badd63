use clap::ValueEnum;

use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access::AccessRequests;

/// List requests for access to tables
#[derive(clap::Args, Debug)]
pub struct List {
    /// Only requests with this status
    #[arg(long, value_enum, default_value_t = Status::Pending)]
    status: Status,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Pending,
    Approved,
    Denied,
    All,
}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let all = ["api", "access-requests"];
        let pending = ["api", "access-requests", "pending"];
        let (path, query): (&[&str], &[(&str, &str)]) = match self.status {
            Status::Pending => (&pending, &[]),
            Status::Approved => (&all, &[("status", "approved")]),
            Status::Denied => (&all, &[("status", "denied")]),
            Status::All => (&all, &[]),
        };
        let answer = context.api()?.get::<AccessRequests>(path, query)?;
        let mut table = Table::listing([("ID", 36), ("USER", 30), ("TABLE", 30), ("STATUS", 8), ("REASON", 0)]);
        for request in &answer.body.requests {
            let user = request.user_email.as_ref().unwrap_or(&request.user_id);
            let reason = request.reason.as_deref().unwrap_or_default();
            table.row([&request.id, user, &request.table_id, &request.status, reason]);
        }
        Output::default().table(table).json(&answer.json)
    }
}
