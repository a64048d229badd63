//! `/setup`: how a laptop and its agent are connected.

use axum::response::Response;
use minijinja::context;

use super::{PageContext, PageResult, SignedIn};
use crate::access::{Interactive, Principal};
use crate::base::time;
use crate::domain::prompts::setup_prompt;
use crate::domain::tokens::create_token;
use crate::protocol::tokens::{CreateToken, Scope};
use crate::server::http::session::redirect;
use crate::server::services::rate_limits::Rule;

/// Of the token that is made for the agent.
const DAYS: i64 = 90;
/// What stands for a token that is not made yet.
const NO_TOKEN: &str = "<will be generated on click>";

/// `GET /setup`
pub async fn show_setup(page: PageContext) -> PageResult {
    let script = match &page.person {
        Some(person) => Some(script(&page, person, NO_TOKEN).await?),
        None => None,
    };
    page.render("setup.html", context! { script, token => (), ..addresses(&page) })
}

/// `POST /setup`: makes a token, and shows the script with it, this once.
pub async fn submit_setup(SignedIn(person): SignedIn<Interactive>, page: PageContext) -> PageResult {
    page.admit(Rule { path: "/auth/tokens", per_minute: 30 })?;
    let name = format!("Agent — {}", time::civil(time::now()).strftime("%Y-%m-%d %H:%M"));
    let request =
        CreateToken { name, expires_in_days: Some(DAYS), ttl_seconds: None, scope: Scope::NoAdmin.to_string() };
    let created = create_token(&page.app.store, &page.app.authenticator.keys(), &person, &request).await?;
    let script = script(&page, &person, &created.token).await?;
    page.render_secret("setup.html", context! { script, token => true, ..addresses(&page) })
}

/// `GET /install`, an older address.
pub async fn redirect_to_setup() -> Response {
    redirect("/setup")
}

async fn script(page: &PageContext, person: &Principal, token: &str) -> PageResult<String> {
    let (publication, url) = (page.app.orchestrator.publication(), page.app.address(&page.caller.base_url));
    let text = setup_prompt(&page.app.prompt_sources(&publication), &page.app.renderer, person, &url).await?;
    Ok(text.replace("{server_url}", &url).replace("{token}", token))
}

/// What installs the command line from this server.
pub fn install_command(page: &PageContext) -> String {
    format!("curl -fsSL {}/cli/install.sh | sh", page.app.address(&page.caller.base_url))
}

fn addresses(page: &PageContext) -> minijinja::Value {
    let url = page.app.address(&page.caller.base_url);
    context! { install => install_command(page), install_windows => format!("irm {url}/cli/install.ps1 | iex"), url }
}
