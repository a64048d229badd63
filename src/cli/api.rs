//! The server's API, for commands that make one call after the other.

use std::future::Future;
use std::path::Path;

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::CliError;
use crate::client::{Client, ClientError};

/// A client whose calls block; what the server refuses reads `Failed: …`.
pub struct Api {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

/// An answer: `json` is the whole of it, also what `body` has no field for.
pub struct Answer<T> {
    pub body: T,
    pub json: Value,
}

impl Api {
    pub fn new(client: Client) -> std::io::Result<Self> {
        Ok(Self { client, runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()? })
    }

    /// `GET` with query parameters.
    pub fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer<T>, CliError> {
        self.answer(self.client.get(path, query)).map_err(CliError::failed)
    }

    /// Sends a JSON body.
    pub fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Answer<T>, CliError> {
        self.try_send(method, path, body).map_err(CliError::failed)
    }

    /// The same for commands that look at the error themselves.
    pub fn try_send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Answer<T>, ClientError> {
        self.answer(self.client.send(method, path, body))
    }

    /// Sends a request whose answer has no body of interest.
    pub fn tell(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<(), CliError> {
        self.runtime.block_on(self.client.tell(method, path, body.unwrap_or(&Value::Null))).map_err(CliError::failed)
    }

    /// Sends a file; `sent` gets the size of each piece.
    pub fn upload<T: DeserializeOwned>(
        &self,
        path: &[&str],
        file: &Path,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Answer<T>, CliError> {
        self.answer(self.client.upload(path, file, sent)).map_err(CliError::failed)
    }

    fn answer<T: DeserializeOwned>(
        &self,
        call: impl Future<Output = Result<Value, ClientError>>,
    ) -> Result<Answer<T>, ClientError> {
        let json = self.runtime.block_on(call)?;
        match T::deserialize(&json) {
            Ok(body) => Ok(Answer { body, json }),
            Err(error) => {
                Err(ClientError::NotAgnes { server: self.client.server().to_owned(), reason: error.to_string() })
            }
        }
    }
}
