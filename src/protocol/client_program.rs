//! The command line as the server hands it out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /cli/latest`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct LatestClient {
    /// Null on a server that has no program to hand out.
    pub version: Option<String>,
    /// For clients of v0.35, which install wheels; null unless the server has one.
    pub wheel_filename: Option<String>,
    /// With `os` and `arch` in the request: their program. Without: the wheel.
    pub download_url_path: Option<String>,
    #[serde(default)]
    pub binaries: Vec<ClientBinary>,
    /// The oldest version of the command line that this server works with.
    #[serde(default)]
    pub oldest_version: Option<String>,
    #[serde(default)]
    pub install_sh_path: Option<String>,
    #[serde(default)]
    pub install_ps1_path: Option<String>,
}

/// The program for one platform.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ClientBinary {
    /// `linux`, `darwin` or `windows`.
    pub os: String,
    /// `x86_64` or `aarch64`.
    pub arch: String,
    pub version: String,
    pub filename: String,
    /// In bytes.
    pub size: u64,
    /// 64 lower-case hex digits.
    pub sha256: String,
    pub download_url_path: String,
}

/// The operating system of this program, in the terms of [`ClientBinary::os`].
pub fn this_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    }
}

/// The processor of this program, in the terms of [`ClientBinary::arch`].
pub fn this_arch() -> &'static str {
    std::env::consts::ARCH
}

/// A version of the command line; `None` for one that cannot be compared, such as `dev`.
pub fn version(text: &str) -> Option<semver::Version> {
    semver::Version::parse(text.trim_start_matches('v')).ok()
}
