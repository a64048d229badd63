//! Handing out the command line: the program for each platform, and scripts that install it.

mod script;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use self::script::Script;
use crate::protocol::client_program::{LatestClient, this_arch, this_os};
use crate::server::http::extractors::{Path, Query};
use crate::server::http::file::SentFile;
use crate::server::http::middleware::caller::Caller;
use crate::server::services::client_programs::{Artifact, Offer};
use crate::server::{ApiError, ApiResult, AppState};

/// The oldest version of the command line that works with this server.
const OLDEST_VERSION: &str = "0.1.0";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Platform {
    /// `linux`, `darwin` or `windows`
    os: Option<String>,
    /// `x86_64` or `aarch64`
    arch: Option<String>,
}

/// Returns which version of the command line this server hands out, and for which platforms.
#[utoipa::path(get, path = "/cli/latest", tag = "command line", security(()), params(Platform),
    responses((status = 200, body = LatestClient)))]
pub async fn get_latest_client(app: AppState, Query(platform): Query<Platform>) -> ApiResult<Json<LatestClient>> {
    let offer = offer(&app).await?;
    let wheel = offer.wheel.as_ref().map(|wheel| wheel.name.clone());
    let asked = platform.os.as_deref().zip(platform.arch.as_deref());
    let download_url_path = match asked {
        Some((os, arch)) => offer.program(os, arch).map(|program| program.about.download_url_path.clone()),
        None => wheel.as_ref().map(|name| format!("/cli/wheel/{name}")),
    };
    Ok(Json(LatestClient {
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        wheel_filename: wheel,
        download_url_path,
        binaries: offer.binaries.iter().map(|program| program.about.clone()).collect(),
        oldest_version: Some(OLDEST_VERSION.to_owned()),
        install_sh_path: Some("/cli/install.sh".to_owned()),
        install_ps1_path: Some("/cli/install.ps1".to_owned()),
    }))
}

/// Returns the program for a platform; without one, that for the platform of the browser, or of this server.
#[utoipa::path(get, path = "/cli/download", tag = "command line", security(()), params(Platform),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206), (status = 304),
        (status = 404, description = "There is no program for this platform"), (status = 412), (status = 416)))]
pub async fn download_client(
    app: AppState,
    Query(platform): Query<Platform>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let offer = offer(&app).await?;
    if let (None, None, Some(wheel)) = (&platform.os, &platform.arch, &offer.wheel) {
        return send(wheel, &headers).await;
    }
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let os = platform.os.as_deref().unwrap_or_else(|| os_of(agent));
    let arch = platform.arch.as_deref().unwrap_or(this_arch());
    match offer.program(os, arch) {
        Some(program) => send(&program.file, &headers).await,
        None => {
            let detail = json!({"reason": "cli_platform_unavailable", "os": os, "arch": arch,
                "available": offer.platforms()});
            Err(ApiError::new(StatusCode::NOT_FOUND, detail))
        }
    }
}

/// Returns a program by its file name, or with `.sha256` behind that its checksum.
#[utoipa::path(get, path = "/cli/bin/{filename}", tag = "command line", security(()),
    params(("filename", description = "As `/cli/latest` names it")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206), (status = 304),
        (status = 404), (status = 412), (status = 416)))]
pub async fn download_client_binary(
    app: AppState,
    Path(filename): Path<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let offer = offer(&app).await?;
    let (name, is_checksum) = match filename.strip_suffix(".sha256") {
        Some(name) => (name, true),
        None => (filename.as_str(), false),
    };
    let program = offer.binaries.iter().find(|program| program.about.filename == name);
    let file = &program.ok_or_else(|| ApiError::not_found("Program not found; see /cli/latest"))?.file;
    match is_checksum {
        true => Ok(text(format!("{}  {}\n", file.sha256, file.name))),
        false => send(file, &headers).await,
    }
}

/// Returns the wheel for clients of v0.35, if this server has one.
#[utoipa::path(get, path = "/cli/wheel/{filename}", tag = "command line", security(()),
    params(("filename", description = "As `/cli/latest` names it")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206), (status = 304),
        (status = 404), (status = 412), (status = 416)))]
pub async fn download_client_wheel(
    app: AppState,
    Path(filename): Path<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    match offer(&app).await?.wheel.as_ref().filter(|wheel| wheel.name == filename) {
        Some(wheel) => send(wheel, &headers).await,
        None => Err(ApiError::not_found("Wheel not found")),
    }
}

/// Returns a shell script that installs the command line: `curl -fsSL SERVER/cli/install.sh | sh`.
#[utoipa::path(get, path = "/cli/install.sh", tag = "command line", security(()),
    responses((status = 200, content_type = "text/plain"), (status = 400)))]
pub async fn get_install_script(app: AppState, caller: Caller) -> ApiResult<Response> {
    install_script(&app, &caller, Script::Sh).await
}

/// Returns the script for PowerShell: `irm SERVER/cli/install.ps1 | iex`.
#[utoipa::path(get, path = "/cli/install.ps1", tag = "command line", security(()),
    responses((status = 200, content_type = "text/plain"), (status = 400)))]
pub async fn get_powershell_install_script(app: AppState, caller: Caller) -> ApiResult<Response> {
    install_script(&app, &caller, Script::PowerShell).await
}

async fn install_script(app: &AppState, caller: &Caller, script: Script) -> ApiResult<Response> {
    let server = app.config.public_url.as_deref().unwrap_or(&caller.base_url);
    if !script::is_plain_address(server) {
        return Err(ApiError::bad_request("Unexpected server URL format"));
    }
    let text = script.render(server, &offer(app).await?).map_err(ApiError::internal)?;
    Ok(self::text(text))
}

async fn offer(app: &AppState) -> ApiResult<Offer> {
    let app = app.clone();
    let offer = tokio::task::spawn_blocking(move || app.client_programs.offer()).await;
    offer.map_err(ApiError::internal)?.map_err(ApiError::internal)
}

async fn send(file: &Artifact, request: &HeaderMap) -> ApiResult<Response> {
    let file = SentFile {
        path: &file.path,
        hash: &file.sha256,
        size_bytes: file.size,
        name: &file.name,
        cache_control: "no-cache",
        changed: "The program has changed; fetch /cli/latest again",
    };
    file.respond(request).await
}

fn text(text: String) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// The operating system that a browser says it runs on.
fn os_of(agent: &str) -> &'static str {
    let names = [("Windows", "windows"), ("Macintosh", "darwin"), ("Linux", "linux")];
    names.iter().find(|(part, _)| agent.contains(part)).map_or_else(this_os, |(_, os)| os)
}
