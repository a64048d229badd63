use std::time::{Duration, Instant};

use agnes::base::secret::Secret;

use crate::keboola_server::{Content, Fault, Store, TOKEN};
use crate::{Scene, gzip, lines, one_row, only_error, simple};

#[tokio::test]
async fn rate_limits_maintenance_and_cut_answers_are_waited_out() {
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(1)));
    scene.keboola.fault("/tokens/verify", Fault::Status(503, Some(0)), 2);
    scene.keboola.fault("/export-async", Fault::Status(429, Some(1)), 1);
    scene.keboola.fault("/jobs/", Fault::Status(500, None), 1);
    scene.keboola.fault("/files/", Fault::BrokenMidway, 1);
    let started = Instant::now();
    let report = scene.run(&["orders"]).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    assert!(started.elapsed() >= Duration::from_secs(1), "Retry-After is honoured");
    assert_eq!(scene.keboola.count("/export-async"), 2);
    assert_eq!(scene.keboola.count("/tokens/verify"), 3);
}

#[tokio::test]
async fn retries_end() {
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(1)));
    scene.keboola.fault("/export-async", Fault::Status(503, None), 100);
    let report = scene.run(&["orders"]).await;
    assert_eq!(only_error(&report), "Keboola answered 503: scripted failure");
    assert_eq!(scene.keboola.count("/export-async"), 4);
}

#[tokio::test]
async fn a_failed_table_keeps_its_last_file() {
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(1)));
    scene.keboola.put(simple("customers", one_row(1)));
    assert_eq!(scene.run(&["orders", "customers"]).await.exit_code(), 0);
    let before = std::fs::read(scene.parquet("orders")).unwrap();

    let mut broken = simple("orders", one_row(2));
    broken.job_error = Some("Warehouse is out of order".into());
    scene.keboola.put(broken);
    scene.keboola.put(simple("customers", one_row(2)));
    let report = scene.run(&["orders", "customers"]).await;
    assert_eq!((report.exit_code(), report.tables_extracted, report.tables_failed), (2, 1, 1));
    assert_eq!(only_error(&report), "Export job failed: Warehouse is out of order");
    assert_eq!(std::fs::read(scene.parquet("orders")).unwrap(), before);
    assert_eq!(lines(&scene.parquet("customers")), ["2|x"]);
    assert_eq!(scene.published(), ["customers", "orders"]);

    // A table that the project no longer has, alone: everything failed, everything stays.
    let report = scene.run(&["gone"]).await;
    assert_eq!(report.exit_code(), 1);
    assert_eq!(only_error(&report), "Keboola answered 404: The table \"in.c-crm.gone\" was not found.");
    assert_eq!(scene.published(), ["customers", "orders"]);
}

#[tokio::test]
async fn a_wrong_token_is_said_once_per_table_and_never_shown() {
    let mut scene = Scene::new().await;
    scene.settings.token = Secret::new("4321-wrong-token");
    let report = scene.run(&["orders", "customers"]).await;
    assert_eq!((report.exit_code(), report.tables_failed), (1, 2));
    for error in &report.errors {
        assert!(error.error.contains("401: Invalid access token"), "{error:?}");
        assert!(error.error.contains("KEBOOLA_STORAGE_TOKEN"), "{error:?}");
        assert!(!error.error.contains("wrong-token"), "{error:?}");
    }
    assert_eq!(scene.keboola.count("GET"), 1, "a refused token is not tried again");
}

#[tokio::test]
async fn an_unreachable_stack_is_named_without_secrets() {
    let mut scene = Scene::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    scene.settings.stack_url = format!("http://{}", free.local_addr().unwrap()).parse().unwrap();
    drop(free);
    let report = scene.run(&["orders"]).await;
    assert_eq!(report.exit_code(), 1);
    let error = only_error(&report);
    assert!(error.starts_with("Keboola cannot be reached: "), "{error}");
    assert!(error.contains("refused") && !error.contains(TOKEN), "{error}");
}

#[tokio::test]
async fn expired_credentials_are_renewed() {
    for store in [Store::Gcs, Store::S3, Store::Azure] {
        let scene = Scene::new().await;
        let slices = (0..6).map(|id| gzip(&format!("\"{id}\",\"x\"\n"))).collect();
        scene.keboola.put(simple("orders", Content::Slices(store, slices)));
        // The manifest and two slices, then everything given out is void.
        scene.keboola.expire_after(3);
        let report = scene.run(&["orders"]).await;
        assert_eq!(report.exit_code(), 0, "{report:?}");
        let expected: Vec<_> = (0..6).map(|id| format!("{id}|x")).collect();
        assert_eq!(lines(&scene.parquet("orders")), expected);
        assert_eq!(scene.keboola.count("/v2/storage/files/"), 2, "asked once more, however many slices notice");
    }
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(3)));
    scene.keboola.expire_after(0);
    assert_eq!(scene.run(&["orders"]).await.exit_code(), 0);
}

#[tokio::test]
async fn an_object_store_that_keeps_refusing_fails_the_table_without_its_address() {
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(1)));
    scene.keboola.fault("/signed/", Fault::Status(403, None), 100);
    let report = scene.run(&["orders"]).await;
    assert_eq!(only_error(&report), "the object store answered 403 Forbidden");
    assert_eq!(scene.keboola.count("/signed/"), 2);
}

#[tokio::test]
async fn interrupted_downloads_start_again() {
    let scene = Scene::new().await;
    let text: String = (0..20_000).map(|id| format!("\"{id}\",\"x\"\n")).collect();
    scene.keboola.put(simple("sliced", Content::Slices(Store::Gcs, vec![text.clone().into_bytes()])));
    scene.keboola.put(simple("whole", Content::Whole(format!("\"id\",\"note\"\n{text}").into_bytes())));
    scene.keboola.fault("/gcs/in.c-crm.sliced/0", Fault::BrokenMidway, 2);
    scene.keboola.fault("/signed/in.c-crm.whole/whole", Fault::Status(503, Some(0)), 1);
    scene.keboola.fault("/signed/in.c-crm.whole/whole", Fault::BrokenMidway, 1);
    let report = scene.run(&["sliced", "whole"]).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    for table in ["sliced", "whole"] {
        assert_eq!(lines(&scene.parquet(table)).len(), 20_000);
    }
    scene.keboola.put(simple("sliced", Content::Slices(Store::Gcs, vec![text.into_bytes()])));
    scene.keboola.fault("/gcs/in.c-crm.sliced/0", Fault::BrokenMidway, 100);
    let report = scene.run(&["sliced"]).await;
    assert!(only_error(&report).starts_with("the download broke off: "), "{report:?}");
}

#[tokio::test]
async fn jobs_have_a_limit() {
    let mut scene = Scene::new().await;
    scene.settings.job_timeout = Duration::ZERO;
    scene.keboola.put(simple("orders", one_row(1)));
    let report = scene.run(&["orders"]).await;
    assert!(only_error(&report).contains("AGNES_KEBOOLA_JOB_TIMEOUT"), "{report:?}");
}
