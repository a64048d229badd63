//! The same files read by pandas, and compared in Python: neither the reader of the text nor that of parquet is ours.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::cells::Random;
use super::extracted;
use super::made::Table;

const SCRIPT: &str = r#"
import datetime, decimal, json, sys
import duckdb, pandas

def same(kind, text, value):
    if kind == "BOOLEAN":
        return text.lower() == value
    if kind == "DOUBLE":
        return text == value or text + ".0" == value or ("e" in (text + value).lower() and decimal.Decimal(text) == decimal.Decimal(value))
    if kind.startswith("TIMESTAMP"):
        time, published = datetime.datetime.fromisoformat(text), datetime.datetime.fromisoformat(value)
        return time == published and (time.tzinfo is None) == (kind == "TIMESTAMP")
    if kind.startswith("DECIMAL"):
        zeros = "." in text and text.endswith("0") and not text.endswith(".0")
        return text == value or (not zeros and decimal.Decimal(text) == decimal.Decimal(value))
    return text == value

duckdb.sql("SET TimeZone = 'UTC'")
files = cells = 0
wrong = []
for file in json.load(open(sys.argv[1])):
    frame = pandas.read_csv(file["text"], sep=file["delimiter"], dtype=str, keep_default_na=False, na_values=[""], index_col=False)
    published = duckdb.read_parquet(file["parquet"])
    names, types = published.columns, [str(kind) for kind in published.types]
    rows = duckdb.sql("SELECT COLUMNS(*)::VARCHAR FROM published").fetchall()
    if len(rows) != len(frame) or names != list(frame.columns):
        wrong.append(f"{file}: {len(rows)} rows {names}, pandas has {len(frame)} rows {list(frame.columns)}")
        continue
    for index, kind in enumerate(types):
        for number, (text, row) in enumerate(zip(frame.iloc[:, index], rows), 1):
            cells += 1
            text = None if pandas.isna(text) else text
            if (text is None) != (row[index] is None) or (text is not None and not same(kind, text, row[index])):
                wrong.append(f"{file['text']} row {number}: {text!r} became {row[index]!r} as {kind}")
    files += 1
print("\n".join(wrong[:10]))
print(files, cells, len(wrong))
"#;

#[test]
fn pandas_reads_the_same_cells() {
    let mut random = Random::new(300);
    let tables: Vec<_> = (0..350).map(|number| Table::any(format!("t{number}"), &mut random)).collect();
    let (case, report) = extracted(&tables);
    assert_eq!(report.exit_code(), 0, "{:?}", report.errors);
    let files: Vec<_> = tables
        .iter()
        .flat_map(|table| (0..table.files.len()).map(move |number| (table, number)))
        .map(|(table, number)| {
            json!({
                "text": case.folder().join(table.path(number)),
                "delimiter": table.files[number].style.delimiter,
                "parquet": table.parquet(&case, number),
            })
        })
        .collect();
    let list = case.folder().join("list.json");
    std::fs::write(&list, serde_json::to_vec(&files).unwrap()).unwrap();
    let found = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/python")).output().unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    let python = String::from_utf8(found.stdout).unwrap();
    let ran = Command::new(python.trim()).args(["-c", SCRIPT]).arg(&list).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let last: Vec<usize> = told.lines().last().unwrap().split(' ').map(|number| number.parse().unwrap()).collect();
    assert!(last[0] == files.len() && last[1] > 10_000 && last[2] == 0, "{told}");
}
