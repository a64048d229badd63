//! The worked example of `docs/connectors.md` does what the page says.

use std::path::Path;
use std::process::Command;

use crate::House;

/// Python with the packages that `.ci/python` installs; `None`, with a note, where that is not possible.
fn python() -> Option<String> {
    let ran = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/python")).output().unwrap();
    if !ran.status.success() {
        eprintln!("skipped: no Python here: {}", String::from_utf8_lossy(&ran.stderr));
        return None;
    }
    Some(String::from_utf8(ran.stdout).unwrap().trim().to_owned())
}

#[test]
fn the_python_connector_of_the_documentation_works() {
    let Some(python) = python() else { return };
    let page = include_str!("../../docs/connectors.md");
    let (_, rest) = page.split_once("```python\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    let house = House::new(&[("AGNES_PYTHON", &python)]);
    let folder = house.connectors.path().join("weather");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("extractor.py"), script).unwrap();
    let ran = house.run("weather");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("\"tables_extracted\":1"), "{ran:?}");
    let rebuilt = house.place.run(&["rebuild"]);
    assert_eq!((rebuilt.code, rebuilt.stdout.as_str()), (0, "weather: stations\n"), "{rebuilt:?}");
}
