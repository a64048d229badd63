//! `agnes serve --demo`: an empty data directory filled with public sample data.

use std::path::Path;

use rust_embed::RustEmbed;

use super::AppState;
use crate::base::secret::Secret;
use crate::base::{atomic_file, random};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::store::registry::{self, Table};
use crate::store::users::User;
use crate::store::{ADMIN_GROUP, Change, StoreError, members, users};

/// The sample files; `demo/README.md` names their source and licence.
#[derive(RustEmbed)]
#[folder = "demo/"]
#[include = "*.csv"]
#[include = "*.csv.gz"]
#[include = "*.tsv.gz"]
struct Sample;

/// The account of the demo.
pub const ADMIN_EMAIL: &str = "admin@example.com";
const ADMIN_NAME: &str = "Demo admin";

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
    Store(#[from] StoreError),
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
    if !holds_nothing_else(app, &folder) {
        return Err(DemoError::NotEmpty(app.config.data_dir.root().to_owned()));
    }
    for name in Sample::iter() {
        if let Some(file) = Sample::get(&name) {
            atomic_file::write(&folder.join(name.as_ref()), &file.data, atomic_file::PUBLIC)?;
        }
    }
    let password = Secret::new(random::hex(8));
    let hash = app
        .passwords
        .hash(password.expose().to_owned())
        .await
        .map_err(|_| DemoError::Account("the password could not be hashed".into()))?;
    let id = app.store.write(move |change| register(change, &hash)).await?;
    app.runner.run_due().await;
    if app.orchestrator.publication().tables().count() < Sample::iter().count() {
        return Err(DemoError::Unpublished);
    }
    let version = app.store.snapshot().users.get(&id).map_or(0, |user| user.token_version);
    let token = app
        .authenticator
        .keys()
        .issue_session(&id, ADMIN_EMAIL, version)
        .map_err(|error| DemoError::Account(error.to_string()))?;
    atomic_file::write(&marker, b"filled by agnes serve --demo\n", atomic_file::PUBLIC)?;
    Ok(Some(DemoAccess { password, token }))
}

/// Returns whether there is nothing but what an interrupted fill may have left.
fn holds_nothing_else(app: &AppState, folder: &Path) -> bool {
    let snapshot = app.store.snapshot();
    let is_sample = |name: &str| Sample::iter().any(|file| file == name);
    let is_demo = |user: &User| user.email == ADMIN_EMAIL && user.name.as_deref() == Some(ADMIN_NAME);
    snapshot.users.all().iter().all(|user| is_demo(user))
        && snapshot.registry.all().iter().all(|row| Sample::iter().any(|file| table(&file).id == row.id))
        && std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .all(|entry| is_sample(&entry.file_name().to_string_lossy()))
}

/// The demo's account and tables; returns the account's id.
fn register(change: &Change<'_>, password_hash: &Secret) -> Result<String, StoreError> {
    let id = match users::id_of(change, ADMIN_EMAIL)? {
        Some(id) => id,
        None => users::insert(change, ADMIN_EMAIL, Some(ADMIN_NAME))?,
    };
    users::set_password(change, &id, password_hash)?;
    members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, "demo")?;
    for name in Sample::iter() {
        match registry::insert(change, &table(&name)) {
            Ok(()) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(id)
}

fn table(file: &str) -> Table {
    let name = file.split('.').next().unwrap_or(file).to_owned();
    Table {
        id: name.clone(),
        description: Some(format!("Sample data: {name} around New York, January and February 2013")),
        name,
        source_type: Some(SourceType::LOCAL),
        query_mode: Some(QueryMode::Local),
        sync_strategy: Some(SyncStrategy::FullRefresh),
        profile_after_sync: true,
        registered_by: Some(ADMIN_EMAIL.into()),
        ..Table::default()
    }
}
