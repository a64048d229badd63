//! Who may do what. Only this module can make a [`Principal`], an [`Admin`] or a [`ReadableTable`]; whoever hands out
//! data asks for one of them, so that a forgotten check does not compile.

mod lineage;
mod metrics;
pub(crate) mod password;
pub(crate) mod password_strength;
mod principal;
mod proof;
mod readable;
mod saved;
mod session_uses;
mod token;
pub(crate) mod totp;
mod ungranted;

pub use lineage::{UnknownOrigin, ancestors};
pub use metrics::{may_see_metric, visible_metrics};
pub use principal::{Admin, AuthKind, Authenticator, Interactive, Principal, Unauthorized, is_admin};
pub use proof::{Lapsed, Proof};
pub use readable::{
    Denied, ListedTable, ReadableTable, holds, listed_tables, readable, readable_by_name, readable_tables,
};
pub use saved::may_use;
pub use session_uses::SessionUses;
pub use token::{Keys, PersonalToken, SESSION_SECONDS, SigningError, session_id};
pub use ungranted::{UngrantedTable, ungranted_tables};
