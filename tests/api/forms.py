"""Reads one result in all its forms with programs that others wrote, and compares each with the JSON.

Arguments: a directory with answer.json, plain.arrows, lz4.arrows, zstd.arrows, answer.parquet and answer.csv.
"""

import base64
import csv
import datetime
import decimal
import json
import math
import sys

import duckdb
import polars
import pyarrow
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

directory = sys.argv[1]
answer = json.load(open(f"{directory}/answer.json"))
names = answer["columns"]
compared = 0


def form(value):
    """The value as the JSON has it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return "NaN" if math.isnan(value) else ("-" * (value < 0) + "Infinity") if math.isinf(value) else value
        case decimal.Decimal():
            return f"{value:f}"
        case bytes():
            return base64.b64encode(value).decode()
        case datetime.datetime():
            return str(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case [*items] if items and all(isinstance(item, tuple) for item in items):
            return {str(key): form(item) for key, item in items}
        case [*items] if items and all(isinstance(item, dict) and list(item) == ["key", "value"] for item in items):
            return {str(item["key"]): form(item["value"]) for item in items}
        case [*items] | tuple(items):
            return [form(item) for item in items]
        case dict():
            return {str(key): form(item) for key, item in value.items()}
    return form(value.to_pydatetime()) if hasattr(value, "to_pydatetime") else str(value)


def cells(reader, rows):
    """Every value that was read, with the name of its column and what the JSON says."""
    global compared
    rows = [list(row) for row in rows]
    assert len(rows) == len(answer["rows"]), (reader, len(rows))
    for row, expected in zip(rows, answer["rows"]):
        for cell in zip(names, row, expected):
            compared += 1
            yield cell


def compare(reader, rows):
    for name, value, wanted in cells(reader, rows):
        if name in ("hugeint", "u") and wanted is not None:
            wanted = str(wanted)
        if reader.startswith("polars") and name == "map" and wanted is None and value == []:
            # It reads a NULL map as an empty one.
            value = None
        if isinstance(wanted, (dict, list)) and isinstance(value, str):
            value = json.loads(value)
        assert form(value) == wanted, (reader, name, value, form(value), wanted)


def nanoseconds(series):
    is_fine = isinstance(series.dtype, polars.Datetime) and series.dtype.time_unit == "ns"
    return series.dt.to_string("%Y-%m-%d %H:%M:%S%.9f") if is_fine else series


def of_pyarrow(reader, table):
    columns = []
    for name, column in zip(table.column_names, table.columns):
        if pyarrow.types.is_timestamp(column.type) and column.type.unit == "ns":
            column = column.cast(pyarrow.string())
        columns.append(column.to_pylist())
    assert table.column_names == names, (reader, table.column_names)
    compare(reader, zip(*columns))


def of_duckdb(reader, relation):
    # Python has no nanoseconds, and time zones need another package.
    shown = "ts_ns::VARCHAR AS ts_ns, strftime(tstz, '%Y-%m-%d %H:%M:%S+00:00') AS tstz"
    compare(reader, relation.project(f"* REPLACE ({shown})").fetchall())


def of_polars(reader, frame):
    compare(reader, frame.select([nanoseconds(series) for series in frame.get_columns()]).rows())


duckdb.execute("SET TimeZone = 'UTC'")
for codec in ["plain", "lz4", "zstd"]:
    table = pyarrow.ipc.open_stream(f"{directory}/{codec}.arrows").read_all()
    table.validate(full=True)
    of_pyarrow(f"pyarrow {codec}", table)
    of_polars(f"polars {codec}", polars.read_ipc_stream(f"{directory}/{codec}.arrows"))
    of_duckdb(f"duckdb {codec}", duckdb.from_arrow(table))
parquet = f"{directory}/answer.parquet"
of_pyarrow("pyarrow parquet", pyarrow.parquet.read_table(parquet))
of_polars("polars parquet", polars.read_parquet(parquet))
of_duckdb("duckdb parquet", duckdb.read_parquet(parquet))

answer = json.load(open(f"{directory}/answer.json"), parse_int=str, parse_float=str)


def texts(reader, rows):
    for name, text, wanted in cells(reader, rows):
        if isinstance(wanted, bool):
            wanted = str(wanted).lower()
        if isinstance(wanted, (dict, list)):
            text = json.loads(text, parse_int=str, parse_float=str)
        assert text == wanted, (reader, name, text, wanted)


path = f"{directory}/answer.csv"
texts("duckdb csv", duckdb.sql(f"FROM read_csv('{path}', all_varchar = true, header = true, allow_quoted_nulls = false)").fetchall())
texts("polars csv", polars.read_csv(path, infer_schema=False).rows())
options = pyarrow.csv.ConvertOptions(
    column_types={name: pyarrow.string() for name in names}, strings_can_be_null=True,
    quoted_strings_can_be_null=False, null_values=[""])
table = pyarrow.csv.read_csv(path, convert_options=options,
                             parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
texts("pyarrow csv", zip(*[column.to_pylist() for column in table.columns]))
assert [row for row in csv.reader(open(path, newline=""))][0] == names
print(compared)
