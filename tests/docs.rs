//! Keeps generated pages true to the program.

use std::path::Path;

/// `UPDATE_DOCS=1` (as `make docs` sets it) writes the page instead.
#[test]
fn the_reference_of_variables_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/environment.md");
    let page = agnes::config::env_vars::reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("a writable docs folder");
    }
    let shown = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(shown == page, "docs/environment.md is not what src/config/env_vars.rs says; run: make docs");
}

/// The sample is what people copy: it must load, with the values that it shows.
#[test]
fn the_sample_configuration_loads() {
    use agnes::config::{DataDir, Environment, Instance};
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::copy(root.join("config/instance.yaml.example"), directory.path().join("instance.yaml"))
        .expect("the sample is there");
    let config_dir = directory.path().to_string_lossy().into_owned();
    let env = Environment::from_pairs([("CONFIG_DIR", config_dir.as_str())]);
    let data_dir = DataDir::new(directory.path().join("data")).expect("a data directory");
    let instance = Instance::load(&env, &data_dir).expect("the sample loads");
    assert_eq!(instance.instance.name, "Acme Analytics");
    assert_eq!(instance.source_type(&env), "keboola");
    let keboola = instance.data_source.keboola.as_ref().expect("a Keboola block");
    assert_eq!(keboola.stack_url.as_deref(), Some("https://connection.keboola.com"));
    assert_eq!(keboola.token_env.as_deref(), Some("KEBOOLA_STORAGE_TOKEN"));
    assert_eq!(instance.files_folder(&env, &data_dir), Path::new("/data/uploads/tables"));
}
