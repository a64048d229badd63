"""Runs the statements of standard input (a JSON list) in DuckDB alone, over the parquet files of a folder, and prints the
columns and rows of each as the API writes them.

bare.py FOLDER
"""

import datetime
import decimal
import json
import sys
from pathlib import Path

import duckdb

connection = duckdb.connect(config={"threads": 1})
for file in Path(sys.argv[1]).glob("*.parquet"):
    connection.execute(f"CREATE VIEW {file.stem} AS FROM '{file}'")


def shown(value):
    return str(value) if isinstance(value, decimal.Decimal | datetime.date) else value


def answer(sql):
    rows = [[shown(value) for value in row] for row in connection.execute(sql).fetchall()]
    return {"columns": [column[0] for column in connection.description], "rows": rows}


json.dump([answer(sql) for sql in json.load(sys.stdin)], sys.stdout)
