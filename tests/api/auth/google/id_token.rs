//! Which ID tokens are believed.

use serde_json::{Value, json};

use super::{addresses, admitted, refused, start};
use crate::google::{CLIENT_ID, Fault, Forgery, Signing};
use crate::support::tokens::now;

fn claims(claims: Value) -> Forgery {
    Forgery { claims, ..Forgery::default() }
}

fn signed(signing: Signing) -> Forgery {
    Forgery { signing, ..Forgery::default() }
}

#[tokio::test]
async fn what_is_not_right_lets_nobody_in() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    let header = |header| Forgery { header, ..Forgery::default() };
    for (name, forgery) in [
        ("nonce of another sign-in", claims(json!({ "nonce": "bm9uY2Ugb2Ygc29tZWJvZHk" }))),
        ("no nonce", claims(json!({ "nonce": null }))),
        ("for somebody else", claims(json!({ "aud": "other.apps.googleusercontent.com" }))),
        ("for others too", claims(json!({ "aud": [CLIENT_ID, "other.apps.googleusercontent.com"] }))),
        ("for nobody", claims(json!({ "aud": null }))),
        ("another issuer", claims(json!({ "iss": "https://accounts.evil.com" }))),
        ("no issuer", claims(json!({ "iss": null }))),
        ("expired", claims(json!({ "iat": now() - 3700, "exp": now() - 130 }))),
        ("no end", claims(json!({ "exp": null }))),
        ("of the future", claims(json!({ "iat": now() + 300, "exp": now() + 3900 }))),
        ("no subject", claims(json!({ "sub": null }))),
        ("of another key", signed(Signing::Foreign)),
        ("changed after it was signed", signed(Signing::Tampered)),
        ("alg none", signed(Signing::Nobody)),
        ("the client secret as key", signed(Signing::ClientSecret)),
        ("alg none over a signature", header(json!({ "alg": "none" }))),
        ("alg HS256 over a signature", header(json!({ "alg": "HS256" }))),
        ("alg RS512 over a signature", header(json!({ "alg": "RS512" }))),
        ("a key that nobody publishes", header(json!({ "kid": "unheard-of" }))),
        ("critical header", header(json!({ "crit": ["exp"] }))),
    ] {
        google.forge(forgery);
        assert_eq!(refused(&browser.sign_in().await), "oauth_failed", "{name}");
        assert_eq!(browser.session(), None, "{name}");
    }
    google.fault("POST /token", Fault::Body(r#"{"access_token":"ya29.x","token_type":"Bearer"}"#), 1);
    assert_eq!(refused(&browser.sign_in().await), "oauth_failed", "no ID token at all");
    assert_eq!(addresses(app.admin().await).await, ["admin@example.com"]);
    admitted(&browser.sign_in().await);
}

#[tokio::test]
async fn clocks_may_differ_a_little() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    for (iat, exp) in [(now() - 3660, now() - 60), (now() + 60, now() + 3660)] {
        google.forge(claims(json!({ "iat": iat, "exp": exp })));
        admitted(&browser.sign_in().await);
    }
}

#[tokio::test]
async fn new_keys_are_fetched_when_they_are_used() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    for rotations in 0..3 {
        for _ in 0..2 {
            admitted(&browser.sign_in().await);
        }
        assert_eq!(google.count("GET /oauth2/v3/certs"), 1 + rotations);
        google.rotate();
    }
    // The old key is not published any more, so it is not believed any more.
    admitted(&browser.sign_in().await);
    google.forge(Forgery { header: json!({ "kid": "0f2c8a1b7de" }), ..Forgery::default() });
    assert_eq!(refused(&browser.sign_in().await), "oauth_failed");
    assert_eq!(google.count("GET /.well-known/openid-configuration"), 1);
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_do_no_lasting_harm() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    admitted(&browser.sign_in().await);
    google.rotate();
    for fault in [Fault::Status(503), Fault::Body("{\"keys\":[]}"), Fault::Body("no JSON")] {
        google.fault("/oauth2/v3/certs", fault, 1);
        assert_eq!(refused(&browser.sign_in().await), "oauth_failed");
    }
    admitted(&browser.sign_in().await);
}
