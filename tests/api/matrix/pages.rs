use super::{Is, callers, request};
use crate::support::TestApp;

/// Pages for everybody, and what they are made of.
const PUBLIC_PAGES: [&str; 7] =
    ["/login", "/auth/", "/static/", "/brand/", "/favicon.ico", "/appearance", "/_components"];

/// Pages send strangers to the login page instead of refusing them, and are no part of the API.
#[tokio::test]
async fn every_page_against_everybody() {
    let app = TestApp::start_v0_35("").await;
    let document = app.get("/openapi.json").await.ok();
    for (who, caller, is) in callers(&app).await {
        for (path, _) in agnes::server::web::PAGES {
            // Admins get a stream that does not end; `admin_pages.rs` reads it.
            if *path == "/admin/sync/events" && is == Is::Admin {
                continue;
            }
            let address = path.replace("{path}", "style.css").replace("{*path}", "style.css");
            let address = address.replace("/audit/export", "/audit/export?format=csv");
            let answer = request(&caller, "GET", &address).await;
            let caching = if path.starts_with("/static/") { "public, max-age=300" } else { "no-store" };
            let caching = if *path == "/favicon.ico" { "public, max-age=300" } else { caching };
            assert_eq!(answer.header("cache-control"), caching, "{who}: {path}");
            // Redirects are followed, so strangers see how to sign in instead. Some paths are only for forms.
            let is_open = PUBLIC_PAGES.iter().any(|open| path.starts_with(open));
            let expected = match path {
                _ if is_open => &[200, 404][..],
                path if (path.starts_with("/admin") || path.starts_with("/first-time-setup"))
                    && is > Is::Nobody
                    && is < Is::Admin =>
                {
                    &[403, 404]
                }
                _ => &[200, 404],
            };
            assert!(expected.contains(&answer.status.as_u16()), "{who}: {path}: {answer}");
            let is_frame = answer.body.windows(10).any(|text| text == b"Sign out</");
            // What a script asks for, and files, are not pages.
            let is_part = ["/query/complete", "/admin/audit/export"].contains(path) && is > Is::Nobody;
            let has_frame = answer.status == 200 && !is_open && !is_part && is > Is::Nobody;
            assert_eq!(is_frame, has_frame, "{who}: {path}: {answer}");
            assert!(document["paths"][path]["get"].is_null(), "{path} is a page");
        }
    }
}
