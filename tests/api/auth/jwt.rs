//! Which session tokens are taken.

use insta::assert_snapshot;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::support::tokens::{KEY, now, signed, signed_with};
use crate::support::{Client, TestApp};

/// A server that signs with [`KEY`], its admin, and claims that hold for the admin.
async fn start() -> (TestApp, Client, Value) {
    let app = TestApp::start_with(&[("JWT_SECRET_KEY", KEY)]).await;
    let admin = app.bootstrap().await;
    let id = admin.get("/auth/me").await.ok()["id"].clone();
    let claims = json!({ "sub": id, "email": "x", "typ": "session", "iat": now(), "exp": now() + 60, "jti": "1" });
    (app, admin, claims)
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[tokio::test]
async fn tokens_of_older_servers_are_taken() {
    let (app, _, claims) = start().await;
    for claims in [
        claims.clone(),
        without(&claims, "exp"),
        without(&claims, "typ"),
        without(&claims, "iat"),
        without(&claims, "email"),
        with(&claims, "typ", json!("other")),
        with(&claims, "role", json!("viewer")),
        with(&claims, "nbf", json!(now() - 5)),
    ] {
        let answer = app.with_token(&signed(&claims)).get("/auth/me").await;
        assert_eq!((answer.status.as_u16(), answer.json()["is_admin"].clone()), (200, json!(true)), "{claims}");
    }
}

#[tokio::test]
async fn forged_and_stale_tokens_are_not() {
    let (app, admin, claims) = start().await;
    let unsigned = {
        let part = |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&claims))
    };
    let (head, signature) = admin.token().rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let (_, other_claims) = unsigned.trim_end_matches('.').split_once('.').unwrap();
    for (what, token) in [
        ("another algorithm", signed_with(Algorithm::HS512, KEY, &claims)),
        ("another key", signed_with(Algorithm::HS256, &KEY.replace('0', "1"), &claims)),
        ("no algorithm", unsigned.clone()),
        ("claims exchanged", format!("{header}.{other_claims}.{signature}")),
        ("expired", signed(&with(&claims, "exp", json!(now() - 1)))),
        ("issued in the future", signed(&with(&claims, "iat", json!(now() + 60)))),
        ("not valid yet", signed(&with(&claims, "nbf", json!(now() + 60)))),
        ("for an audience", signed(&with(&claims, "aud", json!("agnes")))),
        ("for several audiences", signed(&with(&claims, "aud", json!(["agnes"])))),
        ("a number as user", signed(&with(&claims, "sub", json!(5)))),
        ("nobody", signed(&without(&claims, "sub"))),
        ("no claims", signed(&json!({}))),
        ("cut off", admin.token()[..admin.token().len() - 2].to_owned()),
        ("no token", "garbage".to_owned()),
    ] {
        let answer = app.with_token(&token).get("/auth/me").await;
        assert_eq!(answer.to_string(), "401 Unauthorized\n{\"detail\":\"Invalid or expired token\"}", "{what}");
    }
}

#[tokio::test]
async fn a_user_who_is_gone() {
    let (app, _, claims) = start().await;
    let answer = app.with_token(&signed(&with(&claims, "sub", json!("gone")))).get("/auth/me").await;
    assert_snapshot!(answer, @r#"
        401 Unauthorized
        {"detail":"User not found"}
        "#);
}

#[tokio::test]
async fn a_generated_key_differs_from_server_to_server() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let admin = one.bootstrap().await;
    assert_eq!(other.with_token(admin.token()).get("/auth/me").await.status, 401);
}
