//! Who may come in by address and Workspace.

use serde_json::{Value, json};

use super::{addresses, admitted, audit, refused, start_with};
use crate::support::TestApp;

/// Signs in with these claims: the code of the refusal, or nothing.
async fn outcome(google: &crate::google::Google, app: &TestApp, claims: Value) -> Option<String> {
    google.account("person", claims);
    let answer = google.browser(app, "person").sign_in().await;
    if answer.status == 302 {
        admitted(&answer);
        return None;
    }
    Some(refused(&answer).to_owned())
}

#[tokio::test]
async fn the_address_has_to_be_there_and_verified() {
    let (google, app) = start_with(&[], "").await;
    let admin = app.admin().await;
    for (claims, code) in [
        (json!({ "email": null }), Some("no_email")),
        (json!({ "email": " " }), Some("no_email")),
        (json!({ "email": "ann@acme.com", "email_verified": false }), Some("oauth_failed")),
        (json!({ "email": "ann@acme.com", "email_verified": null }), Some("oauth_failed")),
        // Whose address is not proved is not that user either.
        (json!({ "email": "admin@example.com", "email_verified": false }), Some("oauth_failed")),
        (json!({ "email": "ann@acme.com" }), None),
        (json!({ "email": "bob@gmail.com" }), None),
    ] {
        assert_eq!(outcome(&google, &app, claims.clone()).await.as_deref(), code, "{claims}");
    }
    assert_eq!(addresses(admin).await, ["admin@example.com", "ann@acme.com", "bob@gmail.com"]);
    let failed = audit(admin, "login_failed").await;
    assert_eq!((failed.len(), &failed[0]["params"]["email"]), (5, &json!("admin@example.com")));
}

#[tokio::test]
async fn the_domain_and_the_workspace_have_to_be_allowed() {
    let (google, app) = start_with(&[], "auth: { allowed_domains: [acme.com, Acme.cz] }").await;
    let admin = app.admin().await;
    for (claims, code) in [
        (json!({ "email": "ann@acme.com", "hd": "acme.com" }), None),
        (json!({ "email": "Bob@ACME.COM", "hd": "Acme.com" }), None),
        (json!({ "email": "cyd@acme.cz", "hd": "acme.com" }), None),
        (json!({ "email": "dan@evil.com", "hd": "evil.com" }), Some("domain_not_allowed")),
        // Anybody can make an account with an address of any domain; without `hd` the company did not.
        (json!({ "email": "eve@acme.com" }), Some("domain_not_allowed")),
        (json!({ "email": "eve@acme.com", "hd": "evil.com" }), Some("domain_not_allowed")),
        (json!({ "email": "eve@acme.com", "hd": "" }), Some("domain_not_allowed")),
        (json!({ "email": "eve@evil.com", "hd": "acme.com" }), Some("domain_not_allowed")),
        (json!({ "email": "eve@sub.acme.com", "hd": "acme.com" }), Some("domain_not_allowed")),
        (json!({ "email": "eve@acme.com.evil.com", "hd": "acme.com" }), Some("domain_not_allowed")),
        (json!({ "email": "eve@acme.com@evil.com", "hd": "acme.com" }), Some("domain_not_allowed")),
        (json!({ "email": "eve@gmail.com" }), Some("domain_not_allowed")),
    ] {
        assert_eq!(outcome(&google, &app, claims.clone()).await.as_deref(), code, "{claims}");
    }
    assert_eq!(addresses(admin).await, ["Bob@ACME.COM", "admin@example.com", "ann@acme.com", "cyd@acme.cz"]);
}

#[tokio::test]
async fn private_accounts_have_no_workspace() {
    let (google, app) = start_with(&[], "auth: { allowed_domain: 'gmail.com, acme.com' }").await;
    assert_eq!(outcome(&google, &app, json!({ "email": "ann@gmail.com" })).await, None);
    let code = outcome(&google, &app, json!({ "email": "eve@acme.com" })).await;
    assert_eq!(code.as_deref(), Some("domain_not_allowed"));
}
