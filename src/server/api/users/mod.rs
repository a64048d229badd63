pub mod create;
pub mod manage;
pub mod me;
pub mod password;

use crate::base::secret::Secret;
use crate::server::App;
use crate::server::auth::links;
use crate::server::http::middleware::caller::Caller;
use crate::store::one_time::Purpose;

/// Mails a one-time link to a user. Returns the link, and whether the mail was accepted for delivery.
async fn mail_link(app: &App, caller: &Caller, purpose: Purpose, email: &str, token: &Secret) -> (String, bool) {
    let mail = links::mail(app, caller, purpose, email, token, None);
    let link = mail.link.clone();
    let is_sent = app.mail.is_configured() && app.mail.send(mail).await;
    (link, is_sent)
}
