use super::{Fixture, QueryError, SECRET};

/// What a refusal must be.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// 400 "Query must start with SELECT or WITH"
    NotSelect,
    /// 400 "Only single SELECT queries are allowed"
    Refused,
    /// 403
    Denied,
    /// 400, the plain text of an unknown table
    Unknown,
    /// 400 of any kind, or 403 for a name
    Bad,
}

fn check(fixture: &Fixture, sql: &str, want: Want) {
    let error = match fixture.run(sql) {
        Err(error) => error,
        Ok(answer) => panic!("must be refused: {sql}\n{}", answer),
    };
    let fits = match want {
        Want::NotSelect => matches!(error, QueryError::NotSelect),
        Want::Refused => matches!(error, QueryError::Refused),
        Want::Denied => matches!(error, QueryError::Denied { .. }),
        Want::Unknown => matches!(error, QueryError::UnknownTable { .. }),
        Want::Bad => {
            matches!(
                error,
                QueryError::Refused | QueryError::Sql(_) | QueryError::Denied { .. } | QueryError::TooLarge(_)
            )
        }
    };
    assert!(fits, "{sql}\nwanted {want:?}, got {error:?}");
    let text = error.to_string();
    assert!(!text.contains(SECRET), "{sql}\n{text}");
    // Only a table that the caller can read is suggested.
    let mut suggested = text.lines().filter_map(|line| line.strip_prefix("Did you mean "));
    assert!(suggested.all(|name| ["\"orders\"?", "\"Mixed_Case\"?"].contains(&name)), "{sql}\n{text}");
    assert!(!text.contains(fixture.dir.path().to_str().unwrap()), "{sql}\n{text}");
}

#[test]
fn statements_that_are_no_single_select() {
    let fixture = Fixture::new();
    for sql in [
        "COPY (SELECT 1) TO '/x/pwned.csv'",
        "CREATE TABLE pwned (id INT)",
        "CREATE TABLE t AS SELECT 1",
        "ATTACH '/x/p.db'",
        "ATTACH 'x.duckdb' AS x",
        "DETACH db",
        "DROP TABLE IF EXISTS users",
        "DELETE FROM foo",
        "INSERT INTO orders VALUES (1)",
        "UPDATE foo SET x=1",
        "ALTER TABLE foo ADD COLUMN y INT",
        "LOAD 'extension'",
        "INSTALL httpfs",
        "PRAGMA database_list",
        "CALL duckdb_tables()",
        "SET memory_limit = '1GB'",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE foo",
        "WITH x AS (COPY\n(SELECT 1) TO 'file:///any/where.csv') SELECT * FROM x",
        "WITH x AS (SELECT 1) DELETE\nFROM keboola._meta",
        "WITH x AS (SELECT 1) UPDATE\nkeboola._meta SET rows=1",
        "WITH x AS (SELECT 1) INSERT\tINTO orders SELECT 1",
    ] {
        check(&fixture, sql, Want::Refused);
    }
    for sql in [
        "",
        "  \n",
        ";",
        "-- c",
        "EXPLAIN SELECT 1",
        "DESCRIBE orders",
        "SHOW TABLES",
        "FROM orders",
        "VALUES (1)",
        "TABLE orders",
        "SUMMARIZE orders",
        "PIVOT orders ON customer USING sum(amount)",
        "hello",
    ] {
        check(&fixture, sql, Want::NotSelect);
    }
    for sql in [
        "SELECT $1",
        "SELECT ?",
        "SELECT * FROM orders WHERE id = $id",
        "SELECT FROM WHERE",
        "SELECT 1)",
        "SELECT 1) AS q, (SELECT 2",
    ] {
        check(&fixture, sql, Want::Bad);
    }
}

#[test]
fn tables_without_a_grant() {
    let fixture = Fixture::new();
    for sql in [
        "SELECT * FROM salaries",
        "SELECT * FROM \"SALARIES\"",
        "SELECT * FROM keboola.salaries",
        "SELECT * FROM keboola.main.salaries",
        "SELECT * FROM server.main.salaries",
        "SELECT * FROM main/**/. salaries",
        "WITH t AS (SELECT * FROM salaries) SELECT 1 FROM t",
        "WITH salaries AS (SELECT * FROM salaries) SELECT * FROM salaries",
        "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM (WITH salaries AS (SELECT 1) SELECT 1), salaries",
        "SELECT (SELECT max(salary) FROM salaries)",
        "SELECT * FROM orders, LATERAL (SELECT * FROM salaries)",
        "SELECT id FROM orders WHERE id IN (SELECT salary FROM salaries)",
        "SELECT id FROM orders UNION ALL SELECT salary FROM salaries",
        "SELECT id FROM orders ORDER BY (SELECT 1 FROM salaries) LIMIT (SELECT 1 FROM salaries)",
        "SELECT * FROM orders PIVOT (sum((SELECT 1 FROM salaries)) FOR id IN (1))",
        "SELECT [1 FOR x IN (SELECT [salary] FROM salaries)]",
        "SELECT sum(id) FILTER (WHERE EXISTS (FROM salaries)) OVER (PARTITION BY (SELECT 1 FROM salaries)) FROM orders",
        "SELECT * FROM unnest((SELECT [salary] FROM salaries))",
        "SELECT * FROM (SUMMARIZE salaries)",
        "SELECT * FROM (DESCRIBE salaries)",
        "SELECT * FROM (DESCRIBE SELECT * FROM salaries)",
        "SELECT * FROM (VALUES ((SELECT salary FROM salaries)))",
    ] {
        check(&fixture, sql, Want::Denied);
    }
}

#[test]
fn names_that_are_not_there() {
    let fixture = Fixture::new();
    let admin = Fixture { knows_all: true, ..Fixture::new() };
    for sql in [
        "SELECT * FROM totally_unknown_table",
        "SELECT * FROM sala",
        "SELECT * FROM registry_rows",
        "SELECT * FROM conn",
        "SELECT * FROM request",
        "SELECT * FROM keboola.hidden_stuff",
        "SELECT * FROM bq.\"secret_ds\".\"secret_tbl\"",
        "SELECT * FROM bq/**/.hr.pay",
        "SELECT * FROM bq /* x */ . hr . pay",
        "SELECT * FROM bq.--c\nhr.pay",
        "SELECT * FROM kbc.\"in.c-main\".\"t\"",
        "SELECT * FROM ſalaries",
        "SELECT * FROM wrong.orders",
    ] {
        check(&admin, sql, Want::Unknown);
        let is_own = sql.ends_with(".orders");
        check(&fixture, sql, if is_own { Want::Unknown } else { Want::Denied });
    }
    check(&fixture, "SELECT * FROM U&\"sal\\0061ries\"", Want::Bad);
    let error = admin.run("SELECT * FROM nope").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Query error: Catalog Error: Table with name nope does not exist!\n\nLINE 1: SELECT * FROM nope\n                      ^"
    );
}

/// Functions and relations that read files, settings, the catalog or other SQL, or have effects.
#[test]
fn what_reaches_beyond_the_tables() {
    let fixture = Fixture::new();
    let file = fixture.path("salaries");
    let calls = [
        "query('SELECT * FROM sal'||'aries')",
        "query(concat('FROM re','ad_text(',chr(39),chr(47),'etc',chr(47),'passwd',chr(39),')'))",
        "\"query\"('SELECT 1')",
        "main.query('SELECT 1')",
        "query/**/('SELECT 1')",
        "query_table('secret_table')",
        "query_table(['sal'||'aries'])",
        "json_execute_serialized_sql(json_serialize_sql('SELECT * FROM sal'||'aries'))",
        "read_csv_auto('/etc/passwd')",
        "read_csv('/etc/passwd')",
        "read_text('/etc/passwd')",
        "read_blob('/etc/passwd')",
        "read_json('/etc/passwd')",
        "read_ndjson_objects('/etc/passwd')",
        "parquet_scan('/data/extracts/secret.parquet')",
        "read_parquet('../secret/data.parquet')",
        "read_duckdb('file:///data/extracts/jira/extract.duckdb', table_name='_remote_attach')",
        "sniff_csv('file:///etc/passwd')",
        "sniff_csv(chr(47)||'etc'||chr(47)||'passwd')",
        "glob ('*')",
        "glob\n('*')",
        "glob/**/('*')",
        "\"glob\"('*')",
        "glob (chr(47)||'etc'||chr(47)||'*')",
        "parquet_file_metadata('file:///x/sal*.parquet')",
        "parquet_full_metadata('x')",
        "parquet_kv_metadata('x')",
        "parquet_metadata('x')",
        "parquet_schema('x')",
        "parquet_bloom_probe('x', 'y', 1)",
        "bigquery_query('proj','SELECT 1')",
        "BigQuery_Query('proj','SELECT 1')",
        "bigquery_query   ('proj','SELECT 1')",
        "bigquery_scan('x')",
        "duckdb_tables()",
        "duckdb_columns()",
        "duckdb_databases()",
        "duckdb_views()",
        "duckdb_settings()",
        "duckdb_constraints()",
        "duckdb_types()",
        "duckdb_secrets()",
        "duckdb_extensions()",
        "duckdb_memory()",
        "duckdb_dependencies()",
        "duckdb_external_file_cache()",
        "duckdb_logs()",
        "duckdb_prepared_statements()",
        "duckdb_temporary_files()",
        "duckdb_variables()",
        "duckdb_sequences()",
        "duckdb_optimizers()",
        "duckdb_keywords()",
        "duckdb_approx_database_count()",
        "which_secret('s3','x')",
        "pragma_table_info('users')",
        "pragma_show('sal'||'aries')",
        "pragma_database_size()",
        "pragma_metadata_info()",
        "pragma_version()",
        "pragma_platform()",
        "pragma_user_agent()",
        "histogram('sal'||'aries', salary)",
        "histogram_values('salaries', salary)",
        "read_xlsx('x')",
        "sqlite_scan('x','y')",
        "postgres_scan('a', 'b', 'c')",
        "sql_auto_complete('SEL')",
        "load_aws_credentials()",
        "enable_logging()",
        "enable_profiling()",
        "checkpoint('server')",
        "force_checkpoint()",
        "truncate_duckdb_logs()",
        "seq_scan('salaries')",
        "arrow_scan(1,2,3)",
        "pandas_scan(1)",
        "python_map_function(1)",
        "test_all_types()",
        "test_vector_types(1)",
        "repeat_row(1, num_rows=2)",
    ];
    for call in calls {
        check(&fixture, &format!("SELECT * FROM {call}"), Want::Refused);
    }
    let places = [
        "WITH x AS (FROM {}) SELECT * FROM x",
        "SELECT * FROM orders, LATERAL (FROM {})",
        "SELECT (FROM {})",
        "SELECT 1 IN (FROM {})",
        "SELECT 1 LIMIT (FROM {})",
        "SELECT 1 UNION ALL FROM {}",
        "SELECT * FROM orders POSITIONAL JOIN {}",
        "SELECT * FROM (SUMMARIZE FROM {})",
    ];
    for place in places {
        check(&fixture, &place.replace("{}", "query('SELECT * FROM sal'||'aries')"), Want::Refused);
    }
    let scalars = [
        "read_parquet('/data/file.parquet')",
        "current_setting('secret_directory')",
        "CURRENT_SETTING('temp_directory')",
        "system.main.current_setting('memory_limit')",
        "('memory_limit').current_setting()",
        "version()",
        "current_database()",
        "current_schemas(true)",
        "getvariable('x')",
        "sleep_ms(3600000)",
        "pg_sleep(1)",
        "write_log('x')",
        "nextval('x')",
        "json_serialize_plan('SELECT * FROM sal'||'aries')",
        "json_serialize_sql('SELECT 1')",
        "current_query()",
        "pg_get_viewdef(1)",
        "getenv('HOME')",
        "list_transform([1], lambda x: sleep_ms(x))",
        "sum(sleep_ms(1)) OVER ()",
    ];
    for call in scalars {
        check(&fixture, &format!("SELECT {call}"), Want::Refused);
    }
    let relations = [
        "information_schema.tables".to_owned(),
        "pg_catalog.pg_tables".into(),
        "pg_tables".into(),
        "pg_views".into(),
        "pg_class".into(),
        "pg_settings".into(),
        "sqlite_master".into(),
        "sqlite_schema".into(),
        "duckdb_tables".into(),
        "system.main.duckdb_settings".into(),
        "keboola._meta".into(),
        "keboola.main._meta".into(),
        "jira._remote_attach".into(),
        "(SHOW TABLES)".into(),
        "(SHOW ALL TABLES)".into(),
        "(SHOW DATABASES)".into(),
        "(DESCRIBE keboola._meta)".into(),
        "'../secret/file'".into(),
        "'file:///data/extracts/keboola/data/sal*.parquet'".into(),
        "\"file:/data/sal*.parquet\"".into(),
        "'./../x/sal*.parquet'".into(),
        "'s?laries.parquet'".into(),
        format!("'{file}'"),
        format!("\"{file}\""),
        format!("$${file}$$"),
        format!("'{}'", file.replace("salaries", "orders")),
        "E'\\x2fdata/extracts/sal*.parquet'".into(),
        "'gs://b/x.parquet'".into(),
        "'az://b/x.parquet'".into(),
        "'hf://b/x.parquet'".into(),
        "'https://127.0.0.1/x.parquet'".into(),
    ];
    for relation in relations {
        check(&fixture, &format!("SELECT * FROM {relation}"), Want::Bad);
    }
    // The first part of a recursive expression does not see the expression itself.
    for name in ["pg_settings", "duckdb_views", "sqlite_master"] {
        let sql = format!(
            "WITH RECURSIVE {name} AS (SELECT * FROM {name} UNION ALL SELECT * FROM {name} WHERE false)
             SELECT * FROM {name}"
        );
        check(&fixture, &sql, Want::Refused);
    }
    let recursive = "WITH RECURSIVE salaries AS (SELECT * FROM salaries UNION ALL SELECT * FROM salaries WHERE false)
                     SELECT * FROM salaries";
    check(&fixture, recursive, Want::Denied);
    for call in ["format('{:>1000000000}', 'a')", "lpad('a', 1000000000, 'x')", "printf('%1000000000d', 1)"] {
        check(&fixture, &format!("SELECT {call}"), Want::Bad);
    }
    check(&fixture, "SELECT table_name FROM information_schema.tables", Want::Refused);
    check(&fixture, "SELECT 1 FROM orders AT (VERSION => 1)", Want::Bad);
    check(&fixture, "WITH x AS (SHOW TABLES) SELECT * FROM x", Want::Bad);
    check(&fixture, "SELECT repeat('x', 200000000)", Want::Bad);
    check(&fixture, &format!("SELECT {}1{}", "abs(".repeat(5000), ")".repeat(5000)), Want::Bad);
    check(&fixture, &format!("SELECT {}1", "1+".repeat(5000)), Want::Bad);
}

/// Even without the policy, an instance holds nothing but the caller's tables.
#[test]
fn the_instance_itself_holds_nothing_else() {
    let fixture = Fixture::new();
    let orders = super::policy::outline("SELECT * FROM orders", &fixture.tree("SELECT * FROM orders"), 100).unwrap();
    let connection = fixture.instance(&orders.relations).unwrap().connection;
    let (file, dir) = (fixture.path("salaries"), fixture.dir.path().display());
    assert!(connection.prepare("SELECT * FROM orders").unwrap().query([]).is_ok());
    for sql in [
        format!("SELECT * FROM '{file}'"),
        format!("SELECT * FROM read_parquet('{file}')"),
        format!("SELECT * FROM read_parquet('file://{file}')"),
        format!("SELECT * FROM read_parquet('{dir}/*.parquet')"),
        format!("SELECT * FROM read_parquet('{dir}/orders.parquet/../salaries.parquet')"),
        format!("SELECT * FROM read_parquet('{dir}/./salaries.parquet')"),
        format!("SELECT * FROM glob('{dir}/sal*')"),
        "SELECT * FROM read_text('/etc/passwd')".into(),
        "SELECT * FROM read_text('/proc/self/environ')".into(),
        "SELECT * FROM 'https://127.0.0.1:1/x.parquet'".into(),
        "SELECT * FROM salaries".into(),
        "SELECT * FROM query('SELECT * FROM sal'||'aries')".into(),
        format!("ATTACH '{dir}/new.duckdb'"),
        format!("COPY (SELECT 1) TO '{dir}/new.csv'"),
        format!("COPY (SELECT 1) TO '{dir}/orders.csv'"),
        "INSTALL httpfs".into(),
        "LOAD httpfs".into(),
        "SET enable_external_access = true".into(),
        "SET allowed_paths = []".into(),
        "SET GLOBAL memory_limit = '100GB'".into(),
        "SET lock_configuration = false".into(),
        "SET temp_directory = '/tmp/x'".into(),
    ] {
        match connection.execute_batch(&sql) {
            Ok(()) => {
                let text: Option<String> = connection
                    .query_row(&format!("SELECT CAST(list(t) AS VARCHAR) FROM ({sql}) t"), [], |row| row.get(0))
                    .unwrap_or_else(|error| panic!("{sql}: {error}"));
                assert_eq!(text, None, "{sql}");
            }
            Err(error) => assert!(!error.to_string().contains(SECRET), "{sql}"),
        }
    }
    assert!(!fixture.dir.path().join("new.csv").exists());
}
