//! Thousands of files with random cells: each value comes out as it was, or the file is refused; and what clearly has a
//! type gets it.

mod cells;
mod made;
mod oracle;
mod pandas;

use agnes::base::ident::quote_path;
use agnes::connectors::{Report, Request, TableRequest};
use agnes::engine::{self, Connection, Limits};
use agnes::extract::{self, typing::reasons};

use super::Case;
use cells::Random;
use made::Table;

/// A table in memory: names and types of the columns, rows of texts.
struct Published {
    columns: Vec<(String, String)>,
    rows: Vec<Vec<Option<String>>>,
}

impl Published {
    fn read(connection: &Connection, path: &std::path::Path) -> Self {
        let source = format!("read_parquet({})", quote_path(path));
        let mut statement = connection.prepare(&format!("DESCRIBE SELECT * FROM {source}")).unwrap();
        let columns: Vec<_> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<Vec<(String, String)>, _>>()
            .unwrap();
        let mut statement = connection.prepare(&format!("SELECT COLUMNS(*)::VARCHAR FROM {source}")).unwrap();
        let width = columns.len();
        let rows = statement.query_map([], |row| (0..width).map(|index| row.get(index)).collect()).unwrap();
        let rows = rows.collect::<Result<_, _>>().unwrap();
        Self { columns, rows }
    }
}

/// Puts the files in place and extracts them, in one run.
fn extracted(tables: &[Table]) -> (Case, Report) {
    let case = placed(tables);
    let report = case.run();
    (case, report)
}

fn placed(tables: &[Table]) -> Case {
    let case = Case::new();
    for table in tables {
        if table.is_folder {
            std::fs::create_dir(case.folder().join(&table.name)).unwrap();
        }
        for (number, file) in table.files.iter().enumerate() {
            case.put(&table.path(number), &file.bytes);
        }
    }
    case
}

impl Table {
    /// Of a file, in the folder.
    fn path(&self, number: usize) -> String {
        let ending = self.files[number].style.ending();
        if self.is_folder { format!("{}/p{number}.{ending}", self.name) } else { format!("{}.{ending}", self.name) }
    }

    fn parquet(&self, case: &Case, number: usize) -> std::path::PathBuf {
        match self.is_folder {
            true => extract::parts_folder(&case.source(), &self.name).join(format!("p{number}.parquet")),
            false => case.parquet(&self.name),
        }
    }

    /// Everything that is wrong with what was published.
    fn faults(&self, case: &Case, connection: &Connection) -> Vec<String> {
        let mut faults = Vec::new();
        let mut types: Vec<String> = Vec::new();
        let mut texts = vec![Vec::new(); self.columns.len()];
        for (number, file) in self.files.iter().enumerate() {
            let published = Published::read(connection, &self.parquet(case, number));
            if !published.columns.iter().map(|(name, _)| name).eq(self.columns.iter().map(|column| &column.name)) {
                return vec![format!("other columns: {:?}", published.columns)];
            }
            let kinds: Vec<_> = published.columns.iter().map(|(_, kind)| kind.clone()).collect();
            if number > 0 && kinds != types {
                faults.push(format!("parts of different types: {kinds:?}, {types:?}"));
            }
            types = kinds;
            let rows = parsed(&file.bytes, file.style.gzip, file.style.delimiter as u8);
            if rows.len() != published.rows.len() {
                faults.push(format!("{} rows became {}", rows.len(), published.rows.len()));
            }
            for (row, (text, values)) in rows.iter().zip(&published.rows).enumerate() {
                for (index, kind) in types.iter().enumerate() {
                    let fault = oracle::fault(kind, &text[index], values[index].as_deref());
                    faults
                        .extend(fault.map(|fault| format!("row {} of {}: {fault}", row + 1, self.columns[index].name)));
                    texts[index].push(text[index].to_owned());
                }
            }
        }
        for (index, column) in self.columns.iter().enumerate() {
            let has_values = texts[index].iter().any(|text| !text.is_empty());
            let is_allowed = |allowed: &[&str]| allowed.iter().any(|start| types[index].starts_with(start));
            if has_values && !column.is_spoiled && column.kind.types().is_some_and(|allowed| !is_allowed(allowed)) {
                faults.push(format!("{:?} {} became {}: {:?}", column.kind, column.name, types[index], texts[index]));
            }
        }
        for reason in reasons::kept(&case.source(), &self.name) {
            let index = self.columns.iter().position(|column| column.name == reason.column).unwrap();
            let named = reason.decided_by.as_ref().map(|seen| seen.text.trim_end_matches('…'));
            if reason.kind != types[index].replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
                || named.is_some_and(|named| !texts[index].iter().any(|text| text.starts_with(named)))
            {
                faults.push(format!("{reason:?} does not explain {} of {:?}", types[index], texts[index]));
            }
        }
        faults.truncate(5);
        faults
    }
}

/// The records below the header, by a reader that is not ours.
fn parsed(bytes: &[u8], gzip: bool, delimiter: u8) -> Vec<csv::StringRecord> {
    let text: Box<dyn std::io::Read + '_> = match gzip {
        true => Box::new(flate2::read::GzDecoder::new(bytes)),
        false => Box::new(bytes),
    };
    csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text).into_records().collect::<Result<_, _>>().unwrap()
}

/// Makes tables, extracts them, and looks at every value.
fn check(seed: u64, tables: usize, make: fn(String, &mut Random) -> Table) {
    let mut random = Random::new(seed);
    let tables: Vec<_> = (0..tables).map(|number| make(format!("t{number}"), &mut random)).collect();
    let (case, report) = extracted(&tables);
    let connection = engine::in_memory(&Limits::small()).unwrap();
    // By chance, another delimiter may fit as well in a small file.
    let (in_doubt, refused): (Vec<_>, Vec<_>) =
        report.errors.iter().partition(|error| error.error.contains("divide its rows evenly"));
    assert!(in_doubt.len() * 50 <= tables.len(), "seed {seed}: {in_doubt:?}");
    let mut faults: Vec<_> =
        refused.iter().map(|error| (error.table.clone(), vec![format!("refused: {}", error.error)])).collect();
    for table in tables.iter().filter(|table| report.errors.iter().all(|error| error.table != table.name)) {
        let found = table.faults(&case, &connection);
        if !found.is_empty() {
            faults.push((table.name.clone(), found));
        }
    }
    let shown = |name: &str| {
        let table = tables.iter().find(|table| table.name == name).unwrap();
        let texts: Vec<_> = table.files.iter().map(|file| String::from_utf8_lossy(&file.bytes)).collect();
        texts.iter().map(|text| format!("{:?}", text.chars().take(600).collect::<String>())).collect::<Vec<_>>()
    };
    let told: Vec<_> =
        faults.iter().take(6).map(|(name, faults)| format!("{name}: {faults:#?}\n{:?}", shown(name))).collect();
    assert!(faults.is_empty(), "seed {seed}: {} tables are wrong\n{}", faults.len(), told.join("\n\n"));
}

#[test]
fn random_files_1() {
    (0..4).for_each(|seed| check(seed, 275, Table::any));
}

#[test]
fn random_files_2() {
    (4..8).for_each(|seed| check(seed, 275, Table::any));
}

#[test]
fn late_rows() {
    check(100, 16, Table::long);
}

#[test]
fn declared_types_are_kept_and_keep_the_values() {
    let mut random = Random::new(400);
    let sound: Vec<_> = (0..60)
        .map(|number| Table::sound(format!("t{number}"), if number < 4 { 25_000 } else { 20 }, &mut random))
        .collect();
    let case = placed(&sound);
    let declared = |table: &Table, end: &str| {
        let columns: std::collections::BTreeMap<_, _> =
            table.columns.iter().map(|column| (column.name.clone(), column.kind.declared())).collect();
        let file_format = Some(serde_json::from_value(serde_json::json!({ "columns": columns })).unwrap());
        TableRequest { name: format!("{}{end}", table.name), file_format, ..TableRequest::default() }
    };
    let mut tables: Vec<_> = sound.iter().map(|table| declared(table, "")).collect();
    // The last row of one long and one short file has an id that is none.
    for table in [&sound[0], &sound[9]] {
        let name = format!("{}_wrong", table.name);
        let rows = parsed(&table.files[0].bytes, table.files[0].style.gzip, table.files[0].style.delimiter as u8).len();
        let text = format!("id,c\n{}7,\"a\nb\"\n12a,x", "1,x\n".repeat(rows));
        case.put(&format!("{name}.csv"), text);
        let columns = serde_json::json!({ "columns": { "id": "integer", "c": "text" } });
        let file_format = Some(serde_json::from_value(columns).unwrap());
        tables.push(TableRequest { name, file_format, ..TableRequest::default() });
    }
    let report = case.try_run(Some(Request { tables, ..Request::default() })).unwrap();
    let errors: Vec<_> = report.errors.iter().map(|error| error.error.as_str()).collect();
    assert_eq!(report.errors.len(), 2, "{errors:?}");
    for (error, line) in report.errors.iter().zip([25_004, 24]) {
        assert!(error.error.contains(&format!("line {line}, column 'id': \"12a\"")), "{}", error.error);
    }
    let connection = engine::in_memory(&Limits::small()).unwrap();
    for table in &sound {
        let faults = table.faults(&case, &connection);
        assert!(faults.is_empty(), "{}: {faults:#?}", table.name);
    }
}

#[test]
fn broken_files_are_refused_with_the_line() {
    let mut random = Random::new(200);
    let case = Case::new();
    let mut lines = std::collections::BTreeMap::new();
    for number in 0..250 {
        let (made, line) = made::broken(&mut random);
        case.put(&format!("b{number}.csv"), &made.bytes);
        lines.insert(format!("b{number}"), (line, made));
    }
    let report = case.run();
    assert_eq!(report.tables_extracted, 0, "{:?}", case.published());
    for error in &report.errors {
        let (line, made) = &lines[&error.table];
        let named = format!("line {line}");
        let is_named =
            error.error.split(&named).nth(1).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        assert!(is_named, "{named} in {}\n{:?}", error.error, String::from_utf8_lossy(&made.bytes));
    }
}
