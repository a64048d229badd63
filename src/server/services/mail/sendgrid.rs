//! Mail through SendGrid: <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>.

use lettre::message::Mailbox;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::{Mail, TIMEOUT, roots};
use crate::base::secret::Secret;
use crate::base::{is_this_machine, with_causes};
use crate::config::{Environment, env_vars};

pub struct SendGrid {
    http: Client,
    address: Url,
    key: Secret,
    sender: Mailbox,
}

impl SendGrid {
    pub fn new(env: &Environment, key: Secret, sender: Mailbox) -> Result<Self, String> {
        let base = env.text(&env_vars::AGNES_SENDGRID_URL);
        let address = Url::parse(&format!("{}/v3/mail/send", base.trim_end_matches('/')))
            .ok()
            .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
            .ok_or_else(|| format!("AGNES_SENDGRID_URL: '{base}' is not a valid address"))?;
        let mut builder = Client::builder()
            .user_agent(concat!("agnes/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(Policy::none());
        if is_this_machine(&address) {
            // A proxy would resolve it to its own machine.
            builder = builder.no_proxy();
        }
        if let Some(roots) = roots(env, Certificate::from_pem_bundle)? {
            builder = builder.tls_certs_merge(roots);
        }
        let http = builder.build().map_err(|error| format!("cannot set up HTTPS for mail: {}", with_causes(&error)))?;
        Ok(Self { http, address, key, sender })
    }

    /// Hands a mail to SendGrid. The error does not name the recipient.
    pub async fn send(&self, mail: &Mail) -> Result<(), String> {
        let request = self.http.post(self.address.clone()).bearer_auth(self.key.expose()).json(&self.body(mail));
        let response = request.send().await.map_err(|error| with_causes(&error.without_url()))?;
        match response.status() {
            StatusCode::ACCEPTED | StatusCode::OK => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(format!("SendGrid refused with {}; check SENDGRID_API_KEY", response.status().as_u16()))
            }
            other => Err(format!("SendGrid refused with {}", other.as_u16())),
        }
    }

    fn body(&self, mail: &Mail) -> Value {
        let mut from = json!({ "email": self.sender.email.to_string() });
        if let Some(name) = &self.sender.name {
            from["name"] = json!(name);
        }
        json!({
            "personalizations": [{ "to": [{ "email": mail.to }] }],
            "from": from,
            "subject": mail.subject(),
            "content": [{ "type": "text/plain", "value": mail.body() }],
            // Otherwise the link, with its token, would be rewritten to go through SendGrid.
            "tracking_settings": {
                "click_tracking": { "enable": false, "enable_text": false },
                "open_tracking": { "enable": false },
            },
        })
    }
}
