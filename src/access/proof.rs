//! Whether a proof still holds. A request is let in by one snapshot, and its change is made on a later one.

use super::principal::is_revoked;
use super::{Admin, AuthKind, Interactive, Principal, Unauthorized, is_admin};
use crate::store::Snapshot;

/// Who a caller is and what they may do, as of the snapshot that let the request in.
pub trait Proof: Clone + Send + 'static {
    /// Checks against a later snapshot that the caller would still be let in. A token that expires while its request runs
    /// counts until the end of that request.
    fn confirm(&self, snapshot: &Snapshot) -> Result<(), Lapsed>;
}

/// Why a proof no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lapsed {
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    #[error("Admin access required")]
    NotAdmin,
}

impl Proof for Principal {
    fn confirm(&self, snapshot: &Snapshot) -> Result<(), Lapsed> {
        let user = snapshot.users.get(&self.user().id).ok_or(Unauthorized::UnknownUser)?;
        if !user.active {
            return Err(Unauthorized::Deactivated.into());
        }
        let lapsed = match self.kind() {
            AuthKind::Session(jti) => {
                let is_over = user.token_version != self.user().token_version || is_revoked(snapshot, jti.as_ref());
                is_over.then_some(Unauthorized::Invalid)
            }
            AuthKind::Token(id) => match snapshot.tokens.get(id) {
                None => Some(Unauthorized::UnknownToken),
                Some(token) => token.is_revoked.then_some(Unauthorized::Revoked),
            },
            AuthKind::Scheduler | AuthKind::Dev => None,
        };
        lapsed.map_or(Ok(()), |reason| Err(reason.into()))
    }
}

impl Proof for Admin {
    fn confirm(&self, snapshot: &Snapshot) -> Result<(), Lapsed> {
        Principal::confirm(self, snapshot)?;
        if is_admin(snapshot, &self.user().id) { Ok(()) } else { Err(Lapsed::NotAdmin) }
    }
}

impl Proof for Interactive {
    fn confirm(&self, snapshot: &Snapshot) -> Result<(), Lapsed> {
        Principal::confirm(self, snapshot)
    }
}
