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
    assert_eq!(instance.source_type(), "keboola");
    let keboola = instance.data_source.keboola.as_ref().expect("a Keboola block");
    assert_eq!(keboola.stack_url.as_deref(), Some("https://connection.keboola.com"));
    assert_eq!(keboola.token_env.as_deref(), Some("KEBOOLA_STORAGE_TOKEN"));
    assert_eq!(instance.files_folder(&data_dir), Path::new("/data/uploads/tables"));
}

/// A value of the wrong kind stops the start, and the message has the variable's name, the value, and what is allowed.
#[test]
fn wrong_values_stop_the_start() {
    use agnes::config::{Environment, Kind, env_vars};
    let directory = tempfile::tempdir().expect("a temporary directory");
    let start = |name: &str, value: &str| {
        let data_dir = directory.path().to_string_lossy().into_owned();
        let env = Environment::from_pairs([("DATA_DIR", data_dir.as_str()), ("CONFIG_DIR", &data_dir), (name, value)]);
        agnes::server::ServerSettings::load(env).map(|_| ()).map_err(|error| error.to_string())
    };
    let mut checked = 0;
    for var in env_vars::ALL.iter().filter(|var| var.section != env_vars::COMMAND_LINE) {
        let (wrong, allowed): (Vec<String>, String) = match var.kind {
            Kind::Text => continue,
            Kind::Number(min, max) => {
                let below = min.checked_sub(1).map_or("-1".into(), |below| below.to_string());
                (vec![below, (max + 1).to_string(), "1.5".into(), "many".into()], max.to_string())
            }
            Kind::Seconds => (vec!["0".into(), "-1".into(), "soon".into()], "seconds".into()),
            Kind::Flag => (vec!["2".into(), "enabled".into()], "1, true, yes, 0, false, no or off".into()),
            Kind::Choice(words) => (vec!["other".into()], words.last().copied().unwrap_or_default().into()),
            Kind::HttpUrl => (vec!["ftp://a.example".into(), "a.example".into()], "https://".into()),
            Kind::MemorySize => (vec!["much".into(), "0GB".into(), "1".into()], "1GB".into()),
        };
        for value in wrong {
            let problem = start(var.name, &value).expect_err(var.name);
            let is_complete = [var.name, &value, &allowed].iter().all(|part| problem.contains(part));
            assert!(is_complete, "{}={value}: {problem}", var.name);
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked}");
    assert_eq!(start("LOG_LEVEL", "INFO"), Ok(()));
}
