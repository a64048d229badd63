use crate::protocol::audit::{AuditCheck, AuditHead};
use crate::store::audit::{self, Checked};
use crate::store::{Store, StoreError};

/// Rows that one read checks, so that other reads get their turn.
const ROWS_PER_READ: usize = 5_000;

/// Checks that no row of the audit log was changed, removed, added or moved, and that the log still contains `head`, the
/// hash that an earlier check returned.
pub async fn verify_audit_log(store: &Store, head: Option<&str>) -> Result<AuditCheck, StoreError> {
    let mut checked = Checked::default();
    while !checked.done {
        let previous = checked;
        checked = store.read(move |connection| audit::checked(connection, previous, ROWS_PER_READ)).await?;
    }
    let head = head.map(|hash| hash.trim().to_ascii_lowercase()).filter(|hash| !hash.is_empty());
    if let Some(hash) = head
        && checked.broken.is_none()
        && !store.read(move |connection| audit::holds(connection, &hash)).await?
    {
        let reason = "the given head is not in the log: rows were removed at its end, or the log was replaced";
        checked.broken = Some(reason.into());
    }
    let head = AuditHead { seq: checked.seq, hash: checked.hash };
    Ok(AuditCheck { ok: checked.broken.is_none(), rows: checked.seq, head, broken: checked.broken })
}
