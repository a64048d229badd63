//! The settings that admins change.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::keboola_server::{Keboola, TOKEN};
use crate::support::{Answer, TestApp};

const CONFIG: &str = "/api/admin/server-config";
const CONFIGURE: &str = "/api/admin/configure";

fn overlay(app: &TestApp) -> PathBuf {
    app.data_dir().join("state/instance.yaml")
}

fn stored(app: &TestApp) -> String {
    fs::read_to_string(overlay(app)).unwrap_or_default()
}

async fn started(fixed: &str, overlay: &str, env: &[(&str, &str)]) -> TestApp {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("instance.yaml"), fixed).unwrap();
    fs::create_dir_all(dir.path().join("state")).unwrap();
    if !overlay.is_empty() {
        fs::write(dir.path().join("state/instance.yaml"), overlay).unwrap();
    }
    TestApp::start_in(dir, env).await
}

async fn patch(app: &TestApp, sections: Value) -> Answer {
    app.admin().await.post_json(CONFIG, json!({ "sections": sections })).await
}

async fn audited(app: &TestApp) -> Vec<Value> {
    let log = app.admin().await.get("/api/admin/audit?action=instance_config.update").await.ok();
    log["entries"].as_array().unwrap().iter().map(|entry| entry["params"].clone()).collect()
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let fixed = "openmetadata:\n  token: ${OM_TOKEN}\ndata_source:\n  keboola:\n    token_env: MY_TOKEN\n  bigquery: {}\nemail:\n  smtp_password: ''\n";
    let app = started(fixed, "", &[("OM_TOKEN", "first-one")]).await;
    let shown = app.admin().await.get(CONFIG).await.ok();
    assert_eq!(
        shown["sections"],
        json!({ "instance": {}, "data_source": { "keboola": { "token_env": "***" },
                "bigquery": { "max_bytes_per_materialize": 10_737_418_240_u64, "bq_max_scan_bytes": 5_368_709_120_u64 } },
            "email": { "smtp_password": "<empty>" }, "telegram": {}, "jira": {}, "theme": {}, "server": {}, "auth": {},
            "ai": {}, "openmetadata": { "token": "***" }, "desktop": {}, "corporate_memory": {}, "materialize": {} })
    );
    let names: Vec<&String> = shown["sections"].as_object().unwrap().keys().collect();
    assert_eq!(json!(names), shown["editable_sections"]);
    assert_eq!(shown["danger_sections"], json!(["auth", "server"]));
    assert_eq!(shown["secret_key_patterns"], json!(["secret", "token", "password", "api_key"]));
    assert_eq!(shown["known_fields"]["ai"]["structured_output"]["options"], json!(["strict", "json", "auto"]));

    // What was shown masked and comes back is not stored; a new value is, and its change is recorded.
    let back =
        json!({ "openmetadata": { "token": "***", "cache_ttl_seconds": 60 }, "email": { "smtp_password": "<empty>" } });
    assert_eq!(patch(&app, back).await.ok()["diff_count"], 1);
    assert!(!stored(&app).contains("***") && !stored(&app).contains("email"), "{}", stored(&app));
    assert_eq!(patch(&app, json!({ "openmetadata": { "token": "second-one" } })).await.ok()["diff_count"], 1);
    assert!(stored(&app).contains("token: second-one"));
    let log = audited(&app).await;
    assert_eq!(log[0]["diff"], json!([{ "path": "openmetadata.token", "before": "***", "after": "***" }]));
    let everything = format!("{}{log:?}", app.admin().await.get(CONFIG).await);
    assert!(!everything.contains("first-one") && !everything.contains("second-one"), "{everything}");
    // A list is replaced as a whole, so its secrets would be lost.
    let list = patch(&app, json!({ "telegram": { "bots": [{ "token": "***" }] } })).await;
    assert_snapshot!(list, @r#"
    400 Bad Request
    {"detail":"telegram.bots has masked secrets, and replaces all of the list; send their values"}
    "#);
}

#[tokio::test]
async fn only_what_is_sent_changes() {
    let before = "instance:\n  name: ${COMPANY} Data\n  subtitle: X\njira:\n  cloud_id: '0123'\n  none:\nother: [1, 2.5, 1000.0, yes, '~']\n";
    let app = started("instance:\n  name: Fixed\n", before, &[("COMPANY", "Acme")]).await;
    let changed = patch(
        &app,
        json!({ "instance": { "sync_interval": "${HOURS} hours", "subtitle": null },
        "theme": { "primary": "#123456" } }),
    );
    assert_snapshot!(changed.await, @r#"
    200 OK
    {"status":"ok","restart_required":false,"sections_updated":["instance","theme"],"diff_count":3}
    "#);
    assert_snapshot!(stored(&app), @r##"
    # Written by Agnes, from what admins set in the browser or over the API. Comments are not kept.
    instance:
      name: ${COMPANY} Data
      sync_interval: ${HOURS} hours
    jira:
      cloud_id: "0123"
      none: null
    other:
    - 1
    - 2.5
    - 1000.0
    - true
    - "~"
    theme:
      primary: "#123456"
    "##);
    assert_eq!(fs::metadata(overlay(&app)).unwrap().permissions().mode() & 0o777, 0o600);
    let log = audited(&app).await;
    assert_eq!(
        log[0]["diff"],
        json!([{ "path": "instance.subtitle", "before": "X", "after": null },
            { "path": "instance.sync_interval", "before": null, "after": "${HOURS} hours" },
            { "path": "theme.primary", "before": null, "after": "#123456" }])
    );
    assert_eq!((&log[0]["sections"], &log[0]["danger_sections"]), (&json!(["instance", "theme"]), &json!([])));
    // Nothing changes, and that is recorded too.
    let written = fs::metadata(overlay(&app)).unwrap().modified().unwrap();
    let same = patch(&app, json!({ "theme": { "primary": "#123456" } })).await.ok();
    assert_eq!((&same["diff_count"], &same["restart_required"]), (&json!(0), &json!(false)));
    assert_eq!(fs::metadata(overlay(&app)).unwrap().modified().unwrap(), written);
    assert_eq!(audited(&app).await.len(), 2);
    // A deleted key is the one of the static file again.
    patch(&app, json!({ "instance": { "name": null } })).await.ok();
    assert_eq!(app.admin().await.get(CONFIG).await.ok()["sections"]["instance"]["name"], "Fixed");
    // At the same time.
    let others = (0..8).map(|number| {
        let key = format!("--n{number}");
        patch(&app, json!({ "theme": { key: number } }))
    });
    for answer in futures_util::future::join_all(others).await {
        answer.ok();
    }
    let theme = app.admin().await.get(CONFIG).await.ok()["sections"]["theme"].clone();
    assert_eq!(theme.as_object().unwrap().len(), 9, "{theme}");
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let app = started("", "instance:\n  name: Acme\n", &[]).await;
    let refused = async |sections: Value| {
        let answer = patch(&app, sections).await;
        format!("{} {}", answer.status.as_u16(), answer.json()["detail"])
    };
    let admin = app.admin().await;
    assert_eq!(admin.post_json(CONFIG, json!({ "sections": { "theme": 5 } })).await.status, 422);
    assert_eq!(
        admin.post_json(CONFIG, json!({ "sections": { "theme": 5 } })).await.json()["detail"][0]["loc"],
        json!(["body", "sections", "theme"])
    );
    assert_snapshot!(refused(json!({})).await, @r#"422 "sections cannot be empty""#);
    assert_snapshot!(refused(json!({ "thmee": {}, "auth": {} })).await, @r#"400 "unknown section(s): thmee. Editable: instance, data_source, email, telegram, jira, theme, server, auth, ai, openmetadata, desktop, corporate_memory, materialize""#);
    assert_snapshot!(refused(json!({ "auth": { "allowed_domain": "a.com" } })).await, @r#"400 "section(s) auth require confirm_danger=true""#);
    let private = "must not point to a private or reserved network";
    for url in ["http://localhost", "http://127.0.0.1:8000", "http://[::ffff:169.254.169.254]/", "http://10.0.0.1"] {
        let answer = refused(json!({ "data_source": { "keboola": { "stack_url": url } } })).await;
        assert_eq!(answer, format!("400 \"Invalid data_source.keboola.stack_url: {private}\""), "{url}");
    }
    assert_snapshot!(refused(json!({ "materialize": { "lock_ttl_seconds": "x" } })).await, @r#"422 "materialize.lock_ttl_seconds must be an integer""#);
    assert_snapshot!(refused(json!({ "materialize": { "lock_ttl_seconds": 5 } })).await, @r#"422 "materialize.lock_ttl_seconds must be between 60 and 604800 (got 5)""#);
    // A server could not start with these.
    assert_snapshot!(refused(json!({ "instance": { "name": ["a"] } })).await, @r#"400 "instance.name: invalid type: sequence, expected a string""#);
    assert_snapshot!(refused(json!({ "openmetadata": { "cache_ttl_seconds": -1 } })).await, @r#"400 "openmetadata.cache_ttl_seconds: invalid value: integer `-1`, expected u64""#);
    assert_snapshot!(refused(json!({ "openmetadata": { "url": "nowhere", "token": "t" } })).await, @r#"400 "openmetadata.url: 'nowhere' is not a valid address; write https://openmetadata.example.com""#);
    // Whoever may change settings does not read the environment with them.
    assert_snapshot!(refused(json!({ "instance": { "subtitle": "${JWT_SECRET_KEY}" } })).await, @r#"400 "instance.subtitle: JWT_SECRET_KEY is a secret of this server, and cannot be used here""#);
    assert_eq!(stored(&app), "instance:\n  name: Acme\n");
    assert!(audited(&app).await.is_empty());

    // Somebody has broken the file by hand.
    fs::write(overlay(&app), "instance: [1,\n").unwrap();
    let answer = patch(&app, json!({ "theme": { "primary": "#fff" } })).await;
    assert_eq!(answer.status, 500);
    let path = overlay(&app).display().to_string();
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    let expected =
        format!("refusing to overwrite corrupt overlay at {path}; back up and remove the file, or fix it by hand");
    assert!(detail.starts_with(&expected), "{detail}");
    assert_eq!(stored(&app), "instance: [1,\n");
    let shown = admin.get(CONFIG).await.ok();
    assert!(shown["overlay_error"].as_str().unwrap().contains("not valid YAML"), "{shown}");
    // What is in use stays in use.
    assert!(app.get("/login").await.text().contains("Acme"));
}

#[tokio::test]
async fn changes_are_in_effect_at_once_where_they_can_be() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let changed =
        json!({ "instance": { "name": "Größe <b>", "subtitle": "Acme Inc." }, "theme": { "primary": "#ffd400" } });
    assert_eq!(patch(&app, changed).await.ok()["restart_required"], false);
    let page = app.get("/login").await;
    assert!(page.text().contains("<strong>Größe &lt;b&gt;</strong>"), "{page}");
    let style = page.text().split("href=\"").find(|part| part.contains("brand")).unwrap().split('"').next().unwrap();
    assert!(app.get(&style.replace("&#x2f;", "/")).await.text().contains("--primary: #ffd400;"));
    assert!(admin.get("/api/welcome").await.ok()["content"].as_str().unwrap().contains("Operated by Acme Inc."));

    // Who may have a link by email.
    let auth = json!({ "sections": { "auth": { "allowed_domain": "acme.com" } }, "confirm_danger": true });
    let changed = admin.post_json(CONFIG, auth).await.ok();
    assert_eq!((&changed["restart_required"], &changed["sections_updated"]), (&json!(false), &json!(["auth"])));
    assert_eq!(audited(&app).await[0]["danger_sections"], json!(["auth"]));
    assert_eq!(app.state.instance().auth.domains(), ["acme.com"]);

    // What is set up at start, beside what is not.
    let later = json!({ "openmetadata": { "filter_tag": "A.B" }, "data_source": { "type": "keboola", "bigquery": { "location": "eu" } },
        "ai": { "base_url": "https://models.example.com" } });
    assert_snapshot!(patch(&app, later).await, @r#"
    200 OK
    {"status":"ok","restart_required":true,"restart_reason":"Restart the server: it sets up OpenMetadata when it starts","sections_updated":["data_source","ai","openmetadata"],"diff_count":4,"not_used":["ai.base_url","data_source.bigquery.location"]}
    "#);
    // The next change does not wait for anything, the server does.
    assert_eq!(patch(&app, json!({ "theme": { "radius": 4 } })).await.ok()["restart_required"], false);
    let shown = admin.get(CONFIG).await.ok();
    assert_eq!(shown["restart_pending"], json!(["openmetadata.filter_tag"]));
    patch(&app, json!({ "openmetadata": { "filter_tag": null }, "data_source": { "type": null } })).await.ok();
    assert_eq!(admin.get(CONFIG).await.ok()["restart_pending"], json!([]));
}

#[tokio::test]
async fn a_change_that_cannot_be_recorded_is_undone() {
    let app = started("", "instance:\n  name: Acme\n", &[]).await;
    app.admin().await;
    app.state.store.close().await;
    let answer = patch(&app, json!({ "instance": { "name": "Other" } })).await;
    assert!(answer.status.is_server_error(), "{answer}");
    assert_eq!(stored(&app), "instance:\n  name: Acme\n");
    assert_eq!(app.state.instance().instance.name, "Acme");
}

#[tokio::test]
async fn configuring_keboola_tries_it_first() {
    let keboola = Keboola::start().await;
    let env = [("AGNES_ALLOW_PRIVATE_STACK_URL", "1"), ("LLM_API_KEY", "key")];
    let app = started("", "data_source:\n  type: bigquery\n  bigquery:\n    project: p\n", &env).await;
    fs::write(app.data_dir().join("state/.env_overlay"), "# mine\nKEBOOLA_STORAGE_TOKEN=old\nOTHER=1\n").unwrap();
    let variables = || fs::read_to_string(app.data_dir().join("state/.env_overlay")).unwrap();
    let before = (stored(&app), variables());
    let admin = app.admin().await;
    let refused = async |body: Value| {
        let answer = admin.post_json(CONFIGURE, body).await;
        format!("{} {}", answer.status.as_u16(), answer.json()["detail"])
    };
    assert_eq!(admin.post_json(CONFIGURE, json!({})).await.status, 422);
    assert_snapshot!(refused(json!({ "data_source": "excel" })).await, @r#"400 "data_source must be 'keboola', 'bigquery', or 'local'""#);
    assert_snapshot!(refused(json!({ "data_source": "keboola", "keboola_url": keboola.url })).await, @r#"400 "keboola_token and keboola_url are required for Keboola data source""#);
    let keboola_with =
        |token: &str| json!({ "data_source": "keboola", "keboola_url": keboola.url, "keboola_token": token });
    assert_snapshot!(refused(keboola_with("wrong")).await, @r#"400 "Keboola connection failed. Check your token and URL.""#);
    let asked = keboola.count("tokens/verify");
    assert_snapshot!(refused(keboola_with("a\nSEED_ADMIN_EMAIL=evil@example.com")).await, @r#"400 "the Keboola Storage token holds characters that no token has (check KEBOOLA_STORAGE_TOKEN)""#);
    assert_eq!(keboola.count("tokens/verify"), asked);
    assert_snapshot!(refused(json!({ "data_source": "bigquery" })).await, @r#"400 "bigquery_project is required for BigQuery data source""#);
    assert_eq!((stored(&app), variables()), before);
    assert!(audited(&app).await.is_empty());

    let mut body = keboola_with(TOKEN);
    body["instance_name"] = json!("Acme");
    body["allowed_domain"] = json!("acme.com");
    assert_snapshot!(admin.post_json(CONFIGURE, body).await, @r#"
    200 OK
    {"status":"ok","data_source":"keboola","connection":"verified","restart_required":false}
    "#);
    let url = keboola.url.as_str();
    let expected = format!("# mine\nOTHER=1\nKEBOOLA_STORAGE_TOKEN={TOKEN}\nKEBOOLA_STACK_URL={url}\n");
    assert_eq!(variables(), expected);
    let mode = |name: &str| fs::metadata(app.data_dir().join("state").join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".env_overlay"), mode("instance.yaml")), (0o600, 0o600));
    assert_snapshot!(stored(&app).replace(url, "URL"), @r"
    # Written by Agnes, from what admins set in the browser or over the API. Comments are not kept.
    data_source:
      keboola:
        stack_url: URL
        token_env: KEBOOLA_STORAGE_TOKEN
      type: keboola
    instance:
      name: Acme
    auth:
      allowed_domain: acme.com
    ai:
      provider: anthropic
      api_key: ${LLM_API_KEY}
      model: claude-haiku-4-5-20251001
      structured_output: auto
    ");
    assert!(app.get("/login").await.text().contains("Acme"));
    let log = audited(&app).await;
    assert_eq!(log[0]["variables"], json!(["KEBOOLA_STORAGE_TOKEN", "KEBOOLA_STACK_URL"]));
    assert!(!log[0].to_string().contains(TOKEN));

    let bigquery = json!({ "data_source": "bigquery", "bigquery_project": "p2" });
    assert_snapshot!(admin.post_json(CONFIGURE, bigquery).await, @r#"
    200 OK
    {"status":"ok","data_source":"bigquery","connection":"not_checked","restart_required":false}
    "#);
    assert!(
        stored(&app).starts_with("# Written by Agnes") && !stored(&app).contains("URL") && !stored(&app).contains(url)
    );
    assert_eq!(admin.post_json(CONFIGURE, json!({ "data_source": "local" })).await.ok()["connection"], "local");
}

#[tokio::test]
async fn configuring_does_not_reach_into_the_network() {
    let keboola = Keboola::start().await;
    let app = TestApp::start_with(&[("DATA_SOURCE", "local")]).await;
    let admin = app.admin().await;
    let body = json!({ "data_source": "keboola", "keboola_url": keboola.url, "keboola_token": TOKEN });
    assert_snapshot!(admin.post_json(CONFIGURE, body).await, @r#"
    400 Bad Request
    {"detail":"Invalid keboola_url: must not point to a private or reserved network"}
    "#);
    assert_eq!(keboola.count(""), 0);
    let configured = admin.post_json(CONFIGURE, json!({ "data_source": "local" })).await.ok();
    assert_eq!(configured["overridden_by"], json!(["DATA_SOURCE"]));
}

/// The next start reads what was stored.
#[tokio::test]
async fn a_restarted_server_has_the_changes() {
    let app = TestApp::start().await;
    let admin = app.admin().await.clone();
    let sections = json!({ "instance": { "name": "yes" }, "auth": { "allowed_domains": ["a.com", "~"] }, "theme": { "radius": "08" } });
    admin.post_json(CONFIG, json!({ "sections": sections, "confirm_danger": true })).await.ok();
    let before = admin.get(CONFIG).await.ok()["sections"].clone();
    assert_eq!(before["instance"]["name"], "yes");
    let again = started("", &stored(&app), &[]).await;
    assert_eq!(again.admin().await.get(CONFIG).await.ok()["sections"], before);
}
