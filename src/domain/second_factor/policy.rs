use std::sync::Arc;

use arc_swap::ArcSwap;

use super::missing::Missing;
use crate::access::totp::{self, Sealer};
use crate::base::hash::sha256_hex;
use crate::base::time;
use crate::config::auth::RequireSecondFactor;
use crate::domain::{Error, Result};
use crate::store::second_factors;
use crate::store::{Change, Snapshot};

/// Who needs a second factor, and how its secrets are sealed.
#[derive(Clone)]
pub struct SecondFactors {
    required: RequireSecondFactor,
    pub(super) sealer: Arc<ArcSwap<Sealer>>,
}

impl SecondFactors {
    pub fn new(required: RequireSecondFactor, sealer: Sealer) -> Self {
        Self { required, sealer: Arc::new(ArcSwap::from_pointee(sealer)) }
    }

    /// Returns whether the setting demands a second factor of this user.
    pub fn is_required(&self, is_admin: bool) -> bool {
        match self.required {
            RequireSecondFactor::Off => false,
            RequireSecondFactor::Admins => is_admin,
            RequireSecondFactor::All => true,
        }
    }

    /// Returns whether the user has a second factor that is asked for.
    pub fn is_enabled(snapshot: &Snapshot, user_id: &str) -> bool {
        snapshot.second_factors.get(user_id).is_some_and(|factor| factor.is_confirmed)
    }

    /// What a user who has proved one factor still lacks. A code that is accepted is used up.
    pub fn missing(
        &self,
        change: &Change<'_>,
        snapshot: &Snapshot,
        user_id: &str,
        code: Option<&str>,
    ) -> Result<Option<Missing>> {
        if !Self::is_enabled(snapshot, user_id) {
            let is_required = self.is_required(crate::access::is_admin(snapshot, user_id));
            return Ok(is_required.then_some(Missing::Enrolment));
        }
        let Some(code) = code.filter(|code| !code.trim().is_empty()) else { return Ok(Some(Missing::Code)) };
        let is_right = self.accept(change, snapshot, user_id, code)?;
        Ok((!is_right).then_some(Missing::WrongCode))
    }

    /// Accepts a code of the app, confirmed or not, or a recovery code, and uses it up.
    pub(super) fn accept(&self, change: &Change<'_>, snapshot: &Snapshot, user_id: &str, code: &str) -> Result<bool> {
        let Some(factor) = snapshot.second_factors.get(user_id) else { return Ok(false) };
        let code = totp::normalized(code);
        let step = totp::step_of(&self.sealer.load(), user_id, &factor.secret, &code, factor.last_step, time::now());
        if let Some(step) = step.map_err(Error::SecondFactor)? {
            second_factors::use_step(change, user_id, step)?;
            return Ok(true);
        }
        Ok(second_factors::use_recovery_code(change, user_id, &sha256_hex(&code))?)
    }
}
