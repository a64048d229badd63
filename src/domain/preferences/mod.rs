//! What users want synced. Preferences only: grants decide what a user may read.

mod list;
mod update;

pub use list::list_preferences;
pub use update::{set_dataset, set_datasets, set_subscriptions};
