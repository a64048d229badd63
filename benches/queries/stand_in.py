"""A stand-in for the query endpoint of v0.35, which itself cannot be had: FastAPI with uvicorn, DuckDB, all rows fetched
as Python values, each mapped as v0.35 shows it, and one JSON response. It checks nothing, and knows nobody.

stand_in.py FILE PORT
"""

import math
import sys

import duckdb
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

connection = duckdb.connect()
connection.execute(f"CREATE VIEW events AS FROM read_parquet('{sys.argv[1]}')")
app = FastAPI()


class Query(BaseModel):
    sql: str
    limit: int = 1000


def shown(value):
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case _:
            return str(value)


@app.post("/api/query")
def query(query: Query):
    cursor = connection.cursor().execute(query.sql)
    columns = [column[0] for column in cursor.description]
    rows = cursor.fetchmany(query.limit + 1)
    truncated = len(rows) > query.limit
    rows = [[shown(value) for value in row] for row in rows[: query.limit]]
    return JSONResponse({"columns": columns, "rows": rows, "row_count": len(rows), "truncated": truncated})


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
