//! Values and types of a source that the engine alone would change without a word.

use serde_json::{Value, json};

use crate::{Asked, House};

/// A server with these tables of the source.
fn asked(house: &House, sql: &str, tables: &[&str]) -> Asked {
    house.postgres.execute(sql);
    house.offer_all(tables);
    let mut asked = Asked::new(house);
    let run = asked.sync();
    assert_eq!(run["status"], "ok", "{run}");
    asked
}

/// Registers a table made by SQL, syncs, and returns its outcome.
fn materialize(asked: &mut Asked, name: &str, sql: &str) -> Value {
    let body = json!({"name": name, "source_type": "shop", "query_mode": "materialized", "source_query": sql});
    assert_eq!(asked.http.post("/api/admin/register-table", &body).status, 201);
    let run = asked.sync();
    let tables = run["tables"].as_array().unwrap();
    tables.iter().find(|table| table["table"] == name && table["step"] == "materialize").unwrap().clone()
}

#[test]
fn a_column_of_another_type_is_read_as_what_it_is_now() {
    let Some(house) = House::new() else { return };
    let asked = asked(
        &house,
        "CREATE TABLE meters (id int, reading bigint, small int); INSERT INTO meters VALUES (1,1500,7),(2,2500,8);
         CREATE TABLE prices (id int, price numeric(4,2)); INSERT INTO prices VALUES (1, 1.5);
         CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b int);
         CREATE TABLE moods (id int, mood mood, pair pair); INSERT INTO moods VALUES (1, 'ok', (1, 2));",
        &["meters", "prices", "moods"],
    );
    let meters = "SELECT reading::BIGINT, small::BIGINT FROM meters ORDER BY id";
    assert_eq!(asked.query(meters), (200, json!([[1500, 7], [2500, 8]])));
    house
        .postgres
        .execute("ALTER TABLE meters ALTER COLUMN reading TYPE double precision, ALTER COLUMN small TYPE real");
    assert_eq!(asked.query(meters), (200, json!([[1500, 7], [2500, 8]])));
    assert_eq!(asked.query("SELECT sum(reading) FROM meters"), (200, json!([[4000.0]])));
    house.postgres.execute("ALTER TABLE meters ALTER COLUMN reading TYPE text");
    assert_eq!(asked.query("SELECT reading FROM meters ORDER BY id"), (200, json!([["1500"], ["2500"]])));

    // Without writing the rows again: the engine would keep 16 bits.
    assert_eq!(asked.query("SELECT price::VARCHAR FROM prices"), (200, json!([["1.50"]])));
    house
        .postgres
        .execute("ALTER TABLE prices ALTER COLUMN price TYPE numeric(14,2); UPDATE prices SET price = 12345678.25");
    assert_eq!(asked.query("SELECT price::VARCHAR FROM prices"), (200, json!([["12345678.25"]])));

    // Types that a column is made of.
    assert_eq!(asked.query("SELECT mood::VARCHAR FROM moods"), (200, json!([["ok"]])));
    house.postgres.execute("ALTER TYPE mood ADD VALUE 'fine' BEFORE 'ok'");
    house.postgres.execute("UPDATE moods SET mood = 'fine'");
    assert_eq!(asked.query("SELECT mood::VARCHAR FROM moods"), (200, json!([["fine"]])));
    house.postgres.execute("DROP TABLE moods; CREATE TABLE moods (id text, mood int)");
    house.postgres.execute("INSERT INTO moods VALUES ('a', 3)");
    assert_eq!(asked.query("SELECT id, mood FROM moods"), (200, json!([["a", 3]])));
    house.postgres.execute("ALTER TABLE moods RENAME mood TO feeling");
    assert_eq!(asked.query("SELECT feeling FROM moods"), (200, json!([[3]])));
}

#[test]
fn numbers_that_are_none_never_become_zero() {
    let Some(house) = House::new() else { return };
    let mut asked = asked(
        &house,
        "CREATE DOMAIN positive AS numeric(10,2); CREATE TABLE both_ways (id int, free numeric, own positive);
         INSERT INTO both_ways VALUES (1, 'NaN', 'NaN');
         CREATE TABLE amounts (id int, free numeric, n10 numeric(10,2));
         INSERT INTO amounts VALUES (2,1,'NaN'),(4,'NaN',0.01),(5,'Infinity',-99999999.99);
         CREATE TABLE lists (id int, l numeric[]); INSERT INTO lists VALUES (1, '{1.5,NaN}');
         CREATE TYPE pair AS (a int, b numeric); CREATE TABLE pairs (id int, p pair); INSERT INTO pairs VALUES (1, (1,'NaN'));",
        &["amounts", "lists", "pairs", "both_ways"],
    );
    let all = "SELECT id, free::VARCHAR, n10::VARCHAR FROM amounts ORDER BY id";
    let right = json!([[2, "1.0", "nan"], [4, "nan", "0.01"], [5, "inf", "-99999999.99"]]);
    assert_eq!(asked.query(all), (200, right.clone()));
    assert_eq!(asked.query("SELECT count(*) FROM amounts WHERE n10 = 0"), (200, json!([[0]])));
    // Where there is none among the rows, nothing is in the way.
    assert_eq!(
        asked.query("SELECT typeof(n10), n10::VARCHAR FROM amounts WHERE id = 4"),
        (200, json!([["DECIMAL(10,2)", "0.01"]]))
    );
    assert_eq!(asked.query("SELECT count(*) FROM amounts"), (200, json!([[3]])));
    let domain = "SELECT free::VARCHAR, own::VARCHAR FROM both_ways";
    assert_eq!(asked.query(domain), (200, json!([["nan", "NaN"]])), "a domain beside a column that is read exactly");
    assert_eq!(asked.query("SELECT l FROM lists"), (200, json!([["{1.5,NaN}"]])));
    assert_eq!(asked.query("SELECT p FROM pairs"), (200, json!([["(1,NaN)"]])));

    // Zeros at the end are not digits that a double would lose.
    house.postgres.execute(
        "CREATE TABLE padded (id int, n numeric(38,20), free numeric); INSERT INTO padded VALUES (1, 'NaN', 'NaN'), (2, 1.5, 2.50000000000000000000);
         CREATE TABLE both_kinds (n numeric); INSERT INTO both_kinds VALUES ('NaN'), (0.12345678901234567)",
    );
    let padded = "SELECT id, n, free FROM padded ORDER BY id";
    assert_eq!(materialize(&mut asked, "padded", "SELECT * FROM pg.public.padded")["rows"], 2);
    assert_eq!(asked.query(padded), (200, json!([[1, "NaN", "NaN"], [2, 1.5, 2.5]])));
    let refused = materialize(&mut asked, "both_kinds", "SELECT * FROM pg.public.both_kinds");
    assert!(refused["error"].as_str().unwrap().contains("more than 15 digits, not counting zeros"), "{refused}");

    let done = materialize(&mut asked, "kept", "SELECT * FROM pg.public.amounts");
    assert_eq!(done["rows"], 3, "{done}");
    assert_eq!(asked.query(&all.replace("amounts", "kept")), (200, right));
}

#[test]
fn numbers_without_precision_are_exact() {
    let Some(house) = House::new() else { return };
    let mut asked = asked(
        &house,
        "CREATE TABLE thirds AS SELECT i AS id, 1::numeric / i AS part FROM generate_series(1, 7) i;
         CREATE TABLE ids (id int, n numeric, scaled numeric(5,-2), tiny numeric(2,5), wide numeric(40,2));
         INSERT INTO ids VALUES (1, 123456789012345678901, 12300, 0.00012, 12345678901234567890123456789012345.25), (2, 5, 100, 0.00001, 1);
         CREATE TABLE huge (n numeric); INSERT INTO huge VALUES (1e40 + 0.5);",
        &["thirds", "ids", "huge"],
    );
    let thirds = "SELECT part::VARCHAR FROM thirds WHERE id IN (3, 7) ORDER BY id";
    let right = json!([["0.33333333333333333333"], ["0.14285714285714285714"]]);
    assert_eq!(asked.query(thirds), (200, right.clone()));
    assert_eq!(asked.query("SELECT typeof(part) FROM thirds WHERE id = 2"), (200, json!([["DOUBLE"]])));
    assert_eq!(
        asked.query("SELECT n::VARCHAR, scaled::DOUBLE, tiny::DOUBLE, wide::VARCHAR FROM ids WHERE id = 1"),
        (200, json!([["123456789012345678901", 12300.0, 0.00012, "12345678901234567890123456789012345.25"]]))
    );
    let (status, detail) = asked.query("SELECT * FROM huge");
    assert!(status == 400 && detail.as_str().unwrap().contains("column n of public.huge"), "{detail}");
    assert!(materialize(&mut asked, "kept", "SELECT * FROM pg.public.thirds")["rows"] == 7);
    assert_eq!(asked.query(&thirds.replace("thirds", "kept")), (200, right));
    let refused = materialize(&mut asked, "huge_kept", "SELECT * FROM pg.huge");
    assert!(refused["error"].as_str().unwrap().contains("column n of public.huge"), "{refused}");
}

#[test]
fn times_are_the_same_remotely_and_in_a_file() {
    let Some(house) = House::new() else { return };
    let mut asked = asked(
        &house,
        "CREATE TABLE contracts (id int, valid_from timestamptz, valid_till timestamptz, ts timestamp, d date);
         INSERT INTO contracts VALUES (1,'2024-07-01 10:00+02','infinity','infinity','infinity'),
           (2,'-infinity','2024-07-01','-infinity','-infinity'),
           (4,'0044-03-15 BC','0001-01-01','4713-01-01 BC','4713-01-01 BC'),
           (5, NULL, NULL, '294247-01-10 04:00:54.775806', '5874897-12-31');
         CREATE TABLE late (id int, ts timestamp); INSERT INTO late VALUES (1, '294276-12-31'), (2, '2024-01-01');",
        &["contracts", "late"],
    );
    let all = "SELECT id, valid_from::VARCHAR, valid_till::VARCHAR, ts::VARCHAR, d::VARCHAR FROM contracts ORDER BY id";
    let right = json!([
        [1, "2024-07-01 08:00:00+00", "infinity", "infinity", "infinity"],
        [2, "-infinity", "2024-07-01 00:00:00+00", "-infinity", "-infinity"],
        [4, "0044-03-15 (BC) 00:00:00+00", "0001-01-01 00:00:00+00", "4713-01-01 (BC) 00:00:00", "4713-01-01 (BC)"],
        [5, null, null, "294247-01-10 04:00:54.775806", "5874897-12-31"]
    ]);
    assert_eq!(asked.query(all), (200, right.clone()));
    let (status, detail) = asked.query("SELECT max(ts) FROM late");
    assert!(status == 400 && detail.as_str().unwrap().contains("past the year 294247"), "{detail}");
    assert_eq!(asked.query("SELECT ts::VARCHAR FROM late WHERE id = 2"), (200, json!([["2024-01-01 00:00:00"]])));
    assert_eq!(materialize(&mut asked, "kept", "SELECT * FROM pg.public.contracts")["rows"], 4);
    assert_eq!(asked.query(&all.replace("contracts", "kept")), (200, right));
    assert!(materialize(&mut asked, "late_kept", "SELECT * FROM pg.public.late")["error"].is_string());
}

#[test]
fn arrays_of_other_dimensions_are_read_as_text() {
    let Some(house) = House::new() else { return };
    let asked = asked(
        &house,
        "CREATE TABLE ragged (id int, l int[]); INSERT INTO ragged VALUES (1,'{1,2}'),(2,'{{1,2},{3,4}}'),(3,'[0:1]={7,8}')",
        &["ragged"],
    );
    assert_eq!(
        asked.query("SELECT id, l FROM ragged ORDER BY id"),
        (200, json!([[1, "{1,2}"], [2, "{{1,2},{3,4}}"], [3, "[0:1]={7,8}"]]))
    );
    assert_eq!(asked.query("SELECT l FROM ragged WHERE id = 1"), (200, json!([[[1, 2]]])));
    let (status, detail) = asked.query("SELECT l[1] + 1 FROM ragged");
    assert!(status == 400 && !detail.as_str().unwrap().contains("pg_array_as_varchar"), "{detail}");
}

#[test]
fn a_file_keeps_what_its_format_cannot_hold() {
    let Some(house) = House::new() else { return };
    let mut asked = asked(
        &house,
        "CREATE TABLE odd (id bigint, since timetz, lasts interval);
         INSERT INTO odd VALUES (9007199254740993, '10:00+02', '-1 mon 00:00:00.000001'), (9007199254740993, '24:00-15:59', '1 day')",
        &["odd"],
    );
    let done = materialize(&mut asked, "sums", "SELECT sum(id) AS total FROM pg.public.odd");
    assert_eq!(done["rows"], 1, "{done}");
    assert_eq!(asked.query("SELECT total::VARCHAR FROM sums"), (200, json!([["18014398509481986"]])));
    assert_eq!(materialize(&mut asked, "kept", "SELECT since, lasts FROM pg.public.odd")["rows"], 2);
    let all = "SELECT since::VARCHAR, lasts::VARCHAR FROM odd ORDER BY 1";
    let (status, right) = asked.query(all);
    assert_eq!((status, &right[0]), (200, &json!(["10:00:00+02", "-1 month 00:00:00.000001"])), "{right}");
    assert_eq!(asked.query(&all.replace("odd", "kept")), (200, right));
}

#[test]
fn singles_are_shown_with_their_own_digits() {
    let Some(house) = House::new() else { return };
    let mut asked = asked(
        &house,
        "CREATE TABLE singles (id int, f real, l real[]); INSERT INTO singles VALUES (1, 0.1, '{0.1,16777216}'), (2, 3.4028235e38, NULL)",
        &["singles"],
    );
    let all = "SELECT f, typeof(f), l FROM singles ORDER BY id";
    let right = json!([[0.1, "FLOAT", [0.1, 16777216.0]], [3.4028235e38, "FLOAT", null]]);
    assert_eq!(asked.query(all), (200, right.clone()));
    assert_eq!(asked.query("SELECT id FROM singles WHERE f = 0.1::FLOAT"), (200, json!([[1]])));
    assert_eq!(materialize(&mut asked, "kept", "SELECT * FROM pg.public.singles")["rows"], 2);
    assert_eq!(asked.query(&all.replace("singles", "kept")), (200, right));
}

#[test]
fn infinite_dates_are_not_counted_as_days() {
    let Some(house) = House::new() else { return };
    let mut asked = asked(
        &house,
        "CREATE TABLE spans (id int, d date, ts timestamp, tz timestamptz);
         INSERT INTO spans VALUES (1, 'infinity', 'infinity', 'infinity'), (2, '-infinity', '-infinity', '-infinity'),
           (3, '2024-01-02', '2024-01-02', '2024-01-02')",
        &["spans"],
    );
    assert_eq!(materialize(&mut asked, "kept", "SELECT * FROM pg.public.spans")["rows"], 3);
    for table in ["spans", "kept"] {
        for difference in ["d - DATE '2024-01-01'", "ts - TIMESTAMP '2024-01-01'", "tz - TIMESTAMPTZ '2024-01-01'"] {
            let days = format!("SELECT ({difference})::VARCHAR LIKE '1%' FROM {table} WHERE");
            assert_eq!(asked.query(&format!("{days} id = 3")), (200, json!([[true]])), "{difference}");
            let (status, detail) = asked.query(&format!("{days} id < 3"));
            assert!(
                status == 400 && detail.as_str().unwrap().contains("infinite"),
                "{difference} of {table}: {detail}"
            );
        }
        for (condition, right) in [
            ("d > DATE '9999-12-31'", json!([[1]])),
            ("ts < TIMESTAMP '0001-01-01'", json!([[2]])),
            ("tz = 'infinity'", json!([[1]])),
            ("d = ts AND isinf(d) ORDER BY id", json!([[1], [2]])),
            ("d + 1 = d ORDER BY id", json!([[1], [2]])),
            ("ts - INTERVAL 1 DAY = ts ORDER BY id", json!([[1], [2]])),
        ] {
            assert_eq!(asked.query(&format!("SELECT id FROM {table} WHERE {condition}")), (200, right), "{condition}");
        }
    }
    let lasts = "SELECT id, d - DATE '2024-01-01' AS days FROM pg.public.spans";
    let refused = materialize(&mut asked, "lasts", lasts);
    assert!(refused["error"].as_str().unwrap().contains("cannot subtract infinite dates"), "{refused}");
}

#[test]
fn composite_values_have_one_shape() {
    let Some(house) = House::new() else { return };
    let mut asked = asked(
        &house,
        r#"CREATE TYPE pair AS (a int, "b ""c" text, d date, e numeric(9,2), f bytea, l int[]);
           CREATE TABLE pairs (id int, n numeric, "c0" pair);
           INSERT INTO pairs VALUES (1, 1, (1, 'x, "y"', 'infinity', 1.5, '\xdead', '{1,2}')), (2, 2, NULL),
             (3, 3, (NULL, NULL, NULL, NULL, NULL, NULL)), (4, 'NaN', (2, '', '0044-03-15 BC', NULL, '', '{}'))"#,
        &["pairs"],
    );
    let of = |ids: &str| {
        format!("SELECT typeof(c0) AS kind, c0 FROM pairs WHERE id IN ({ids}) AND n IS NOT NULL ORDER BY id")
    };
    let (status, plain) = asked.query(&of("1, 2, 3"));
    assert_eq!(status, 200, "{plain}");
    assert_eq!(plain[0][1]["d"], "infinity");
    assert_eq!(plain[2][1], json!({"a": null, "b \"c": null, "d": null, "e": null, "f": null, "l": null}));
    // Another row makes the engine read the number beside them exactly.
    let (status, beside) = asked.query(&of("1, 2, 3, 4").replace("AS kind, c0", "AS kind, c0, n"));
    assert_eq!(status, 200, "{beside}");
    for (row, other) in plain.as_array().unwrap().iter().zip(beside.as_array().unwrap()) {
        assert_eq!((&row[0], &row[1]), (&other[0], &other[1]));
    }
    let last = json!({"a": 2, "b \"c": "", "d": "0044-03-15 (BC)", "e": null, "f": "", "l": []});
    assert_eq!((&beside[3][1], &beside[3][2]), (&last, &json!("NaN")));
    assert_eq!(materialize(&mut asked, "kept", "SELECT * FROM pg.public.pairs")["rows"], 4);
    assert_eq!(asked.query("SELECT c0 FROM kept WHERE id = 4"), (200, json!([[last]])));
}
