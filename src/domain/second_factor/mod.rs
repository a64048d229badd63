//! Second factors: an authenticator app and recovery codes, which are asked for after a password or a mailed link.

mod enrolment;
mod missing;
mod policy;

pub use enrolment::{Enrolment, begin, confirm, remove, renew_recovery_codes, reset};
pub use missing::Missing;
pub use policy::SecondFactors;
