mod conditions;
pub mod download;
