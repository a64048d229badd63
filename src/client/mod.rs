//! Typed HTTP client of our own API, for the command line and other programs that talk to the server.

mod error;
mod foreign;
mod probe;
mod request;
mod results;
mod scan;
mod transfer;

pub use error::ClientError;
pub use results::{ResultStream, Results};
pub use transfer::DownloadRequest;

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::base::secret::Secret;
use crate::base::{is_this_machine, with_causes};
use crate::protocol::auth::{Me, TokenRequest, TokenResponse};
use crate::protocol::sync::Manifest;

/// Timeout of an ordinary request.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// Timeout of a query; the server stops queries after 300 seconds unless configured otherwise.
const QUERY_TIMEOUT: Duration = Duration::from_secs(600);

/// A connection pool to one server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    token: Option<Secret>,
}

impl Client {
    /// For a server whose address has no trailing slash, but may have a path; the token is sent to it only. `ca_files`
    /// are PEM files of additional certificate authorities to trust. Does not connect.
    pub fn new(server: Url, token: Option<Secret>, ca_files: &[PathBuf]) -> Result<Self, ClientError> {
        let (version, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
        let mut builder = reqwest::Client::builder()
            .user_agent(format!("agnes-cli/{version} ({os}; {arch})"))
            .connect_timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if is_this_machine(&server) {
            // A proxy would connect to its own machine.
            builder = builder.no_proxy();
        }
        for file in ca_files {
            builder = builder.tls_certs_merge(read_certificates(file)?);
        }
        let http = builder.build().map_err(|error| ClientError::Setup(with_causes(&error)))?;
        Ok(Self { http, server, token })
    }

    /// The address as shown to people.
    pub fn server(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    pub fn address(&self) -> &Url {
        &self.server
    }

    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get(&["auth", "me"], &[]).await
    }

    /// Signs in; no token is needed for this.
    pub async fn sign_in(&self, request: &TokenRequest) -> Result<TokenResponse, ClientError> {
        self.send(Method::POST, &["auth", "token"], request).await
    }

    pub async fn manifest(&self) -> Result<Manifest, ClientError> {
        self.get(&["api", "sync", "manifest"], &[]).await
    }

    /// `GET` with query parameters. The segments of `path` are percent-encoded.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, ClientError> {
        let builder = self.builder(Method::GET, path, TIMEOUT)?.query(query);
        self.json(self.follow(builder).await?).await
    }

    /// `POST` with query parameters and no body.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, ClientError> {
        let builder = self.builder(Method::POST, path, TIMEOUT)?.query(query);
        self.json(self.follow(builder).await?).await
    }

    /// `POST` without a body, for what takes as long as a query.
    pub async fn wait_for<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, ClientError> {
        let builder = self.builder(Method::POST, path, QUERY_TIMEOUT)?;
        self.json(self.follow(builder).await?).await
    }

    /// Sends a JSON body and reads a JSON response.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let builder = self.builder(method, path, TIMEOUT)?.json(body);
        self.json(self.follow(builder).await?).await
    }

    /// Sends a request without a body and ignores the body of the response.
    pub async fn call(&self, method: Method, path: &[&str], timeout: Duration) -> Result<(), ClientError> {
        let builder = self.builder(method, path, timeout)?;
        self.follow(builder).await.map(drop)
    }

    /// Sends a JSON body and ignores the body of the response.
    pub async fn tell(&self, method: Method, path: &[&str], body: &impl Serialize) -> Result<(), ClientError> {
        let builder = self.builder(method, path, TIMEOUT)?.json(body);
        self.follow(builder).await.map(drop)
    }
}

/// All certificates of a PEM file.
fn read_certificates(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let invalid = |message: String| ClientError::Setup(format!("certificate file {}: {message}", path.display()));
    let pem = std::fs::read(path).map_err(|error| invalid(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| invalid(with_causes(&error)))?;
    if certificates.is_empty() {
        return Err(invalid("contains no PEM certificate".into()));
    }
    Ok(certificates)
}
