//! Who may do what. Only this module can make a [`Principal`], an [`Admin`] or a [`ReadableTable`]; whoever wants to
//! hand out data must ask for one of them, so a forgotten check does not compile.

mod readable;

pub use readable::ReadableTable;
