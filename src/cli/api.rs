//! The server's API, for commands that make one request after the other.

use std::future::Future;
use std::path::Path;

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::CliError;
use crate::client::{Client, ClientError, TIMEOUT};
use crate::protocol::file_format::FormatChanges;

/// A client with blocking methods; an error response of the server becomes `Failed: …`.
pub struct Api {
    client: Client,
    runtime: tokio::runtime::Runtime,
    cancellation: CancellationToken,
}

/// A response: `json` is all of it, including what `body` has no field for.
pub struct Response<T> {
    pub body: T,
    pub json: Value,
}

impl Api {
    /// `cancellation` ends requests whose results are not wanted any more.
    pub fn new(client: Client, cancellation: CancellationToken) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client, runtime, cancellation })
    }

    /// `GET` with query parameters.
    pub fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Response<T>, CliError> {
        self.try_get(path, query).map_err(CliError::failed)
    }

    /// [`Self::get`] for commands that look at the error themselves.
    pub fn try_get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Response<T>, ClientError> {
        self.response(self.client.get(path, query))
    }

    /// `GET` with the body as it was sent: its numbers may have more digits than a double holds.
    pub fn try_get_raw(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Box<RawValue>, ClientError> {
        self.wait(self.client.get(path, query))
    }

    /// Waits for other requests of the client.
    pub fn block_on<'a, T, E: From<ClientError>>(
        &'a self,
        requests: impl AsyncFnOnce(&'a Client) -> Result<T, E>,
    ) -> Result<T, E> {
        self.wait(requests(&self.client))
    }

    fn wait<T, E: From<ClientError>>(&self, requests: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let done = self.runtime.block_on(self.cancellation.run_until_cancelled(requests));
        done.unwrap_or_else(|| {
            let (server, reason) = (self.client.server().to_owned(), "cancelled".to_owned());
            Err(ClientError::Interrupted { server, reason }.into())
        })
    }

    /// `POST` with query parameters and no body.
    pub fn post<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Response<T>, CliError> {
        self.response(self.client.post(path, query)).map_err(CliError::failed)
    }

    /// `POST` without a body, for what takes as long as a query.
    pub fn wait_for<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Response<T>, CliError> {
        self.response(self.client.wait_for(path)).map_err(CliError::failed)
    }

    /// Sends a JSON body.
    pub fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Response<T>, CliError> {
        self.try_send(method, path, body).map_err(CliError::failed)
    }

    /// [`Self::send`] for commands that look at the error themselves.
    pub fn try_send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Response<T>, ClientError> {
        self.response(self.client.send(method, path, body))
    }

    /// Sends a JSON body and ignores the body of the response.
    pub fn tell(&self, method: Method, path: &[&str], body: &impl Serialize) -> Result<(), CliError> {
        self.wait(self.client.tell(method, path, body)).map_err(CliError::failed)
    }

    /// Sends a request without a body and ignores the body of the response.
    pub fn call(&self, method: Method, path: &[&str]) -> Result<(), CliError> {
        self.wait(self.client.call(method, path, TIMEOUT)).map_err(CliError::failed)
    }

    /// Uploads a file, with changes to how it is read; `sent` gets the size of each chunk.
    pub fn upload<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        changes: Option<&FormatChanges>,
        file: &Path,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Response<T>, CliError> {
        self.response(self.client.upload(path, query, changes, file, sent)).map_err(CliError::failed)
    }

    /// Uploads texts, each with its name.
    pub fn send_files<T: DeserializeOwned>(
        &self,
        path: &[&str],
        files: Vec<(String, String)>,
    ) -> Result<Response<T>, CliError> {
        self.response(self.client.send_files(path, files)).map_err(CliError::failed)
    }

    fn response<T: DeserializeOwned>(
        &self,
        call: impl Future<Output = Result<Value, ClientError>>,
    ) -> Result<Response<T>, ClientError> {
        let json = self.wait(call)?;
        match T::deserialize(&json) {
            Ok(body) => Ok(Response { body, json }),
            Err(error) => {
                Err(ClientError::NotAgnes { server: self.client.server().to_owned(), reason: error.to_string() })
            }
        }
    }
}
