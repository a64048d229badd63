//! Who may do what. Only this module can make a [`Principal`], an [`Admin`] or a [`ReadableTable`]; whoever hands out
//! data asks for one of them, so that a forgotten check does not compile.

pub(crate) mod password;
mod principal;
mod proof;
mod readable;
mod token;

pub use principal::{Admin, AuthKind, Authenticator, Interactive, Principal, Unauthorized, is_admin};
pub use proof::{Lapsed, Proof};
pub use readable::{Denied, ListedTable, ReadableTable, exists, holds, listed_tables, readable, readable_tables};
pub use token::{Keys, PersonalToken, SESSION_SECONDS, SigningError};
