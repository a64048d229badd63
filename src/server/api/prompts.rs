//! Prompts for analysts' agents, and their templates.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::{Admin, Principal};
use crate::domain::prompts::{self, PromptError, RenderError};
use crate::protocol::prompts::{PromptTemplate, RenderedPrompt, TemplateContent, TemplateStored};
use crate::server::http::extractors::{Json, Query, Reply};
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiError, ApiResult, AppState};
use crate::store::prompts::Prompt;

impl From<PromptError> for ApiError {
    fn from(error: PromptError) -> Self {
        let text = error.to_string();
        match error {
            PromptError::Invalid(text) => Self::bad_request(text),
            PromptError::Stored(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, text),
            PromptError::Render(RenderError::Busy) => Self::too_many(text, 2),
            PromptError::Render(error) => Self::internal(error),
            PromptError::Other(error) => error.into(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WelcomeQuery {
    /// The address of the server as the text is to name it; the one that the request was sent to if absent.
    server_url: Option<String>,
}

/// Returns the `CLAUDE.md` of the caller's workspace.
#[utoipa::path(get, path = "/api/welcome", tag = "prompts", params(WelcomeQuery),
    responses((status = 200, body = RenderedPrompt), (status = 500, description = "The template of an admin fails")))]
pub async fn get_welcome(
    app: AppState,
    principal: Principal,
    caller: Caller,
    Query(query): Query<WelcomeQuery>,
) -> Reply<RenderedPrompt> {
    let (publication, url) =
        (app.orchestrator.publication(), query.server_url.unwrap_or_else(|| app.address(&caller.base_url)));
    let content = prompts::welcome(&app.prompt_sources(&publication), &app.renderer, &principal, &url).await;
    if let Err(error @ PromptError::Stored(_)) = &content {
        tracing::error!(%error, "CLAUDE.md cannot be rendered; see GET /api/admin/workspace-prompt-template");
    }
    Ok(Json(RenderedPrompt { content: content? }))
}

/// Returns what an admin has written in place of the built-in set-up prompt, and that one.
#[utoipa::path(get, path = "/api/admin/welcome-template", tag = "prompts",
    responses((status = 200, body = PromptTemplate)))]
pub async fn get_welcome_template(app: AppState, admin: Admin, caller: Caller) -> Reply<PromptTemplate> {
    get(app, admin, caller, Prompt::Setup).await
}

/// Replaces the set-up prompt. A template that does not work is refused.
#[utoipa::path(put, path = "/api/admin/welcome-template", tag = "prompts",
    responses((status = 200, body = TemplateStored), (status = 400)))]
pub async fn set_welcome_template(
    app: AppState,
    admin: Admin,
    Json(template): Json<TemplateContent>,
) -> Reply<TemplateStored> {
    set(app, admin, Prompt::Setup, template).await
}

/// Brings the built-in set-up prompt back.
#[utoipa::path(delete, path = "/api/admin/welcome-template", tag = "prompts", responses((status = 204)))]
pub async fn reset_welcome_template(app: AppState, admin: Admin) -> ApiResult<StatusCode> {
    reset(app, admin, Prompt::Setup).await
}

/// Renders a set-up prompt for the caller without storing it.
#[utoipa::path(post, path = "/api/admin/welcome-template/preview", tag = "prompts",
    responses((status = 200, body = RenderedPrompt), (status = 400)))]
pub async fn preview_welcome_template(
    app: AppState,
    admin: Admin,
    caller: Caller,
    Json(template): Json<TemplateContent>,
) -> Reply<RenderedPrompt> {
    preview(app, admin, caller, Prompt::Setup, template).await
}

/// Returns what an admin has written in place of the built-in `CLAUDE.md`, and that one.
#[utoipa::path(get, path = "/api/admin/workspace-prompt-template", tag = "prompts",
    responses((status = 200, body = PromptTemplate)))]
pub async fn get_workspace_template(app: AppState, admin: Admin, caller: Caller) -> Reply<PromptTemplate> {
    get(app, admin, caller, Prompt::Workspace).await
}

/// Replaces the `CLAUDE.md` of workspaces. A template that does not work is refused.
#[utoipa::path(put, path = "/api/admin/workspace-prompt-template", tag = "prompts",
    responses((status = 200, body = TemplateStored), (status = 400)))]
pub async fn set_workspace_template(
    app: AppState,
    admin: Admin,
    Json(template): Json<TemplateContent>,
) -> Reply<TemplateStored> {
    set(app, admin, Prompt::Workspace, template).await
}

/// Brings the built-in `CLAUDE.md` back.
#[utoipa::path(delete, path = "/api/admin/workspace-prompt-template", tag = "prompts", responses((status = 204)))]
pub async fn reset_workspace_template(app: AppState, admin: Admin) -> ApiResult<StatusCode> {
    reset(app, admin, Prompt::Workspace).await
}

/// Renders a `CLAUDE.md` for the caller without storing it.
#[utoipa::path(post, path = "/api/admin/workspace-prompt-template/preview", tag = "prompts",
    responses((status = 200, body = RenderedPrompt), (status = 400)))]
pub async fn preview_workspace_template(
    app: AppState,
    admin: Admin,
    caller: Caller,
    Json(template): Json<TemplateContent>,
) -> Reply<RenderedPrompt> {
    preview(app, admin, caller, Prompt::Workspace, template).await
}

async fn get(app: AppState, admin: Admin, caller: Caller, prompt: Prompt) -> Reply<PromptTemplate> {
    let (publication, url) = (app.orchestrator.publication(), app.address(&caller.base_url));
    Ok(Json(prompts::get_template(&app.prompt_sources(&publication), prompt, &admin, &url).await?))
}

async fn set(app: AppState, admin: Admin, prompt: Prompt, template: TemplateContent) -> Reply<TemplateStored> {
    Ok(Json(prompts::set_template(&app.store, &app.renderer, &admin, prompt, template.content).await?))
}

async fn reset(app: AppState, admin: Admin, prompt: Prompt) -> ApiResult<StatusCode> {
    prompts::reset_template(&app.store, &admin, prompt).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn preview(
    app: AppState,
    admin: Admin,
    caller: Caller,
    prompt: Prompt,
    template: TemplateContent,
) -> Reply<RenderedPrompt> {
    let (publication, url) = (app.orchestrator.publication(), app.address(&caller.base_url));
    let (sources, renderer) = (app.prompt_sources(&publication), &app.renderer);
    let content = prompts::preview_template(&sources, renderer, prompt, &admin, &url, &template.content).await?;
    Ok(Json(RenderedPrompt { content }))
}
