"""Fills a PostgreSQL with random tables, or compares what was read of them with what psycopg reads.

oracle.py fill PORT SEED TABLES   prints {table: the SQL that reads it in the engine}
oracle.py compare PORT            takes {table: rows} on standard input, prints what differs
"""

import json
import random
import re
import string
import struct
import sys
import uuid
from decimal import Decimal

import psycopg

NUMBERS = ["smallint", "integer", "bigint", "oid"]
BOUNDS = {"smallint": (-(2**15), 2**15 - 1), "integer": (-(2**31), 2**31 - 1), "bigint": (-(2**63), 2**63 - 1), "oid": (0, 2**32 - 1)}


def connect(port):
    return psycopg.connect(
        host="127.0.0.1", port=port, user="reader", dbname="postgres", password="a password of the database 1",
        autocommit=True, prepare_threshold=None,
    )


def digits(rnd, most):
    return "".join(rnd.choice(string.digits) for _ in range(rnd.randint(1, most)))


def letters(rnd):
    alphabet = string.printable[:-5] + "\t\n\r äßéλ中😀\u200b\u0301\x01\x7f"
    return "".join(rnd.choice(alphabet) for _ in range(rnd.choice([0, 1, 3, 20, 300])))


def day(rnd):
    return rnd.choice([
        "infinity", "-infinity", "0044-03-15 BC", "4713-01-01 BC", "0001-01-01", "9999-12-31", "10000-01-01", "284999-12-31",
        "1970-01-01", "1900-02-28", "2024-02-29", f"{rnd.randint(1, 9999):04}-{rnd.randint(1, 12):02}-{rnd.randint(1, 28):02}",
    ])


def moment(rnd):
    date = day(rnd)
    if "infinity" in date:
        return date
    date, bc = (date[:-3], " BC") if date.endswith("BC") else (date, "")
    return f"{date} {clock(rnd)}{bc}"


def clock(rnd):
    return f"{rnd.randint(0, 23):02}:{rnd.randint(0, 59):02}:{rnd.randint(0, 59):02}" + rnd.choice(["", ".5", ".123456", ".000001", ".999999"])


def column(rnd):
    """A type, and what makes a value of it."""
    kind = rnd.choice(
        NUMBERS + ["numeric"] * 4 + ["decimal"] * 4
        + ["boolean", "real", "double precision", "text", "varchar(400)", "char(5)", "bytea", "uuid", "date", "date", "timestamp",
           "timestamp", "timestamptz", "timestamptz", "time", "timetz", "interval", "money", "bit(7)", "bit varying", "json", "jsonb",
           "inet", "cidr", "macaddr", "int4range", "tstzrange", "mood", "positive", "bigint[]", "text[]", "boolean[]", "uuid[]", "pair"]
    )
    if kind in NUMBERS:
        low, high = BOUNDS[kind]
        return kind, lambda: str(rnd.choice([low, high, 0, 1, rnd.randint(low, high)]))
    if kind == "decimal":
        precision = rnd.randint(1, 38)
        scale = rnd.randint(0, precision)
        def value():
            if precision <= 15 and rnd.random() < 0.02:
                return "NaN"
            number = "".join(rnd.choice(string.digits) for _ in range(precision)).rjust(precision, "0")
            return rnd.choice(["", "-"]) + number[: precision - scale] + "." + number[precision - scale :] + "0"
        return f"numeric({precision},{scale})", value
    if kind == "numeric":
        style = rnd.choice(["short", "special", "long", "wide"])
        def value():
            if style == "special" and rnd.random() < 0.3:
                return rnd.choice(["NaN", "Infinity", "-Infinity"])
            whole, part = {"short": (7, 8), "special": (8, 7), "long": (18, 20), "wide": (38, 0)}[style]
            return rnd.choice(["", "-"]) + digits(rnd, whole) + ("." + digits(rnd, part) if part and rnd.random() < 0.7 else "")
        return "numeric", value
    values = {
        "boolean": lambda: rnd.choice(["true", "false"]),
        "real": lambda: rnd.choice(["NaN", "Infinity", "-Infinity", "-0", "1e-45", "3.4028235e38", repr(rnd.uniform(-1e6, 1e6))]),
        "double precision": lambda: rnd.choice(["NaN", "Infinity", "-Infinity", "-0", "5e-324", "1.7976931348623157e308", repr(rnd.uniform(-1, 1))]),
        "text": lambda: letters(rnd),
        "varchar(400)": lambda: letters(rnd),
        "char(5)": lambda: rnd.choice(["", "a", " b", "ccccc"]),
        "bytea": lambda: "\\x" + rnd.randbytes(rnd.choice([0, 1, 40])).hex(),
        "uuid": lambda: str(uuid.UUID(int=rnd.getrandbits(128))),
        "date": lambda: rnd.choice(["5874897-12-31", day(rnd)]),
        "timestamp": lambda: moment(rnd),
        "timestamptz": lambda: moment(rnd),
        "time": lambda: rnd.choice(["24:00", clock(rnd)]),
        "timetz": lambda: rnd.choice(["24:00", clock(rnd)]) + rnd.choice(["+00", "+05:30", "-15:59", "+14"]),
        "interval": lambda: f"{rnd.randint(-400, 400)} months {rnd.randint(-9999, 9999)} days {rnd.choice(['', '-'])}{clock(rnd)}",
        "money": lambda: str(rnd.randint(-(10**16), 10**16) / 100),
        "bit(7)": lambda: f"{rnd.getrandbits(7):07b}",
        "bit varying": lambda: f"{rnd.getrandbits(40):b}",
        "json": lambda: json.dumps({"a": [1.10, None, letters(rnd).replace("\x00", "")], "b": {}}),
        "jsonb": lambda: '{"b": 1.10, "a": 123456789012345678901234567890}',
        "inet": lambda: rnd.choice(["10.0.0.1", "10.0.0.1/8", "::1"]),
        "cidr": lambda: rnd.choice(["10.0.0.0/8", "::/0"]),
        "macaddr": lambda: "08:00:2b:01:02:03",
        "int4range": lambda: rnd.choice(["empty", "[1,5)", "(,5]"]),
        "tstzrange": lambda: rnd.choice(["[2024-01-01,)", "(,infinity]"]),
        "mood": lambda: rnd.choice(["sad", "o k", "🙂"]),
        "positive": lambda: rnd.choice(["1.5", "NaN"]),
        "bigint[]": lambda: rnd.choice(["{}", "{NULL,9223372036854775807}", "{1}"]),
        "text[]": lambda: rnd.choice(["{}", '{"a,b",NULL,"NULL","\\"","{}"}']),
        "boolean[]": lambda: "{t,f,NULL}",
        "uuid[]": lambda: "{" + str(uuid.UUID(int=rnd.getrandbits(128))) + "}",
        "pair": lambda: rnd.choice(["(1,x)", "(,)", '(-1,"a,b ""c""")']),
    }
    return kind, values[kind]


def shown(name, kind):
    """How the engine is asked for a column."""
    if kind == "bytea":
        return f"lower(hex({name}))"
    if kind.endswith("[]") or kind == "pair":
        return f"to_json({name})::VARCHAR"
    return f"{name}::VARCHAR"


def columns(connection, table):
    sql = """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
             WHERE attrelid = %s::regclass AND attnum > 1 ORDER BY attnum"""
    return connection.execute(sql, [table]).fetchall()


def fill(port, seed, tables):
    rnd, connection = random.Random(seed), connect(port)
    connection.execute("CREATE TYPE mood AS ENUM ('sad', 'o k', '🙂')")
    connection.execute("CREATE DOMAIN positive AS numeric(10,2)")
    connection.execute("CREATE TYPE pair AS (a int, b text)")
    queries = {}
    for table in (f"t{number}" for number in range(tables)):
        made = [column(rnd) for _ in range(rnd.randint(1, 9))]
        kinds = ", ".join(f"c{at} {kind}" for at, (kind, _) in enumerate(made))
        connection.execute(f"CREATE TABLE {table} (id int, {kinds})")
        for row in range(rnd.choice([1, 3, 40])):
            values = [None if rnd.random() < 0.1 else value() for _, value in made]
            places = ", ".join(f"%s::text::{kind}" for kind, _ in made)
            connection.execute(f"INSERT INTO {table} VALUES ({row}, {places})", values)
        texts = ", ".join(shown(f"c{at}", kind) for at, (_, kind) in enumerate(columns(connection, table)))
        queries[table] = f"SELECT {texts} FROM {table} ORDER BY id"
    print(json.dumps(queries))


def spoken(text):
    """Dates, times and intervals of both programs in one form."""
    text = re.sub(r"^(\S+) \(BC\)(.*)$", r"\1\2 BC", text)
    return re.sub(r"\bmons?\b", "months", re.sub(r"\b(year|month|day)\b", r"\1s", text)).replace("+", " ").replace("  ", " ")


def same(kind, theirs, ours):
    if theirs is None or ours is None:
        return theirs is ours
    if kind in NUMBERS:
        return theirs == int(ours)
    if kind == "boolean":
        return theirs == (ours == "true")
    if kind.startswith("numeric"):
        return str(theirs) == str(Decimal(ours)) or theirs == Decimal(ours)
    if kind == "real":
        return struct.pack("f", theirs) == struct.pack("f", float(ours))
    if kind == "double precision":
        return repr(theirs) == repr(float(ours))
    if kind == "bytea":
        return theirs.hex() == ours
    if kind.startswith("character("):
        return theirs.rstrip(" ") == ours
    if kind == "pair":
        return list(theirs) == list(json.loads(ours).values())
    if kind.endswith("[]"):
        return json.loads(json.dumps(theirs, default=str)) == json.loads(ours)
    if kind == "uuid":
        return str(theirs) == ours
    return spoken(theirs) == spoken(ours)


# Read by psycopg as its own types; of the others, which Python has no types for, as text.
NATIVE = re.compile(r"smallint|integer|bigint|oid|boolean|numeric|real|double|text|character|bytea|uuid")


def compare(port):
    connection = connect(port)
    psycopg.types.composite.register_composite(psycopg.types.composite.CompositeInfo.fetch(connection, "pair"), connection)
    compared = 0
    for table, rows in json.load(sys.stdin).items():
        kinds = columns(connection, table)
        texts = (name if NATIVE.match(kind) or kind == "pair" else f"{name}::text" for name, kind in kinds)
        theirs = connection.execute(f"SELECT {', '.join(texts)} FROM {table} ORDER BY id").fetchall()
        if len(theirs) != len(rows):
            print(f"{table}: {len(theirs)} rows, not {len(rows)}")
        for expected, got in zip(theirs, rows):
            for (name, kind), one, other in zip(kinds, expected, got, strict=True):
                compared += 1
                if not same(kind, one, other):
                    print(f"{table}.{name} {kind}: {one!r} became {other!r}")
    print(compared, file=sys.stderr)


if __name__ == "__main__":
    import psycopg.types.composite

    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        compare(int(sys.argv[2]))
