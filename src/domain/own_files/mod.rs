//! What analysts send of their own: transcripts of sessions with their agents, artifacts, and local notes.

mod exchange;
mod names;
mod transcripts;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use self::exchange::{Exchange, Placed};
use self::names::stored_name;
pub use self::transcripts::{list_transcripts, open_transcript};
use crate::access::{Principal, Proof};
use crate::base::atomic_file::{self, Pending};
use crate::base::hash;
use crate::config::{DataDir, Environment, WrongValue, env_vars};
use crate::domain::{Error, Result, write_as};
use crate::protocol::own_files::{NotesStored, UploadedFile};
use crate::store::Store;
use crate::store::audit::{self, Action};

/// Largest file and longest notes.
pub const MAX_FILE_BYTES: u64 = 50 * 1024 * 1024;
pub const MAX_NOTES_BYTES: usize = 1024 * 1024;

/// Files are put in their places one after the other: each is counted with those before it.
static TURNS: Mutex<()> = Mutex::const_new(());

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Session,
    Artifact,
}

/// How much one person may keep, transcripts and artifacts together.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    pub files: usize,
    pub bytes: u64,
}

impl Quotas {
    pub fn load(env: &Environment) -> Result<Self, WrongValue> {
        Ok(Self {
            files: env.number(&env_vars::AGNES_USER_FILES)?,
            bytes: env.number::<u64>(&env_vars::AGNES_USER_FILES_MB)? * 1024 * 1024,
        })
    }

    /// Checks that a file of that size may take the place of `target`, beside the others in these folders.
    fn admit(self, folders: &[PathBuf], target: &Path, size: u64) -> Result<()> {
        let (mut files, mut bytes) = (1, size);
        for entry in folders.iter().flat_map(walkdir::WalkDir::new).filter_map(Result::ok) {
            let is_counted = entry.file_type().is_file() && entry.path() != target;
            if is_counted && !atomic_file::is_temporary(&entry.file_name().to_string_lossy()) {
                files += 1;
                bytes += entry.metadata().map_or(0, |file| file.len());
            }
        }
        if files > self.files {
            let reason = format!("You have {} files on the server, which is the most", self.files);
            return Err(Error::conflict(reason));
        }
        if bytes > self.bytes {
            let mb = |bytes: u64| bytes.div_ceil(1024 * 1024);
            let reason =
                format!("Your files on the server would take {} MB; you may have {} MB", mb(bytes), mb(self.bytes));
            return Err(Error::conflict(reason));
        }
        Ok(())
    }
}

/// A file that is being received.
#[derive(Debug)]
pub struct Incoming {
    kind: Kind,
    name: String,
    file: Pending,
    /// Of transcripts and of artifacts.
    folders: [PathBuf; 2],
}

impl Incoming {
    pub fn file(&self) -> &Pending {
        &self.file
    }
}

/// Prepares for a file that its sender calls `name`.
pub fn begin(data_dir: &DataDir, caller: &Principal, kind: Kind, name: &str) -> Result<Incoming> {
    let name = stored_name(name);
    let id = folder_name(&caller.user().id);
    let folders = [data_dir.user_sessions().join(&id), data_dir.user_artifacts().join(&id)];
    let folder = &folders[usize::from(kind == Kind::Artifact)];
    Ok(Incoming { kind, file: Pending::beside(&folder.join(&name))?, name, folders })
}

/// The id, which is a UUID unless somebody has chosen it in the database.
fn folder_name(user_id: &str) -> String {
    let is_safe = !user_id.is_empty() && user_id.len() <= 100;
    let is_safe = is_safe && user_id.chars().all(|c| c.is_ascii_alphanumeric() || ['-', '_'].contains(&c));
    if is_safe { user_id.to_owned() } else { hash::sha256_hex(user_id) }
}

/// Puts a received file in its place, if its owner has room for it. What is there already, byte for byte, stays as it is.
pub async fn store_file(store: &Store, caller: &Principal, quotas: Quotas, incoming: Incoming) -> Result<UploadedFile> {
    let Incoming { kind, name, file, folders } = incoming;
    let action = match kind {
        Kind::Session => Action::UploadSession,
        Kind::Artifact => Action::UploadArtifact,
    };
    let check = move |target: &Path, size: u64| quotas.admit(&folders, target, size);
    let placed = place(store, caller, file, check, action, json!({ "name": name }));
    let Placed { size, is_replacement, .. } = placed.await?;
    Ok(UploadedFile { status: "ok".into(), filename: name, size, replaced: is_replacement })
}

/// Stores the caller's notes.
pub async fn store_notes(
    store: &Store,
    data_dir: &DataDir,
    caller: &Principal,
    content: String,
) -> Result<NotesStored> {
    let user = caller.user().email.clone();
    let target = data_dir.user_local_md().join(format!("{}.md", &hash::sha256_hex(&user)[..24]));
    let size = content.chars().count();
    let staged = tokio::task::spawn_blocking(move || atomic_file::stage(&target, content.as_bytes())).await;
    let file = staged.map_err(io::Error::other)??;
    place(store, caller, file, |_, _| Ok(()), Action::UploadLocalNotes, json!({})).await?;
    Ok(NotesStored { status: "ok".into(), user, size })
}

/// Puts a file in its place and records that, or does neither.
async fn place(
    store: &Store,
    caller: &Principal,
    file: Pending,
    check: impl FnOnce(&Path, u64) -> Result<()> + Send + 'static,
    action: Action,
    mut details: Value,
) -> Result<Placed> {
    let (store, caller) = (store.clone(), caller.clone());
    // A caller who goes away does not stop it half-way.
    let placing = tokio::spawn(async move {
        let _turn = TURNS.lock().await;
        caller.confirm(&store.snapshot())?;
        let exchange = tokio::task::spawn_blocking(move || Exchange::begin(file, check)).await;
        let exchange = exchange.map_err(io::Error::other)??;
        let placed = exchange.placed();
        if placed.is_same {
            return Ok(placed);
        }
        details["bytes"] = json!(placed.size);
        details["replaced"] = json!(placed.is_replacement);
        let (actor, resource) = (caller.actor(), format!("user:{}", caller.user().id));
        let recorded =
            write_as(&store, caller, move |change| Ok(audit::record(change, &actor, action, &resource, details)?));
        let recorded = recorded.await;
        let end = move || match recorded {
            Ok(()) => Ok(placed),
            Err(error) => exchange.undo().map_err(Error::from).and(Err(error)),
        };
        tokio::task::spawn_blocking(end).await.map_err(io::Error::other)?
    });
    placing.await.map_err(io::Error::other)?
}
