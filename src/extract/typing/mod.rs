//! Types of columns whose values come as text. A column has a type only if the text of every one of its values can be had
//! back from it; `docs/types.md` explains the rule to the owners of data.
//!
//! [`Facts`] collects what is known about all values of a column, over rows, files and runs; [`Facts::verdict`] is its type.

mod class;
mod declared;
mod facts;
mod number;
pub mod reasons;
mod shape;
mod time;
mod types;
mod verdict;

pub use declared::{Declared, Separators};
pub use facts::{Facts, Seen};
pub use reasons::Reason;
pub use types::ColumnType;
