use reqwest::Method;

use crate::relay::urlencoded;
use crate::support::TestApp;
use crate::support::people::{ADMIN, PASSWORD};

#[tokio::test]
async fn pages_show_what_happened_and_keep_the_way() {
    let app = TestApp::start().await;
    // As a browser reads attributes.
    let page = |answer: &crate::support::Answer| String::from_utf8_lossy(&answer.body).replace("&#x2f;", "/");
    let login = app.get("/login?next=/catalog%3Fq%3D1&error=oauth_failed").await;
    assert!(page(&login).contains("/login/password?next=%2Fcatalog%3Fq%3D1"), "{login}");
    assert!(page(&login).contains("Sign-in with Google did not work"), "{login}");
    assert!(!page(&login).contains("/login/email"), "no mail, no link: {login}");
    let odd = app.get("/login/password?next=//evil.com&error=<b>alert</b>").await;
    assert!(!page(&odd).contains("evil") && !page(&odd).contains("<b>"), "{odd}");
    let form = app.get("/auth/password/reset?email=a%22%3E%40x&token=t").await;
    assert!(page(&form).contains("Reset Your Password") && !page(&form).contains("a\">"), "{form}");
    assert_eq!((form.header("referrer-policy"), form.header("cache-control")), ("no-referrer", "no-store"));
    assert_eq!(app.get("/static/style.css").await.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(app.get("/static/nothing.css").await.status, 404);
}

#[tokio::test]
async fn forms_come_both_ways() {
    let app = TestApp::start().await;
    app.admin().await;
    let missing =
        app.send(urlencoded(app.request(Method::POST, "/auth/password/login/web"), &[("password", "x")])).await;
    assert_eq!(missing.status, 422);
    assert_eq!(missing.json()["detail"][0]["loc"], serde_json::json!(["body", "email"]));
    assert!(missing.json()["detail"][0]["input"].is_null());
    let boundary = "xyz";
    let fields = [("email", ADMIN), ("password", PASSWORD), ("next", "/static/style.css")];
    let parts: String = fields
        .iter()
        .map(|(name, value)| {
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect();
    let multipart = app
        .request(Method::POST, "/auth/password/login/web")
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(format!("{parts}--{boundary}--\r\n"));
    for request in [urlencoded(app.request(Method::POST, "/auth/password/login/web"), &fields), multipart] {
        // Followed to where `next` says.
        let answer = app.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/css; charset=utf-8"));
    }
}
