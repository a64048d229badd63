//! The two prompts that admins can replace, with a preview.

use axum::response::Response;
use minijinja::context;
use serde::Deserialize;

use super::flash::Flash;
use super::form::FormState;
use super::{PageContext, PageResult, SignedIn};
use crate::access::Admin;
use crate::domain::prompts::{PromptError, get_template, preview_template, reset_template, set_template};
use crate::server::http::extractors::TextForm;
use crate::server::http::session::redirect;
use crate::store::prompts::Prompt;

/// What a page is about.
struct Subject {
    prompt: Prompt,
    path: &'static str,
    title: &'static str,
    about: &'static str,
    /// Where scripts ask for a preview.
    preview: &'static str,
    /// Names that a template can show.
    names: &'static [&'static str],
}

const SETUP: Subject = Subject {
    prompt: Prompt::Setup,
    path: "/admin/agent-prompt",
    title: "Agent setup prompt",
    about: "What an agent is told to do on a new laptop, by the page /setup.",
    preview: "/api/admin/welcome-template/preview",
    names: &[
        "instance.name",
        "instance.subtitle",
        "server.url",
        "server.hostname",
        "user.name",
        "user.email",
        "user.is_admin",
        "user.groups",
        "marketplaces",
        "today",
        "now",
    ],
};

const WORKSPACE: Subject = Subject {
    prompt: Prompt::Workspace,
    path: "/admin/workspace-prompt",
    title: "Workspace prompt",
    about: "The CLAUDE.md that agnes init and agnes pull write into each workspace.",
    preview: "/api/admin/workspace-prompt-template/preview",
    names: &[
        "instance.name",
        "instance.subtitle",
        "server.url",
        "user.name",
        "user.email",
        "user.groups",
        "tables",
        "metrics.count",
        "metrics.categories",
        "data_source.type",
        "sync_interval",
        "marketplaces",
        "today",
        "now",
    ],
};

#[derive(Deserialize)]
pub struct PromptForm {
    #[serde(default)]
    content: String,
    /// `save` or `preview`.
    #[serde(default)]
    action: String,
}

/// `GET /admin/agent-prompt`
pub async fn show_setup(SignedIn(admin): SignedIn<Admin>, page: PageContext) -> PageResult {
    show(&page, &admin, &SETUP, None, FormState::new("prompt"), None).await
}

/// `POST /admin/agent-prompt`
pub async fn submit_setup(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    TextForm(form): TextForm<PromptForm>,
) -> PageResult {
    submit(&page, &admin, &SETUP, form).await
}

/// `POST /admin/agent-prompt/reset`
pub async fn reset_setup(SignedIn(admin): SignedIn<Admin>, page: PageContext) -> PageResult {
    reset(&page, &admin, &SETUP).await
}

/// `GET /admin/workspace-prompt`
pub async fn show_workspace(SignedIn(admin): SignedIn<Admin>, page: PageContext) -> PageResult {
    show(&page, &admin, &WORKSPACE, None, FormState::new("prompt"), None).await
}

/// `POST /admin/workspace-prompt`
pub async fn submit_workspace(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    TextForm(form): TextForm<PromptForm>,
) -> PageResult {
    submit(&page, &admin, &WORKSPACE, form).await
}

/// `POST /admin/workspace-prompt/reset`
pub async fn reset_workspace(SignedIn(admin): SignedIn<Admin>, page: PageContext) -> PageResult {
    reset(&page, &admin, &WORKSPACE).await
}

async fn submit(page: &PageContext, admin: &Admin, subject: &Subject, form: PromptForm) -> PageResult {
    let app = &page.app;
    // Browsers send lines as forms do.
    let content = form.content.replace("\r\n", "\n");
    let state = FormState::new("prompt");
    let url = app.address(&page.caller.base_url);
    let publication = app.orchestrator.publication();
    let rendered =
        preview_template(&app.prompt_sources(&publication), &app.renderer, subject.prompt, admin, &url, &content).await;
    let rendered = match rendered {
        Ok(text) => text,
        Err(error) => {
            let refused = state.with_message(&refusal(error)?);
            return show(page, admin, subject, Some(content), refused, None).await;
        }
    };
    if form.action != "save" {
        return show(page, admin, subject, Some(content), state, Some(rendered)).await;
    }
    match set_template(&app.store, &app.renderer, admin, subject.prompt, content.clone()).await {
        Ok(stored) => {
            let warnings: String = stored.warnings.iter().map(|warning| format!(" {warning}.")).collect();
            Ok(page.with_flash(redirect(subject.path), &Flash::Notice(format!("The prompt is saved.{warnings}"))))
        }
        Err(error) => {
            let refused = state.with_message(&refusal(error)?);
            show(page, admin, subject, Some(content), refused, None).await
        }
    }
}

async fn reset(page: &PageContext, admin: &Admin, subject: &Subject) -> PageResult {
    reset_template(&page.app.store, admin, subject.prompt).await?;
    Ok(page.with_flash(redirect(subject.path), &Flash::Notice("The built-in prompt is back.".into())))
}

/// What an admin can correct in the template.
fn refusal(error: PromptError) -> PageResult<String> {
    match error {
        PromptError::Invalid(text) => Ok(text),
        PromptError::Other(error @ crate::domain::Error::Field { .. }) => Ok(error.to_string()),
        other => Err(other.into()),
    }
}

async fn show(
    page: &PageContext,
    admin: &Admin,
    subject: &Subject,
    typed: Option<String>,
    form: FormState,
    rendered: Option<String>,
) -> PageResult<Response> {
    let app = &page.app;
    let (publication, url) = (app.orchestrator.publication(), app.address(&page.caller.base_url));
    let stored = get_template(&app.prompt_sources(&publication), subject.prompt, admin, &url).await?;
    let is_own = stored.content.is_some();
    let source = typed.or(stored.content).unwrap_or(stored.default_source);
    let values = context! {
        title => subject.title, about => subject.about, path => subject.path, preview_path => subject.preview,
        names => subject.names.to_vec(), form, source, rendered, is_own, updated_at => stored.updated_at,
        updated_by => stored.updated_by, warnings => stored.warnings,
        legacy => stored.legacy_strings_detected.unwrap_or_default(),
    };
    page.render("prompt.html", values)
}
