//! Which files become which tables, and what a second run does.

use std::os::unix::fs::MetadataExt;

use agnes::base::lock::FileLock;
use agnes::connectors::files::FilesError;
use agnes::connectors::{Request, TableRequest};

use super::{Case, gzip};

fn wanted(name: &str, source: &str) -> TableRequest {
    TableRequest { name: name.into(), source_table: Some(source.into()), ..TableRequest::default() }
}

#[test]
fn other_files_are_ignored() {
    let case = Case::new();
    for other in ["README.md", ".hidden.csv", "a.csv~", "a.csv.bak"] {
        case.put(other, "x\n1\n");
    }
    assert!(matches!(case.try_run(None), Err(FilesError::Empty(_))));
    assert!(!case.source().exists());
    std::fs::create_dir(case.folder().join("dir.csv")).unwrap();
    case.put("a.csv", "x\n1\n");
    assert_eq!(case.run().tables_extracted, 1);
    assert_eq!(case.published(), [("a".to_owned(), 1)].into());
}

#[test]
fn unchanged_files_are_not_converted_again() {
    let case = Case::new();
    case.put("a.csv", "x\n1\n");
    case.put("b.csv", "x\n1\n");
    case.run();
    let inode = |table| std::fs::metadata(case.parquet(table)).unwrap().ino();
    let (a, b) = (inode("a"), inode("b"));
    case.put("b.csv", "x\n1\n2\n");
    let report = case.run();
    assert_eq!(report.tables_extracted, 2);
    assert_eq!(inode("a"), a);
    assert_ne!(inode("b"), b);
    assert_eq!(case.published(), [("a".to_owned(), 1), ("b".to_owned(), 2)].into());

    // A damaged result is made again from the same file.
    std::fs::write(case.parquet("a"), "").unwrap();
    case.run();
    assert_eq!(case.values("a", "x"), ["1"]);
}

#[test]
fn vanished_files_drop_their_tables() {
    let case = Case::new();
    case.put("a.csv", "x\n1\n");
    case.put("b.csv", "x\n1\n");
    case.run();
    std::fs::remove_file(case.folder().join("b.csv")).unwrap();
    case.run();
    assert_eq!(case.published(), [("a".to_owned(), 1)].into());
    assert!(!case.parquet("b").exists());
    assert!(!case.source().join("state/b.json").exists());
}

#[test]
fn a_request_names_its_tables() {
    let case = Case::new();
    case.put("Orders.csv", "x\n1\n");
    case.put("other.csv", "x\n1\n");
    let tables = vec![wanted("sales", "orders"), wanted("gone", "missing")];
    let report = case.try_run(Some(Request { tables, ..Request::default() })).unwrap();
    assert_eq!((report.tables_extracted, report.tables_failed, report.exit_code()), (1, 1, 2));
    let error = &report.errors[0];
    assert_eq!(error.table, "gone");
    assert!(error.error.starts_with("no file missing.csv, .csv.gz, .tsv, .tsv.gz or .parquet in /"), "{}", error.error);
    assert_eq!(case.published(), [("sales".to_owned(), 1)].into());

    // What another run published stays, unless the registry no longer has it.
    let other = || vec![wanted("other", "other")];
    case.try_run(Some(Request { tables: other(), ..Request::default() })).unwrap();
    assert_eq!(case.published().len(), 2);
    let keep = Some(["other".to_owned()].into());
    case.try_run(Some(Request { tables: other(), keep, ..Request::default() })).unwrap();
    assert_eq!(case.published(), [("other".to_owned(), 1)].into());
}

#[test]
fn names_must_be_clear() {
    let case = Case::new();
    case.put("good.csv", "x\n1\n");
    case.put("two words.csv", "x\n1\n");
    case.put("twice.csv", "x\n1\n");
    case.put("twice.tsv.gz", gzip("x\n1\n"));
    let report = case.run();
    assert_eq!((report.tables_extracted, report.tables_failed), (1, 2));
    assert!(report.errors[0].error.contains("twice.csv, twice.tsv.gz"), "{report:?}");
    assert!(report.errors[1].error.starts_with("unsafe identifier 'two words'"), "{report:?}");
    assert_eq!(case.published(), [("good".to_owned(), 1)].into());
}

#[test]
fn one_extraction_at_a_time() {
    let case = Case::new();
    case.put("a.csv", "x\n1\n");
    let lock = FileLock::acquire(&case.source().join(".lock")).unwrap();
    assert!(matches!(case.try_run(None), Err(FilesError::Locked { .. })));
    drop(lock);
    assert_eq!(case.run().tables_extracted, 1);
}

#[test]
fn parquet_is_copied() {
    let case = Case::new();
    case.put("a.csv", "x,y\n1,b\n");
    case.run();
    std::fs::copy(case.parquet("a"), case.folder().join("p.parquet")).unwrap();
    assert_eq!(case.run().tables_extracted, 2);
    assert_eq!(case.columns("p"), ["x BIGINT", "y VARCHAR"]);
    let inode = |path| std::fs::metadata(path).unwrap().ino();
    assert_ne!(inode(case.parquet("p")), inode(case.folder().join("p.parquet")));
}
