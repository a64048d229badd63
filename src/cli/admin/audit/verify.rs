use crate::cli::{CliError, Context, Output, Run, exit, offline};
use crate::protocol::audit::{AuditCheck, AuditHead};
use crate::store::audit::{Checked, checked, holds};
use crate::store::{Store, StoreError};

/// Check that nobody changed or removed a row; exit code 1 if so
#[derive(clap::Args, Debug)]
pub struct Verify {
    /// Hash of the last row as an earlier check showed it: the log must still hold it
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
            let check = context.block_on(verify_here(&store, self.head))?;
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

/// Rows that are checked in one go.
const BATCH: usize = 5_000;

async fn verify_here(store: &Store, head: Option<String>) -> Result<AuditCheck, StoreError> {
    let outcome = whole_chain(store, head).await;
    store.close().await;
    outcome
}

async fn whole_chain(store: &Store, head: Option<String>) -> Result<AuditCheck, StoreError> {
    let mut at = Checked::default();
    while !at.done {
        let from = at;
        at = store.read(move |connection| checked(connection, from, BATCH)).await?;
    }
    if let Some(hash) = head.map(|hash| hash.trim().to_ascii_lowercase())
        && at.broken.is_none()
        && !store.read(move |connection| holds(connection, &hash)).await?
    {
        at.broken = Some("the given head is not in the log: rows were cut off, or the log was written anew".into());
    }
    let head = AuditHead { seq: at.seq, hash: at.hash };
    Ok(AuditCheck { ok: at.broken.is_none(), rows: at.seq, head, broken: at.broken })
}
