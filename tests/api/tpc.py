"""Makes the tables of a TPC benchmark (`tpch` or `tpcds`) as parquet files in a folder, with DuckDB's own generator, and
prints its queries.

tpc.py BENCHMARK EXTENSION SCALE FOLDER
"""

import json
import sys

import duckdb

benchmark, extension, scale, folder = sys.argv[1:]
connection = duckdb.connect()
connection.execute(f"LOAD '{extension}'")
connection.execute(f"CALL {'dbgen' if benchmark == 'tpch' else 'dsdgen'}(sf = {scale})")
for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
    connection.execute(f"COPY {table} TO '{folder}/{table}.parquet' (FORMAT parquet)")
queries = connection.execute(f"SELECT query FROM {benchmark}_queries() ORDER BY query_nr").fetchall()
json.dump([sql for (sql,) in queries], sys.stdout)
