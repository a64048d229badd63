//! Second factors: an authenticator app and recovery codes, which are asked for after a password or a mailed link.

mod enrolment;
mod key;
mod missing;
mod policy;

pub use enrolment::{Enrolment, begin, confirm, remove, renew_recovery_codes, reset};
pub use key::rotate_key;
pub use missing::Missing;
pub use policy::SecondFactors;
