//! Prompts for analysts' agents: how to set up the command line, and the `CLAUDE.md` of a workspace. Admins may replace
//! their templates.

mod examples;
mod renderer;
mod values;

pub use renderer::{RenderError, Renderer, serve};
pub use values::Sources;

use serde_json::{Value, json};

use crate::access::{Admin, Principal};
use crate::base::hash::sha256_hex;
use crate::base::time;
use crate::domain::{Error, Result, rules, write_as};
use crate::protocol::prompts::{PromptTemplate, TemplateStored};
use crate::store::Store;
use crate::store::audit::{self, Action};
use crate::store::prompts::{self, Prompt, Stored};

/// In characters.
const MAX_TEMPLATE: usize = 200_000;
const MAX_URL: usize = 2_000;

/// By which programs of older versions recognize a workspace.
const MARKER: &str = "AI Data Analyst";
/// What older versions called commands and paths, in order.
const LEGACY: [&str; 6] =
    ["da analyst setup", "da fetch", "da metrics list", "da metrics show", "da sync", "data/parquet"];

#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A template that was sent does not work.
    #[error("{0}")]
    Invalid(String),
    /// The stored template does not work.
    #[error("Template render error: {0}")]
    Stored(String),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Other(#[from] Error),
}

/// The built-in template.
fn built_in(prompt: Prompt) -> &'static str {
    match prompt {
        Prompt::Setup => include_str!("../../../templates/prompts/setup.txt"),
        Prompt::Workspace => include_str!("../../../templates/prompts/workspace.md"),
    }
}

/// Renders the `CLAUDE.md` of the caller's workspace.
pub async fn welcome(
    sources: &Sources<'_>,
    renderer: &Renderer,
    caller: &Principal,
    server_url: &str,
) -> Result<String, PromptError> {
    check_url(server_url)?;
    let values = sources.workspace(caller, server_url).await?;
    match stored(sources.store, Prompt::Workspace).await?.content {
        Some(template) => renderer.render(&template, values).await.map_err(|error| match error {
            RenderError::Template(reason) => PromptError::Stored(reason),
            other => PromptError::Render(other),
        }),
        None => Ok(default(Prompt::Workspace, &values)?),
    }
}

/// Renders the set-up prompt, in which `{server_url}` and `{token}` are still to be replaced. A stored template that does not
/// work is logged, and the built-in one takes its place.
pub async fn setup_prompt(
    sources: &Sources<'_>,
    renderer: &Renderer,
    caller: &Principal,
    server_url: &str,
) -> Result<String, PromptError> {
    check_url(server_url)?;
    let values = sources.setup(caller, server_url).await?;
    if let Some(template) = stored(sources.store, Prompt::Setup).await?.content {
        match renderer.render(&template, values.clone()).await {
            Ok(text) => return Ok(text),
            Err(error) => tracing::error!(%error, "the set-up prompt of the admins does not work"),
        }
    }
    Ok(default(Prompt::Setup, &values)?)
}

/// What an admin has written in place of a built-in template.
async fn stored(store: &Store, prompt: Prompt) -> Result<Stored> {
    Ok(store.read(move |reader| prompts::get(reader, prompt)).await?)
}

/// An address that is written into a text.
fn check_url(url: &str) -> Result<()> {
    rules::limit("server_url", url, MAX_URL)?;
    if url.contains(char::is_control) {
        return Err(Error::field("server_url", "server_url must not contain control characters", url));
    }
    Ok(())
}

fn default(prompt: Prompt, values: &Value) -> Result<String, RenderError> {
    renderer::render_own(built_in(prompt), values)
}

async fn values(sources: &Sources<'_>, prompt: Prompt, caller: &Principal, server_url: &str) -> Result<Value> {
    match prompt {
        Prompt::Setup => sources.setup(caller, server_url).await,
        Prompt::Workspace => sources.workspace(caller, server_url).await,
    }
}

/// Returns what an admin has written in place of the built-in template, and that one.
pub async fn get_template(
    sources: &Sources<'_>,
    prompt: Prompt,
    admin: &Admin,
    server_url: &str,
) -> Result<PromptTemplate, PromptError> {
    let stored = stored(sources.store, prompt).await?;
    let content = stored.content.as_deref();
    let legacy = || LEGACY.into_iter().filter(|text| content.is_some_and(|content| content.contains(text)));
    Ok(PromptTemplate {
        default: default(prompt, &values(sources, prompt, admin, server_url).await?)?,
        default_source: built_in(prompt).to_owned(),
        updated_at: stored.updated_at.map(time::iso_naive),
        updated_by: stored.updated_by.clone(),
        legacy_strings_detected: (prompt == Prompt::Workspace).then(|| legacy().map(str::to_owned).collect()),
        warnings: content.map(|content| warnings(prompt, content)).unwrap_or_default(),
        content: stored.content,
    })
}

fn warnings(prompt: Prompt, content: &str) -> Vec<String> {
    let is_recognized = prompt == Prompt::Setup || content.contains(MARKER);
    let warning = format!("Programs of v0.35 recognize a workspace by the text '{MARKER}', which this template lacks");
    if is_recognized { Vec::new() } else { vec![warning] }
}

/// Stores a template in place of the built-in one. It must work for everybody: for an admin, for a user who may read nothing,
/// and that of the set-up prompt also for somebody who is not signed in.
pub async fn set_template(
    store: &Store,
    renderer: &Renderer,
    admin: &Admin,
    prompt: Prompt,
    content: String,
) -> Result<TemplateStored, PromptError> {
    check_length(&content)?;
    for (example, refusal) in examples::of(prompt) {
        renderer.render(&content, example).await.map_err(|error| match error {
            RenderError::Template(reason) => PromptError::Invalid(format!("{refusal}: {reason}")),
            other => PromptError::Render(other),
        })?;
    }
    let warnings = warnings(prompt, &content);
    // Not the text: a row of the audit log stays for good.
    let details = json!({ "characters": content.chars().count(), "sha256": sha256_hex(&content) });
    put(store, admin, prompt, Some(content), Action::PromptUpdate, details).await?;
    Ok(TemplateStored { status: "ok".into(), warnings })
}

/// Brings the built-in template back.
pub async fn reset_template(store: &Store, admin: &Admin, prompt: Prompt) -> Result<()> {
    put(store, admin, prompt, None, Action::PromptReset, json!(null)).await
}

async fn put(
    store: &Store,
    admin: &Admin,
    prompt: Prompt,
    content: Option<String>,
    action: Action,
    details: Value,
) -> Result<()> {
    let (actor, by) = (admin.actor(), admin.user().email.clone());
    let written = write_as(store, admin.clone(), move |change| {
        prompts::put(change, prompt, content.as_deref(), &by)?;
        Ok(audit::record(change, &actor, action, prompt.as_str(), details)?)
    });
    written.await
}

/// Renders a template for the caller without storing it.
pub async fn preview_template(
    sources: &Sources<'_>,
    renderer: &Renderer,
    prompt: Prompt,
    admin: &Admin,
    server_url: &str,
    content: &str,
) -> Result<String, PromptError> {
    check_length(content)?;
    let values = values(sources, prompt, admin, server_url).await?;
    renderer.render(content, values).await.map_err(|error| match error {
        RenderError::Template(reason) => PromptError::Invalid(format!("Template invalid: {reason}")),
        other => PromptError::Render(other),
    })
}

fn check_length(content: &str) -> Result<()> {
    if content.is_empty() {
        return Err(Error::field("content", "content must not be empty", content));
    }
    if content.chars().count() > MAX_TEMPLATE {
        let reason = format!("content must have at most {MAX_TEMPLATE} characters");
        return Err(Error::field("content", reason, content.chars().take(100).collect::<String>()));
    }
    Ok(())
}
