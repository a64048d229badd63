//! A person's groups, from the Directory API, without a key file: the service account of the machine has an assertion
//! signed that it acts for a Workspace admin, and exchanges it for a token that may list groups.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::http::{Http, HttpError};
use crate::base::secret::Secret;
use crate::base::time;
use crate::config::env_vars::EnvVar;
use crate::config::{Environment, env_vars};
use crate::domain::sign_in::GoogleGroupList;

const SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.group.readonly";
/// The metadata server is on this machine, or there is none.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
/// The step of an error, for all requests to that server.
const METADATA: &str = "metadata server";
/// Of 200 groups each.
const MAX_PAGES: usize = 50;

#[derive(Debug, thiserror::Error)]
enum DirectoryError {
    #[error("{0}: {1}")]
    Step(&'static str, HttpError),
    #[error("timed out")]
    Timeout,
    #[error("there are too many groups")]
    TooMany,
}

pub struct Directory {
    source: Source,
    http: Http,
}

enum Source {
    NotConfigured,
    /// The same groups for everybody, for tests.
    Mock(Vec<String>),
    Api(Box<Api>),
}

struct Api {
    /// The Workspace admin for whom groups are listed.
    subject: String,
    /// The service account; `None` for that of the machine.
    account: Option<String>,
    directory: Url,
    signing: Url,
    exchange: Url,
    /// The default service account at the metadata server, with a slash at the end.
    metadata: Url,
    metadata_http: Http,
    /// For all requests together.
    deadline: Duration,
}

#[derive(Deserialize)]
struct AccessToken {
    access_token: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    signed_jwt: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(rename = "kind")]
    _kind: Kind,
    #[serde(default)]
    groups: Vec<Group>,
    next_page_token: Option<String>,
}

/// A list says what it is even when it is empty. Another response, such as a proxy's, must not remove all groups.
#[derive(Deserialize)]
enum Kind {
    #[serde(rename = "admin#directory#groups")]
    Groups,
}

#[derive(Deserialize)]
struct Group {
    email: String,
}

impl Directory {
    pub fn new(env: &Environment, http: Http, timeout: Duration) -> Result<Self, String> {
        let trimmed = |var| env.get(var).map(|text| text.trim().to_owned());
        let source = if env.is_set(&env_vars::GOOGLE_ADMIN_SDK_MOCK_GROUPS) {
            let list = env.get(&env_vars::GOOGLE_ADMIN_SDK_MOCK_GROUPS).unwrap_or_default();
            let items = list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty());
            Source::Mock(items.collect())
        } else if let Some(subject) = trimmed(&env_vars::GOOGLE_ADMIN_SDK_SUBJECT) {
            let host = env.text(&env_vars::GCE_METADATA_HOST);
            let metadata = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/");
            Source::Api(Box::new(Api {
                subject,
                account: trimmed(&env_vars::GOOGLE_ADMIN_SDK_SA_EMAIL),
                directory: base_url(env, &env_vars::AGNES_GOOGLE_ADMIN_URL)?,
                signing: base_url(env, &env_vars::AGNES_GOOGLE_IAM_URL)?,
                exchange: base_url(env, &env_vars::AGNES_GOOGLE_TOKEN_URL)?,
                metadata: Url::parse(&metadata)
                    .map_err(|_| format!("GCE_METADATA_HOST: '{host}' is not a valid host; write host or host:port"))?,
                metadata_http: Http::direct(timeout.min(METADATA_TIMEOUT)),
                deadline: timeout * 2,
            }))
        } else {
            Source::NotConfigured
        };
        Ok(Self { source, http })
    }

    /// Whether groups can be listed at all.
    pub fn is_configured(&self) -> bool {
        !matches!(self.source, Source::NotConfigured)
    }

    /// The groups that the person with this address is a member of.
    pub async fn groups_of(&self, email: &str) -> GoogleGroupList {
        let api = match &self.source {
            Source::NotConfigured => return GoogleGroupList::NotConfigured,
            Source::Mock(groups) => return GoogleGroupList::Listed(groups.clone()),
            Source::Api(api) => api,
        };
        let listed = tokio::time::timeout(api.deadline, api.list(&self.http, email)).await;
        match listed.unwrap_or(Err(DirectoryError::Timeout)) {
            Ok(groups) => GoogleGroupList::Listed(groups),
            Err(error) => {
                tracing::warn!(%error, "cannot list Google groups; memberships stay as they are");
                GoogleGroupList::Unavailable
            }
        }
    }
}

impl Api {
    async fn list(&self, http: &Http, email: &str) -> Result<Vec<String>, DirectoryError> {
        let token = self.delegated_token(http).await?;
        let mut groups = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut url = below(&self.directory, &["admin", "directory", "v1", "groups"]);
            url.query_pairs_mut().append_pair("userKey", email).append_pair("maxResults", "200");
            if let Some(page) = &next {
                url.query_pairs_mut().append_pair("pageToken", page);
            }
            let listed = http.fetch_json(|client| client.get(url).bearer_auth(token.expose())).await;
            let page: Page = match listed {
                // Google knows no account with this address, so it is in no group.
                Err(HttpError::Status(404)) if next.is_none() => return Ok(groups),
                page => page.map_err(at("list of groups"))?,
            };
            groups.extend(page.groups.into_iter().map(|group| group.email));
            next = page.next_page_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(groups);
            }
        }
        // An incomplete list would remove the other memberships.
        Err(DirectoryError::TooMany)
    }

    /// A token with which this server acts for the subject, for listing groups only.
    async fn delegated_token(&self, http: &Http) -> Result<Secret, DirectoryError> {
        let account = match &self.account {
            Some(account) => account.clone(),
            None => self.service_account().await?,
        };
        let own: AccessToken = self.metadata_http.fetch_json(self.ask_metadata("token")).await.map_err(at(METADATA))?;
        let issued = time::now().as_second();
        let claims = json!({
            "iss": account, "sub": self.subject, "scope": SCOPE, "aud": self.exchange.as_str(),
            "iat": issued, "exp": issued + 3600,
        });
        let sign = below(&self.signing, &["v1", "projects", "-", "serviceAccounts", &format!("{account}:signJwt")]);
        let payload = json!({ "payload": claims.to_string() });
        let signing = |client: &Client| client.post(sign).bearer_auth(own.access_token.expose()).json(&payload);
        let signed: Signed = http.fetch_json(signing).await.map_err(at("signature"))?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", signed.signed_jwt.expose())
            .finish();
        let exchanging = |client: &Client| {
            let request = client.post(self.exchange.clone());
            request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
        };
        let exchanged: AccessToken = http.fetch_json(exchanging).await.map_err(at("token exchange"))?;
        Ok(exchanged.access_token)
    }

    /// The address of the machine's service account.
    async fn service_account(&self) -> Result<String, DirectoryError> {
        let body = self.metadata_http.fetch(self.ask_metadata("email")).await.map_err(at(METADATA))?;
        let text = String::from_utf8(body).unwrap_or_default();
        match text.trim() {
            account if account.contains('@') => Ok(account.to_owned()),
            _ => Err(at(METADATA)(HttpError::Unreadable("not the address of a service account".into()))),
        }
    }

    fn ask_metadata(&self, what: &str) -> impl FnOnce(&Client) -> RequestBuilder {
        let url = below(&self.metadata, &[what]);
        |client| client.get(url).header("metadata-flavor", "Google")
    }
}

/// Names the step that failed.
fn at(step: &'static str) -> impl FnOnce(HttpError) -> DirectoryError {
    move |error| DirectoryError::Step(step, error)
}

fn base_url(env: &Environment, var: &EnvVar) -> Result<Url, String> {
    let text = env.text(var);
    let url = Url::parse(text).ok().filter(Url::has_host);
    url.ok_or_else(|| format!("{}: '{text}' is not a valid URL; write one like {}", var.name, var.default))
}

fn below(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    // Only URLs without a host have no path.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(pairs: &[(&str, &str)]) -> Result<Directory, String> {
        let timeout = Duration::from_secs(1);
        Directory::new(&Environment::from_pairs(pairs.iter().copied()), Http::new(timeout), timeout)
    }

    #[test]
    fn wrong_settings_are_named() {
        let subject = ("GOOGLE_ADMIN_SDK_SUBJECT", "admin@acme.com");
        for name in ["AGNES_GOOGLE_ADMIN_URL", "AGNES_GOOGLE_IAM_URL", "AGNES_GOOGLE_TOKEN_URL"] {
            let error = directory(&[subject, (name, "nowhere")]).err().unwrap_or_default();
            assert!(error.contains(name) && error.contains("'nowhere'"), "{error}");
            assert!(directory(&[(name, "nowhere")]).is_ok(), "not used without a subject");
        }
        let error = directory(&[subject, ("GCE_METADATA_HOST", "a b")]).err().unwrap_or_default();
        assert!(error.contains("GCE_METADATA_HOST"), "{error}");
    }
}
