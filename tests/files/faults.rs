//! Bad files: a clear word about each, and what was published before stays.

use std::io::Write;
use std::process::Command;

use agnes::base::atomic_file;
use agnes::connectors::files::FilesError;

use super::{Case, gzip};

/// A good version is published, then the bad one comes: the old rows stay and the error says what is wrong.
fn assert_refused(name: &str, bad: impl AsRef<[u8]>, expected: &[&str]) {
    let case = Case::new();
    case.put("t.csv", "x,y\n1,2\n");
    case.run();
    let before = std::fs::read(case.parquet("t")).unwrap();
    if name != "t.csv" {
        std::fs::remove_file(case.folder().join("t.csv")).unwrap();
    }
    case.put(name, bad);
    case.put("other.csv", "x\n1\n");
    let report = case.run();
    assert_eq!((report.tables_extracted, report.tables_failed, report.exit_code()), (1, 1, 2), "{name}: {report:?}");
    let error = &report.errors[0].error;
    for part in expected.iter().chain(&[name]) {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert!(error.len() < 300 && !error.contains("strict_mode"), "{error}");
    assert_eq!(std::fs::read(case.parquet("t")).unwrap(), before);
    assert_eq!(case.published(), [("other".to_owned(), 1), ("t".to_owned(), 1)].into());
    case.assert_clean();
}

#[test]
fn ragged_rows() {
    assert_refused("t.csv", "x,y\n1,2\n3\n", &["line 3: a row with 1 columns, but the header has 2"]);
    assert_refused("t.csv", "x,y\n1,2,3\n4,5\n", &["line 2: a row with 3 columns, but the header has 2"]);
    let late = format!("x,y\n{}1,2,3\n", "1,2\n".repeat(50_000));
    assert_refused("t.csv", late, &["line 50002: a row with 3 columns"]);
}

#[test]
fn broken_quotes() {
    assert_refused("t.csv", "x,y\n1,\"2\n3,4\n", &["line 2", "quote"]);
    assert_refused("t.csv", "x,y\n1,\"a\"b\n", &["line 2", "quote"]);
}

#[test]
fn wrong_encodings() {
    assert_refused("t.csv", b"x,y\n1,Kov\xe1\n", &["line 2", "is not UTF-8", "iconv"]);
    assert_refused("t.csv", b"x,jm\xe9no\n1,2\n", &["line 1", "is not UTF-8"]);
    let late = [b"x,y\n".as_slice(), &b"1,2\n".repeat(50_000), b"1,Kov\xe1\n"].concat();
    assert_refused("t.csv", late, &["is not UTF-8"]);
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    for text in ["город,улица\nМосква,Арбат\n", "番号;都市\r\n一;東京\r\n二;大阪\r\n"] {
        let little = ["perhaps UTF-16LE", "agnes admin table types TABLE --encoding UTF-16LE"];
        assert_refused("t.csv", utf16(text, u16::to_le_bytes), &little);
        assert_refused("t.csv", utf16(text, u16::to_be_bytes), &["perhaps UTF-16BE"]);
    }
    let utf32 = |bytes: fn(u32) -> [u8; 4]| "x,y\n1,2\n".chars().flat_map(|c| bytes(c.into())).collect::<Vec<_>>();
    assert_refused("t.csv", utf32(u32::to_le_bytes), &["it is text in UTF-32LE", "iconv -f UTF-32LE"]);
    assert_refused("t.csv", utf32(u32::to_be_bytes), &["it is text in UTF-32BE"]);
    assert_refused("t.csv", b"\xff\xfe\0\0x\0\0\0\n\0\0\0", &["it is text in UTF-32LE"]);
    assert_refused("t.csv", b"x,y\n1,a\0b\n", &["line 2: a NUL byte"]);
    let late = ["x,y\n".to_owned(), "1,abcdefgh\n".repeat(900_000), "1,\0\n".to_owned()].concat();
    assert_refused("t.csv", late, &["line 900002: a NUL byte"]);
}

#[test]
fn headers() {
    assert_refused("t.csv", "", &["it is empty"]);
    assert_refused("t.csv", "\n\n", &["it is empty"]);
    assert_refused("t.csv", "x,X\n1,2\n", &["two columns are named 'X'"]);
    assert_refused("t.csv", "y,,x\n1,2,3\n", &["column 2 of the header has no name"]);
    assert_refused("t.csv", "x,y,\n1,2,\n1,2,3\n", &["column 3 of the header has no name"]);
    assert_refused("t.csv", "Report of 2024\nid;name\n1;x\n2;y\n", &["line 1", "--skip-lines"]);
    for above in ["Report;;\n", "\nReport of 2024;;\n;;\n"] {
        let title = format!("{above}id;name;city\n1;Ann;Oslo\n2;Ben;Bergen\n");
        assert_refused("t.csv", title, &["has one text where the rows below have 3 columns", "--skip-lines"]);
    }
    assert_refused("t.csv", "Report;2024;\nid;name;city\n1;x;y\n", &["column 3 of the header", "--skip-lines"]);
    assert_refused("t.csv", ",column_1\n0,1\n", &["the first column of the header has no name", "name it"]);
}

/// DuckDB reads a gzip stream that was cut off at the end of a line as a complete file.
#[test]
fn damaged_gzip() {
    let whole = gzip((0..200_000).fold("x,y\n".to_owned(), |text, n| text + &format!("{n},{}\n", n * 7919 % 1009)));
    assert_refused("t.csv.gz", &whole[..whole.len() / 2], &["gzip data is damaged: it ends early"]);
    assert_refused("t.csv.gz", &whole[..whole.len() - 8], &["gzip data is damaged: it ends early"]);
    let mut wrong = whole.clone();
    let checksum = wrong.len() - 6;
    wrong[checksum] ^= 0xff;
    assert_refused("t.csv.gz", wrong, &["gzip data is damaged"]);
    assert_refused("t.csv.gz", "x,y\n1,2\n", &["not compressed", "name it without .gz"]);
    assert_refused("t.csv.gz", "", &["t.csv.gz"]);
}

#[test]
fn other_formats() {
    let (case, _) = Case::with("g.csv", "x\n1\n");
    let parquet = std::fs::read(case.parquet("g")).unwrap();
    assert_refused("t.csv", "<!DOCTYPE html>\n<html><body>Your session has expired</body></html>\n", &["an HTML page"]);
    assert_refused(
        "t.csv",
        "PK\u{3}\u{4}\u{14}\0\0\0xl/workbook.xml",
        &["a workbook of Excel", "save the sheet as CSV"],
    );
    assert_refused("t.csv", gzip("x\n1\n"), &["compressed with gzip", ".csv.gz"]);
    assert_refused("t.csv", parquet, &["a parquet file"]);
    assert_refused("t.csv", "[{\"x\": 1}]", &["JSON"]);
    for (head, what) in [
        (b"\xfd7zXZ\0\0\x04".as_slice(), "compressed with xz"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive"),
        (b"ARROW1\0\0\xff\xff\xff\xff", "an Arrow IPC (Feather) file"),
        (b"\xff\xff\xff\xff\x70\0\0\0", "an Arrow IPC stream"),
        (b"ORC\x08\x03\x10", "an ORC file"),
        (b"Obj\x01\x04\x14avro.codec", "an Avro file"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old workbook of Excel"),
    ] {
        assert_refused("t.csv", head, &[what]);
        assert_refused("t.csv.gz", gzip(head), &[what]);
    }
    assert_refused("t.csv.gz", b"\xfd7zXZ\0\0\x04", &["compressed with xz"]);
}

#[test]
fn two_delimiters_that_fit() {
    assert_refused("t.csv", "id;name,city\n1;Ann,Oslo\n2;Ben,Bergen\n", &["both ';' and ','", "--delimiter"]);
}

#[test]
fn line_ends_and_quotes_in_doubt() {
    assert_refused("t.csv", "x,y\n1,a\rb\n2,c\n", &["line 2", "carriage return"]);
    assert_refused("t.tsv", "x\ty\n1\t\"Hello\n2\tBye\"\n", &["line 2", "--quote none"]);
    assert_refused("t.csv", "x,y\n1, \"a\"\n", &["line 2", "quote"]);
    let long = format!("x,y\n1,\"{}", "abcdefgh\n".repeat(9_000_000));
    assert_refused("t.csv", long, &["line 2", "64 MB"]);
    let long = format!("x,y\n1,2\n3,{}", "z".repeat(70 << 20));
    assert_refused("t.csv", long, &["line 3", "64 MB"]);
}

#[test]
fn damaged_parquet() {
    assert_refused("t.parquet", "", &["not a readable parquet file"]);
    assert_refused("t.parquet", "PAR1 but nothing more PAR1", &["not a readable parquet file"]);
    let (case, _) = Case::with("g.csv", "x\n1\n");
    let good = std::fs::read(case.parquet("g")).unwrap();
    assert_refused("t.parquet", &good[..good.len() / 2], &["not a readable parquet file"]);
}

#[test]
fn a_run_that_fails_throughout_leaves_the_extract_alone() {
    let (case, _) = Case::with("a.csv", "x\n1\n");
    let before = std::fs::read(case.source().join("extract.duckdb")).unwrap();
    case.put("a.csv", "");
    assert_eq!(case.run().exit_code(), 1);
    assert_eq!(std::fs::read(case.source().join("extract.duckdb")).unwrap(), before);
}

#[test]
fn a_folder_that_is_not_there() {
    let case = Case::new();
    std::fs::remove_dir(case.folder()).unwrap();
    let error = case.try_run(None).unwrap_err();
    assert!(matches!(error, FilesError::Folder { .. }), "{error}");
    assert!(!case.source().exists());
}

/// Mounts a small file system in the place of the extracts; `None` where that is not allowed.
struct Tmpfs<'a>(&'a Case);

impl<'a> Tmpfs<'a> {
    fn mount(case: &'a Case, options: &str) -> Option<Self> {
        std::fs::create_dir_all(case.source()).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(case.source()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(case));
        }
        println!("skipped: this user may not mount a tmpfs");
        None
    }
}

impl Drop for Tmpfs<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.source()).output();
    }
}

fn incompressible(rows: u64) -> String {
    let next = |n: u64| (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (0..rows).fold("x\n".to_owned(), |text, n| text + &format!("v{:x}{:x}\n", next(n), next(next(n))))
}

#[test]
fn what_will_not_fit_is_not_begun() {
    let case = Case::new();
    let Some(_mount) = Tmpfs::mount(&case, "size=3m") else { return };
    case.put("a.csv", "x\n1\n");
    case.run();
    let before = std::fs::read(case.parquet("a")).unwrap();
    case.put("a.csv", incompressible(300_000));
    let report = case.run();
    assert_eq!(report.exit_code(), 1, "{report:?}");
    assert!(report.errors[0].error.contains("not enough disk space"), "{report:?}");
    assert_eq!(std::fs::read(case.parquet("a")).unwrap(), before);
    case.assert_clean();
}

#[test]
fn a_disk_that_fills_up_meanwhile() {
    let case = Case::new();
    let Some(_mount) = Tmpfs::mount(&case, "size=16m") else { return };
    case.put("a.csv", "x\n1\n");
    case.run();
    let before = std::fs::read(case.parquet("a")).unwrap();
    let ballast = case.source().join("ballast");
    let is_begun = || {
        let files = std::fs::read_dir(case.source().join("data")).unwrap();
        files.flatten().any(|file| atomic_file::is_temporary(&file.file_name().to_string_lossy()))
    };
    // The rest of the disk is taken as soon as the conversion has begun; it may have ended by then.
    for round in 0..50 {
        case.put("a.csv", incompressible(300_000 + round));
        let ended = std::sync::atomic::AtomicBool::new(false);
        let report = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_begun() && !ended.load(std::sync::atomic::Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                let mut file = std::fs::File::create(&ballast).unwrap();
                while file.write_all(&[0; 64 * 1024]).is_ok() {}
            });
            let report = case.run();
            ended.store(true, std::sync::atomic::Ordering::Relaxed);
            report
        });
        std::fs::remove_file(&ballast).unwrap();
        case.assert_clean();
        if report.exit_code() == 1 {
            assert!(report.errors[0].error.contains("the disk is full"), "{report:?}");
            assert_eq!(std::fs::read(case.parquet("a")).unwrap(), before);
            assert_eq!(case.published(), [("a".to_owned(), 1)].into());
            assert_eq!(case.run().exit_code(), 0, "with room again it goes on");
            return;
        }
        // Back to the beginning.
        case.put("a.csv", "x\n1\n");
        assert_eq!(case.run().exit_code(), 0);
    }
    panic!("the disk was never full while a file was converted");
}

#[test]
fn a_read_only_disk() {
    let case = Case::new();
    let Some(_mount) = Tmpfs::mount(&case, "size=3m") else { return };
    case.put("a.csv", "x\n1\n");
    case.run();
    let remount = Command::new("mount").args(["-o", "remount,ro"]).arg(case.source()).output().unwrap();
    assert!(remount.status.success());
    case.put("a.csv", "x\n1\n2\n");
    let error = case.try_run(None).unwrap_err().to_string();
    assert!(error.contains("Read-only file system"), "{error}");
    assert_eq!(case.published(), [("a".to_owned(), 1)].into());
}
