//! Every page of a server in which every text holds markup.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use agnes::base::ident::{quote_ident, quote_path};
use agnes::engine::{self, Limits};
use agnes::extract::{self, TableMeta, data_file};
use agnes::server::web::PAGES;
use serde_json::json;

use crate::world::{EVIL, World};

#[test]
fn no_page_takes_a_text_for_markup() {
    let connectors = tempfile::tempdir().unwrap();
    let made = connectors.path().join(".made");
    table(&made);
    let fail = format!("cat >&2 <<'END'\n{EVIL}\nEND\nexit 1");
    let shop = connectors.path().join("shop");
    connector(&shop, &format!("cp -r '{}/.' \"$AGNES_EXTRACT_DIR\"", made.display()));
    connector(&connectors.path().join("broken"), &fail);
    let folder = connectors.path().to_str().unwrap();
    let world = World::hostile(&[("DEBUG", "1"), ("AGNES_DEBUG_AUTH", "1"), ("CONNECTORS_DIR", folder)]);
    // It has published its table, and fails from now on.
    std::fs::remove_dir_all(&shop).unwrap();
    connector(&shop, &fail);
    // The others are for forms only.
    let pages = PAGES.iter().filter(|(_, page)| !format!("{:?}", page()).contains("get: None"));
    let paths: Vec<&str> = pages.map(|(path, _)| *path).collect();
    assert!(paths.contains(&"/dashboard") && !paths.contains(&"/profile/password"), "{paths:?}");
    world.browse(&[json!(["flow", "every_page", EVIL, paths])]);
}

fn connector(folder: &Path, script: &str) {
    std::fs::create_dir(folder).unwrap();
    let program = folder.join("extractor");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// An extract of a connector, with what it can write as it likes.
fn table(directory: &Path) {
    std::fs::create_dir_all(directory.join("data")).unwrap();
    let connection = engine::in_memory(&Limits::small()).unwrap();
    let file = quote_path(&data_file(directory, "shop_items"));
    let (column, value) = (quote_ident(EVIL), EVIL.replace('\'', "''"));
    connection.execute_batch(&format!("COPY (SELECT '{value}' AS {column}) TO {file} (FORMAT parquet)")).unwrap();
    let meta = TableMeta {
        table_name: "shop_items".into(),
        description: Some(EVIL.into()),
        rows: 1,
        size_bytes: 0,
        extracted_at: None,
        query_mode: "local".into(),
    };
    extract::write(directory, &[meta]).unwrap();
}
