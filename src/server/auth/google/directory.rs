//! The groups of somebody, from the Directory API, without a key in any file: the machine's own service account has an
//! assertion signed that it acts for a Workspace admin, and exchanges that for a token that may list groups.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use url::Url;

use super::http::{Http, HttpError};
use crate::base::secret::Secret;
use crate::base::time;
use crate::config::{Environment, env_vars};

const SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.group.readonly";
/// The metadata server is on this machine, or there is none.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
/// Of 200 groups each.
const MOST_PAGES: usize = 50;

/// What is known of somebody's groups.
#[derive(Debug)]
pub enum Groups {
    /// Nothing, since there is nobody to ask.
    NotAsked,
    /// Nothing, since Google did not answer as it should.
    Unanswered,
    /// What Google says, which may be none.
    Listed(Vec<String>),
}

#[derive(Debug, thiserror::Error)]
enum DirectoryError {
    #[error("{step}: {error}")]
    Request { step: &'static str, error: HttpError },
    #[error("{step}: Google answers {status}")]
    Refused { step: &'static str, status: u16 },
    #[error("it took too long")]
    Timeout,
    #[error("there are too many groups")]
    TooMany,
    #[error("{0} is no address")]
    Address(&'static str),
}

pub struct Directory {
    env: Environment,
    http: Http,
    metadata: Http,
    /// For everything together.
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

/// A list says what it is, also when it is empty. What some proxy answers instead must not take all groups away.
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
    pub fn of(env: &Environment, http: Http, timeout: Duration) -> Self {
        let metadata = Http::direct(timeout.min(METADATA_TIMEOUT));
        Self { env: env.clone(), http, metadata, deadline: timeout * 2 }
    }

    /// Whether groups can be listed at all.
    pub fn is_configured(&self) -> bool {
        self.env.is_set(&env_vars::GOOGLE_ADMIN_SDK_MOCK_GROUPS)
            || self.env.get(&env_vars::GOOGLE_ADMIN_SDK_SUBJECT).is_some()
    }

    /// The addresses of the groups that somebody is in, as Google writes them.
    pub async fn groups_of(&self, email: &str) -> Groups {
        if self.env.is_set(&env_vars::GOOGLE_ADMIN_SDK_MOCK_GROUPS) {
            let list = self.env.get(&env_vars::GOOGLE_ADMIN_SDK_MOCK_GROUPS).unwrap_or_default();
            let items = list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty());
            return Groups::Listed(items.collect());
        }
        let Some(subject) = self.env.get(&env_vars::GOOGLE_ADMIN_SDK_SUBJECT) else { return Groups::NotAsked };
        let listed = tokio::time::timeout(self.deadline, self.list(subject.trim(), email)).await;
        match listed.unwrap_or(Err(DirectoryError::Timeout)) {
            Ok(groups) => Groups::Listed(groups),
            Err(error) => {
                tracing::warn!(%error, "cannot ask Google for groups; memberships stay as they are");
                Groups::Unanswered
            }
        }
    }

    async fn list(&self, subject: &str, email: &str) -> Result<Vec<String>, DirectoryError> {
        let token = self.delegated_token(subject).await?;
        let mut groups = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut url = self.url(&env_vars::AGNES_GOOGLE_ADMIN_URL, "AGNES_GOOGLE_ADMIN_URL")?;
            extend(&mut url, &["admin", "directory", "v1", "groups"]);
            url.query_pairs_mut().append_pair("userKey", email).append_pair("maxResults", "200");
            if let Some(page) = &next {
                url.query_pairs_mut().append_pair("pageToken", page);
            }
            let request = request(&self.http, Method::GET, url, "list of groups")?.bearer_auth(token.expose());
            let page: Page = match read(&self.http, request, "list of groups").await {
                // Google knows nobody with this address, so nobody put them into a group.
                Err(DirectoryError::Refused { status: 404, .. }) if next.is_none() => return Ok(groups),
                page => page?,
            };
            groups.extend(page.groups.into_iter().map(|group| group.email));
            next = page.next_page_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(groups);
            }
        }
        // Half of the groups would take away the other half.
        Err(DirectoryError::TooMany)
    }

    /// A token with which this server acts for `subject`, for listing groups only.
    async fn delegated_token(&self, subject: &str) -> Result<Secret, DirectoryError> {
        let account = match self.env.get(&env_vars::GOOGLE_ADMIN_SDK_SA_EMAIL) {
            Some(account) => account.trim().to_owned(),
            None => self.service_account().await?,
        };
        let own = read::<AccessToken>(&self.metadata, self.about_account("token")?, "metadata server").await?;
        let exchange = self.url(&env_vars::AGNES_GOOGLE_TOKEN_URL, "AGNES_GOOGLE_TOKEN_URL")?;
        let issued = time::now().as_second();
        let claims = json!({
            "iss": account, "sub": subject, "scope": SCOPE, "aud": exchange.as_str(),
            "iat": issued, "exp": issued + 3600,
        });
        let mut sign = self.url(&env_vars::AGNES_GOOGLE_IAM_URL, "AGNES_GOOGLE_IAM_URL")?;
        extend(&mut sign, &["v1", "projects", "-", "serviceAccounts", &format!("{account}:signJwt")]);
        let signing = request(&self.http, Method::POST, sign, "signature")?
            .bearer_auth(own.access_token.expose())
            .json(&json!({ "payload": claims.to_string() }));
        let signed: Signed = read(&self.http, signing, "signature").await?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", signed.signed_jwt.expose())
            .finish();
        let exchanging = request(&self.http, Method::POST, exchange, "token exchange")?
            .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        Ok(read::<AccessToken>(&self.http, exchanging, "token exchange").await?.access_token)
    }

    /// The address of the machine's own service account.
    async fn service_account(&self) -> Result<String, DirectoryError> {
        let body = bytes(&self.metadata, self.about_account("email")?, "metadata server").await?;
        let text = String::from_utf8(body).unwrap_or_default();
        let account = text.trim();
        match account.contains('@') {
            true => Ok(account.to_owned()),
            false => Err(DirectoryError::Request {
                step: "metadata server",
                error: HttpError::Answer("it knows no service account".into()),
            }),
        }
    }

    fn about_account(&self, what: &str) -> Result<RequestBuilder, DirectoryError> {
        let host = self.env.get(&env_vars::GCE_METADATA_HOST).unwrap_or(env_vars::GCE_METADATA_HOST.default).trim();
        let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/{what}");
        let url = Url::parse(&url).map_err(|_| DirectoryError::Address("GCE_METADATA_HOST"))?;
        Ok(request(&self.metadata, Method::GET, url, "metadata server")?.header("metadata-flavor", "Google"))
    }

    fn url(&self, var: &env_vars::EnvVar, name: &'static str) -> Result<Url, DirectoryError> {
        let text = self.env.get(var).unwrap_or(var.default).trim();
        Url::parse(text).ok().filter(Url::has_host).ok_or(DirectoryError::Address(name))
    }
}

fn extend(url: &mut Url, path: &[&str]) {
    // Only addresses without a host have no path.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
}

fn request(http: &Http, method: Method, url: Url, step: &'static str) -> Result<RequestBuilder, DirectoryError> {
    let client = http.client().map_err(|error| DirectoryError::Request { step, error })?;
    Ok(client.request(method, url))
}

async fn bytes(http: &Http, request: RequestBuilder, step: &'static str) -> Result<Vec<u8>, DirectoryError> {
    let failed = |error| DirectoryError::Request { step, error };
    let request = request.build().map_err(|error| failed(error.into()))?;
    let answer = http.send(request).await.map_err(failed)?;
    match answer.status().as_u16() {
        200 => Ok(answer.into_body()),
        status => Err(DirectoryError::Refused { step, status }),
    }
}

async fn read<T: DeserializeOwned>(
    http: &Http,
    request: RequestBuilder,
    step: &'static str,
) -> Result<T, DirectoryError> {
    let body = bytes(http, request, step).await?;
    // What serde says names places, not values; those may be secret.
    serde_json::from_slice(&body).map_err(|error| DirectoryError::Request {
        step,
        error: HttpError::Answer(format!("{:?} error at line {}", error.classify(), error.line())),
    })
}
