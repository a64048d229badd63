use crate::cli::{CliError, Context, Output, Run, exit, offline};
use crate::domain::audit::verify_audit_log;
use crate::protocol::audit::AuditCheck;
use crate::store::{Store, StoreError};

/// Check that no row was changed or removed; exit code 1 if one was
#[derive(clap::Args, Debug)]
pub struct Verify {
    /// Hash of the last row as an earlier check showed it; the log must still contain it
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    /// Read DATA_DIR itself, with the server stopped
    #[arg(long)]
    offline: bool,
}

impl Run for Verify {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let check = if self.offline {
            let store = offline::open_store(&offline::settings(context)?, offline::STOP_FIRST)?;
            let check = context.block_on(verify_offline(&store, self.head.as_deref()))?;
            check.map_err(|error| CliError::new("audit", error.to_string()))?
        } else {
            let query: Vec<_> = self.head.as_deref().map(|head| ("head", head)).into_iter().collect();
            context.api()?.get::<AuditCheck>(&["api", "admin", "audit", "verify"], &query)?.body
        };
        let output = match (&check.broken, check.ok) {
            (_, true) => {
                let head = &check.head.hash;
                Output::message(format_args!("The audit log is intact: {} rows.\nhead: {head}", check.rows))
            }
            (broken, false) => {
                let broken = broken.as_deref().unwrap_or("it does not say where");
                Output::message(format_args!("The audit log is BROKEN after {} rows: {broken}", check.rows))
                    .exit(exit::FAILED)
            }
        };
        output.json(&check)
    }
}

async fn verify_offline(store: &Store, head: Option<&str>) -> Result<AuditCheck, StoreError> {
    let check = verify_audit_log(store, head).await;
    store.close().await;
    check
}
