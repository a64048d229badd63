//! Parquet files of another program, pyarrow: every value is read as pyarrow reads it, or the file is rejected.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use agnes::base::ident::quote_path;
use agnes::engine::{self, Limits};

use super::Case;

const RANDOM: &str = include_str!("random_parquet.py");

/// Runs a script; `None` where there is no Python.
fn python(script: &str, arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Option<String> {
    let ran = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/python")).output().unwrap();
    if !ran.status.success() {
        println!("skipped: no Python here: {}", String::from_utf8_lossy(&ran.stderr));
        return None;
    }
    let python = String::from_utf8(ran.stdout).unwrap();
    let ran = Command::new(python.trim()).args(["-c", script]).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).unwrap())
}

#[test]
fn random_files_are_read_as_pyarrow_reads_them() {
    let case = Case::new();
    let Some(_) = python(RANDOM, &[&"write", &case.folder(), &"320", &"11"]) else { return };
    let report = case.run();
    assert_eq!((report.tables_extracted, report.tables_failed), (321, 0), "{:?}", report.errors);
    let data = case.source().join("data");
    let differences = python(RANDOM, &[&"compare", &case.folder(), &data]).unwrap();
    assert_eq!(differences, "compared 321\n");
}

#[test]
fn what_is_read_wrongly_is_rejected() {
    let case = Case::new();
    let Some(_) = python(include_str!("odd_parquet.py"), &[&case.folder()]) else { return };
    let originals = case.dir.path().join("originals");
    std::fs::rename(case.folder().join("originals"), &originals).unwrap();
    let report = case.run();
    let errors: BTreeMap<_, _> = report.errors.iter().map(|error| (error.table.as_str(), &error.error)).collect();
    for (table, expected) in [
        ("dec40", "column 'value' (DECIMAL(40,2)): decimals of 40 digits cannot be read; cast it to decimal(38, …)"),
        ("dec60", "column 'value.list.element.x' (DECIMAL(60,2))"),
        ("same_name", "two columns are named 'AMOUNT' (upper and lower case are the same)"),
        ("same_umlaut", "two columns are named 'ära'"),
        ("same_field", "column 'value' has two fields named 'A'"),
        ("time_nanos", "column 'value' (TIME in nanoseconds): in row 2 there are fractions of a microsecond"),
        ("time_range", "(TIME in microseconds): in row 2 there is a value outside of the range"),
        ("time_end", "(TIME in microseconds): in row 2 there is a value outside of the range"),
        ("zoned_nanos", "(TIMESTAMP in nanoseconds): in row 9001 there are fractions of a microsecond"),
        ("millis_range", "(TIMESTAMP in milliseconds): in row 1 there is a value outside of the range"),
        ("micros_range", "(TIMESTAMP in microseconds): in row 1 there is a value outside of the range"),
        ("nanos_range", "(TIMESTAMP in nanoseconds): in row 1 there is a value outside of the range"),
        ("date_range", "(DATE): in row 1 there is a value outside of the range"),
        ("int96_nanos", "column 'value.list.element' (INT96): in row 2 there are fractions of a microsecond"),
        ("int96_range", "(INT96): in row 1 there is a value outside of the range"),
        ("bad_json", "column 'value' (JSON): Invalid Input Error: Invalid JSON"),
        ("split_int", "column 'value' (BIGINT): Invalid Error: BYTE_STREAM_SPLIT"),
        ("no_columns", "it has no columns"),
        ("cut_off", "it is cut off"),
        ("no_middle", "it is damaged"),
        ("encrypted", "it is encrypted"),
        ("text", "it is a file of another kind"),
        ("nothing", "it is empty"),
        ("statistics", "its statistics are wrong (a value is above the maximum)"),
    ] {
        let error = errors.get(table).unwrap_or_else(|| panic!("{table} was accepted"));
        assert!(error.contains(expected), "{expected} is not in: {error}");
        assert!(!error.contains(&*case.dir.path().to_string_lossy()), "a path of the server: {error}");
    }
    // A bit in the header of a page may mean nothing; then every value is as before.
    let damaged = errors.keys().filter(|table| table.starts_with("page_")).count();
    assert!(damaged >= 60, "of 96 damaged files only {damaged} were rejected: {:?}", errors.keys());
    let compared = python(RANDOM, &[&"compare", &originals, &case.source().join("data")]).unwrap();
    assert_eq!(compared, format!("compared {}\n", 96 - damaged));
    case.assert_clean();
}

/// What the second reader does not read, or what looks like a fault.
#[test]
fn odd_files_that_are_read_right() {
    let case = Case::new();
    let connection = engine::in_memory(&Limits::small()).unwrap();
    let copy = |name: &str, select: &str| {
        let target = quote_path(&case.folder().join(name));
        connection.execute_batch(&format!("COPY ({select}) TO {target} (FORMAT parquet)")).unwrap();
    };
    copy("interval.parquet", "SELECT INTERVAL '1 year 2 days 3.004 seconds' AS x UNION ALL SELECT NULL");
    copy("variant.parquet", "SELECT 1::VARIANT AS x, 2 AS y");
    copy("infinite.parquet", "SELECT 'infinity'::TIMESTAMP AS x, '-infinity'::DATE AS y, 'nan'::DOUBLE AS z");
    copy("rowless.parquet", "SELECT 1 AS x WHERE false");
    copy("unnamed.parquet", "SELECT 1 AS y");
    copy("odd.parquet", "SELECT 1 AS \"a.b\", 2 AS \"say \"\"x\"\"\", {'A': 1, 'b.c': 'x'} AS \"it's\"");
    let report = case.run();
    assert_eq!(report.exit_code(), 0, "{:?}", report.errors);
    assert_eq!(case.values("interval", "x"), ["1 year 2 days 00:00:03.004", "NULL"]);
    assert_eq!(case.values("variant", "x"), ["1"]);
    assert_eq!(case.values("infinite", "x"), ["infinity"]);
    assert_eq!(case.published()["rowless"], 0);
    assert_eq!(case.values("odd", "it's"), ["{'A': 1, 'b.c': x}"]);
}
