//! A stand-in of Google on a free port of this machine: the OpenID provider with its browser side, and what lists the
//! groups of a Workspace (metadata server, IAM Credentials, token exchange, Admin SDK).
//!
//! It follows the public descriptions and answers a wrong request as Google does, so a sign-in that works here has asked
//! rightly. Faults and forged ID tokens can be scripted.

mod browser;
mod keys;
mod provider;
mod workspace;

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as FromState};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::test_app::PUBLIC_URL;

pub use browser::{Browser, set_cookies};

pub const CLIENT_ID: &str = "1234567890-agnes.apps.googleusercontent.com";
pub const CLIENT_SECRET: &str = "GOCSPX-secret/with+signs";
/// The Workspace admin on whose behalf groups are listed.
pub const SUBJECT: &str = "boss@acme.com";
/// The service account of the machine.
pub const SERVICE_ACCOUNT: &str = "agnes@acme-project.iam.gserviceaccount.com";

/// What goes wrong with a request.
#[derive(Clone)]
pub enum Fault {
    /// This status, with an error as Google writes it.
    Status(u16),
    /// 200 with this body.
    Body(&'static str),
    /// No answer at all.
    Hang,
    /// The body of the answer comes byte by byte, and never ends.
    Drip,
    /// The body of the answer comes as fast as it can, and never ends.
    Flood,
    /// Another place is named, where the request shall go instead.
    Moved,
}

/// Who signs an ID token.
#[derive(Clone, Copy, Default)]
pub enum Signing {
    #[default]
    Published,
    /// Another key, under the name of the published one.
    Foreign,
    /// Nobody: `alg` is `none`.
    Nobody,
    /// The client secret, with HS256.
    ClientSecret,
    /// The published key, before the claims were changed.
    Tampered,
}

/// How the next ID token differs from a right one; null takes a claim away.
#[derive(Clone, Default)]
pub struct Forgery {
    pub claims: Value,
    pub header: Value,
    pub signing: Signing,
}

struct State {
    url: String,
    redirect_uris: Vec<String>,
    /// Claims of the people who have an account, by the name that their browser tells.
    accounts: HashMap<String, Value>,
    /// What was asked for, by code.
    codes: HashMap<String, provider::Asked>,
    forgeries: VecDeque<Forgery>,
    /// How often the signing key was changed.
    rotations: usize,
    /// Groups by the lower-cased address of the member; who is missing is unknown to the Workspace.
    members: HashMap<String, Vec<String>>,
    page_size: usize,
    /// Part of a path, what goes wrong there, how often still.
    faults: Vec<(String, Fault, u32)>,
    requests: Vec<String>,
    /// What was asked wrongly; fails the test at the end.
    complaints: Vec<String>,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

pub struct Google {
    pub url: String,
    shared: Shared,
    server: tokio::task::JoinHandle<()>,
}

impl Google {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Shared(Arc::new(Mutex::new(State {
            url: url.clone(),
            redirect_uris: Vec::new(),
            accounts: HashMap::new(),
            codes: HashMap::new(),
            forgeries: VecDeque::new(),
            rotations: 0,
            members: HashMap::new(),
            page_size: 200,
            faults: Vec::new(),
            requests: Vec::new(),
            complaints: Vec::new(),
        })));
        let app = provider::routes()
            .merge(workspace::routes())
            .layer(from_fn_with_state(shared.clone(), arrive))
            .with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("a server that runs") });
        Self { url, shared, server }
    }

    /// The settings of a server that signs people in here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("GOOGLE_CLIENT_ID", CLIENT_ID.into()),
            ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET.into()),
            ("AGNES_GOOGLE_ISSUER", self.url.clone()),
            ("AGNES_GOOGLE_TOKEN_URL", format!("{}/token", self.url)),
            ("AGNES_GOOGLE_IAM_URL", self.url.clone()),
            ("AGNES_GOOGLE_ADMIN_URL", self.url.clone()),
            ("GCE_METADATA_HOST", self.url.trim_start_matches("http://").into()),
        ]
    }

    /// Lets people be sent back to our server.
    pub fn register(&self) {
        self.shared.lock().redirect_uris.push(format!("{PUBLIC_URL}/auth/google/callback"));
    }

    /// Makes or changes an account, which the ID tokens of its browser describe. Null takes a claim away.
    pub fn account(&self, name: &str, claims: Value) {
        let mut account = json!({ "sub": format!("1{:020}", name.len()), "email": name, "email_verified": true,
            "name": "Test Person", "picture": "https://lh3.googleusercontent.com/a/x=s96-c", "given_name": "Test" });
        merge(&mut account, &claims);
        self.shared.lock().accounts.insert(name.into(), account);
    }

    /// The next ID token is not right.
    pub fn forge(&self, forgery: Forgery) {
        self.shared.lock().forgeries.push_back(forgery);
    }

    /// Signs with a new key from now on, and publishes no other.
    pub fn rotate(&self) {
        self.shared.lock().rotations += 1;
    }

    /// Puts somebody into exactly these groups of the Workspace.
    pub fn members(&self, email: &str, groups: &[&str]) {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        self.shared.lock().members.insert(email.to_lowercase(), groups);
    }

    /// Lists no more groups than this at once.
    pub fn page_size(&self, size: usize) {
        self.shared.lock().page_size = size;
    }

    /// The next `times` requests whose `METHOD /path?query` contains `part` go wrong.
    pub fn fault(&self, part: &str, fault: Fault, times: u32) {
        self.shared.lock().faults.push((part.into(), fault, times));
    }

    /// Nothing goes wrong any more.
    pub fn recover(&self) {
        self.shared.lock().faults.clear();
    }

    /// How many requests had this in `METHOD /path?query`.
    pub fn count(&self, part: &str) -> usize {
        self.shared.lock().requests.iter().filter(|request| request.contains(part)).count()
    }
}

impl Drop for Google {
    fn drop(&mut self) {
        self.server.abort();
        if !std::thread::panicking() {
            let complaints = &self.shared.lock().complaints;
            assert!(complaints.is_empty(), "Google was asked wrongly: {complaints:?}");
        }
    }
}

/// Notes the request, and lets happen what shall go wrong with it.
async fn arrive(FromState(shared): FromState<Shared>, request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    let fault = {
        let mut state = shared.lock();
        state.requests.push(line.clone());
        let fault = state.faults.iter_mut().find(|(part, _, left)| *left > 0 && line.contains(part.as_str()));
        fault.map(|(_, fault, left)| {
            *left -= 1;
            fault.clone()
        })
    };
    let json = [("content-type", "application/json; charset=UTF-8")];
    match fault {
        None => next.run(request).await,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Body(body)) => (json, body).into_response(),
        Some(Fault::Status(status)) => failure(status, "scripted failure"),
        Some(Fault::Moved) => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        Some(Fault::Flood) => {
            let flood = stream::repeat(()).map(|()| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 1 << 16])));
            (json, Body::from_stream(flood)).into_response()
        }
        Some(Fault::Drip) => {
            let drops = stream::repeat(()).then(|()| async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, Infallible>(Bytes::from_static(b" "))
            });
            (json, Body::from_stream(drops)).into_response()
        }
    }
}

/// An error as Google's APIs write it.
fn failure(status: u16, message: &str) -> Response {
    let error = json!({ "code": status, "message": message,
        "errors": [{ "message": message, "domain": "global", "reason": "scripted" }] });
    let status = StatusCode::from_u16(status).expect("a status");
    (status, axum::Json(json!({ "error": error }))).into_response()
}

/// An error as Google's token endpoint writes it.
fn oauth_failure(status: u16, error: &str, description: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, axum::Json(json!({ "error": error, "error_description": description }))).into_response()
}

fn merge(object: &mut Value, changes: &Value) {
    let object = object.as_object_mut().expect("an object");
    for (key, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => object.remove(key),
            value => object.insert(key.clone(), value.clone()),
        };
    }
}

/// The fields of a form or query.
fn fields(text: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

type Routes = Router<Shared>;
