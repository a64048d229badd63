//! `agnes extract files`: exit codes and the report line.

use agnes::config::DataDir;
use agnes::extract;
use serde_json::{Value, json};

use crate::program::Ran;
use crate::{contents, place, temporary_files};

/// The last line of standard output.
fn report(ran: &Ran) -> Value {
    serde_json::from_str(ran.stdout.lines().last().unwrap_or_default()).unwrap_or_else(|_| panic!("{ran:?}"))
}

#[test]
fn files_nothing_something_or_everything_failed() {
    let place = place();
    let folder = place.dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("good.csv"), "id,name\n1,a\n2,b\n").unwrap();
    let run = || place.run(&["extract", "files", "in"]);
    let ran = run();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(report(&ran), json!({"tables_extracted": 1, "tables_failed": 0, "errors": []}));

    std::fs::write(folder.join("bad.csv"), "id,name\n1,a\n2\n").unwrap();
    let before = contents(&folder);
    let ran = run();
    assert_eq!((ran.code, &report(&ran)["tables_failed"]), (2, &json!(1)), "{ran:?}");
    assert_eq!(report(&ran)["errors"][0]["table"], "bad");
    assert!(ran.stderr.contains("bad: ") && ran.stderr.contains("line 3"), "{ran:?}");

    std::fs::write(folder.join("good.csv"), "id,name\n1\n").unwrap();
    std::fs::copy(folder.join("bad.csv"), folder.join("other.csv")).unwrap();
    let ran = run();
    assert_eq!((ran.code, &report(&ran)["tables_failed"]), (1, &json!(3)), "{ran:?}");
    std::fs::write(folder.join("good.csv"), "id,name\n1,a\n2,b\n").unwrap();
    std::fs::remove_file(folder.join("other.csv")).unwrap();
    assert_eq!(contents(&folder), before, "extracting changes nothing at the source");
    let kept = extract::read(&DataDir::new(place.data_dir()).unwrap().extract("files")).unwrap().tables;
    assert_eq!(kept.iter().map(|table| (table.table_name.as_str(), table.rows)).collect::<Vec<_>>(), [("good", 2)]);
    assert_eq!(temporary_files(&place.data_dir()), [""; 0]);

    let missing = place.run(&["extract", "files", "nowhere"]);
    assert!(missing.code == 1 && missing.stderr.contains("nowhere"), "{missing:?}");
    assert_eq!(place.run(&["extract", "files", "in", "--source", "main"]).code, 2);
}
