//! Once a day, after a command that has talked to the server: whether it has a newer version of this program.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{INSTALLED, is_for_this_machine, is_older};
use crate::base::{atomic_file, time};
use crate::cli::Context;
use crate::client::Client;
use crate::config::env_vars;

const TIMEOUT: Duration = Duration::from_secs(1);
/// In seconds.
const DAY: i64 = 24 * 3600;
/// After a failure, in seconds.
const SOON: i64 = 300;

/// `update_check.json`
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Known {
    installed: String,
    server_url: String,
    latest: Option<String>,
    /// The oldest version that the server works with.
    oldest: Option<String>,
    /// Seconds since 1970; files of v0.35 have fractions.
    checked_at: f64,
}

/// One line about an update, if there is something to say that was not said today.
pub fn reminder(context: &Context) -> Option<String> {
    let is_unwanted = context.globals.json || context.globals.quiet;
    if is_unwanted || context.env.flag(&env_vars::AGNES_NO_UPDATE_CHECK) {
        return None;
    }
    let client = context.used_client()?;
    let path = context.config_dir().ok()?.update_check();
    let server_url = client.server().to_owned();
    let known: Known =
        std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let age = time::now().as_second() - known.checked_at as i64;
    let lasts = if known.latest.is_some() { DAY } else { SOON };
    if known.installed == INSTALLED && known.server_url == server_url && (0..lasts).contains(&age) {
        return None;
    }
    let (latest, oldest) = context.block_on(ask(&client)).ok()?.unwrap_or_default();
    let known = Known {
        installed: INSTALLED.to_owned(),
        server_url,
        latest,
        oldest,
        checked_at: time::now().as_second() as f64,
    };
    // Best effort, as all of this.
    let _ = serde_json::to_vec(&known).map(|text| atomic_file::write(&path, &text));
    known.text()
}

/// The version that the server has for this machine, and the oldest that it works with; `None` if it does not say.
async fn ask(client: &Client) -> Option<(Option<String>, Option<String>)> {
    let latest = tokio::time::timeout(TIMEOUT, client.latest_program()).await.ok()?.ok()?;
    let offered = latest.binaries.into_iter().find(is_for_this_machine);
    Some((offered.map(|binary| binary.version), latest.oldest_version))
}

impl Known {
    fn text(&self) -> Option<String> {
        let Self { latest, oldest, server_url, .. } = self;
        let latest = latest.as_deref()?;
        let script = match cfg!(windows) {
            true => format!("irm {server_url}/cli/install.ps1 | iex"),
            false => format!("curl -fsSL {server_url}/cli/install.sh | sh"),
        };
        let how = format!("Upgrade: agnes self update, or: {script}");
        if oldest.as_deref().is_some_and(|oldest| is_older(INSTALLED, oldest)) {
            return Some(format!(
                "[update] agnes {INSTALLED} is too old for this server, which has {latest} and works with {} or newer. {how}",
                oldest.as_deref().unwrap_or_default()
            ));
        }
        is_older(INSTALLED, latest)
            .then(|| format!("[update] agnes {INSTALLED} is out of date; this server has {latest}. {how}"))
    }
}
