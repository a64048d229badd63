//! `agnes serve --demo`: an empty data directory filled with public sample data.

use std::path::Path;

use rust_embed::RustEmbed;

use super::AppState;
use crate::access::session_id;
use crate::base::secret::Secret;
use crate::base::{atomic_file, random};
pub use crate::domain::demo::ADMIN_EMAIL;
use crate::domain::demo::{is_only_demo, register_demo};
use crate::domain::{self, metrics};

/// The sample files; `demo/README.md` names their source and licence.
#[derive(RustEmbed)]
#[folder = "demo/"]
#[include = "*.csv"]
#[include = "*.csv.gz"]
#[include = "*.tsv.gz"]
struct Sample;

/// What the tables are, and what is measured.
const TABLES: &str = include_str!("../../demo/tables.json");
const METRICS: &str = include_str!("../../demo/metrics.yml");

/// How to sign in; shown once and not stored.
pub struct DemoAccess {
    pub password: Secret,
    pub token: Secret,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(
        "{0} holds data already, and --demo only fills an empty DATA_DIR; start without --demo, or set DATA_DIR to a new directory"
    )]
    NotEmpty(std::path::PathBuf),
    #[error("cannot write the sample data: {0}")]
    Write(#[from] std::io::Error),
    #[error(transparent)]
    Domain(#[from] domain::Error),
    #[error("cannot read what describes the sample data: {0}")]
    Sample(String),
    #[error("cannot create the demo's account: {0}")]
    Account(String),
    #[error("the sample data could not be published; see the log")]
    Unpublished,
}

/// Fills the data directory and publishes the sample tables. Returns `None` if a demo was filled before. An interrupted
/// fill is repeated.
pub async fn fill(app: &AppState) -> Result<Option<DemoAccess>, DemoError> {
    let marker = app.config.data_dir.state().join("demo");
    if marker.exists() {
        return Ok(None);
    }
    let folder = app.config.data_dir.uploaded_tables();
    if !is_only_demo(&app.store.snapshot(), &tables()) || !is_only_samples(&folder) {
        return Err(DemoError::NotEmpty(app.config.data_dir.root().to_owned()));
    }
    for name in Sample::iter() {
        if let Some(file) = Sample::get(&name) {
            atomic_file::write(&folder.join(name.as_ref()), &file.data)?;
        }
    }
    let password = Secret::new(random::hex(8));
    let hash = app
        .passwords
        .hash(password.expose().to_owned())
        .await
        .map_err(|_| DemoError::Account("the password could not be hashed".into()))?;
    let about = serde_json::from_str(TABLES).map_err(|error| DemoError::Sample(error.to_string()))?;
    let metrics = metrics::yaml::read(METRICS, None).map_err(|error| DemoError::Sample(error.to_string()))?;
    let id = register_demo(&app.store, tables(), about, metrics, hash).await?;
    app.runner.run_due().await;
    if app.orchestrator.publication().tables().count() < Sample::iter().count() {
        return Err(DemoError::Unpublished);
    }
    let version = app.store.snapshot().users.get(&id).map_or(0, |user| user.token_version);
    let token = app
        .authenticator
        .keys()
        .issue_session(&session_id(), &id, ADMIN_EMAIL, version)
        .map_err(|error| DemoError::Account(error.to_string()))?;
    atomic_file::write(&marker, b"filled by agnes serve --demo\n")?;
    Ok(Some(DemoAccess { password, token }))
}

/// Returns whether the folder has nothing but what an interrupted fill may have left.
fn is_only_samples(folder: &Path) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.all(|entry| Sample::iter().any(|file| entry.file_name() == *file))
}

/// The tables that the sample files become.
fn tables() -> Vec<String> {
    Sample::iter().map(|file| file.split('.').next().unwrap_or(&file).to_owned()).collect()
}
